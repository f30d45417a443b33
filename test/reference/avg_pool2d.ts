// avgPool2d: the mean of each window. Padding is left out of sum and count, unless countIncludePad is set:
// then the sum is divided by the whole window.
import { uniform } from "./draw.ts";
import { type OperatorRecord, type Sample, the, type Values, zeros } from "./reference.ts";
import { type PoolAttributes, poolWindows } from "./window.ts";

/** What a window's sum is divided by. */
function countOf(taps: readonly number[], attrs: PoolAttributes): number {
  return attrs.countIncludePad ? attrs.size[0] * attrs.size[1] : Math.max(taps.length, 1);
}

function forward(x: Values, attrs: PoolAttributes): Values {
  const { shape, windows } = poolWindows(x.shape, attrs);
  const means = windows.map((taps) => taps.reduce((sum, i) => sum + x.data[i]!, 0) / countOf(taps, attrs));
  return { shape, data: Float64Array.from(means) };
}

function gradient(x: Values, attrs: PoolAttributes, dy: Values): Values {
  const dx = zeros(x.shape);
  poolWindows(x.shape, attrs).windows.forEach((taps, o) => {
    for (const i of taps) dx.data[i]! += dy.data[o]! / countOf(taps, attrs);
  });
  return dx;
}

function sample(name: string, shape: readonly number[], attrs: PoolAttributes): Sample {
  return { name, attrs: { ...attrs }, inputs: { x: uniform(`avgPool2d/${name}`, shape) } };
}

function samples(): Sample[] {
  const three: PoolAttributes = { size: [3, 3], strides: [1, 1], padding: "same", countIncludePad: false };
  const omitted: PoolAttributes = { size: [3, 3], strides: [2, 2], padding: "same" };
  const two: PoolAttributes = { size: [2, 2], strides: [2, 2], padding: "valid" };
  return [
    sample("single element", [1, 1, 1, 1], { size: [1, 1], strides: [1, 1], padding: "valid" }),
    sample("2x2 stride 2", [2, 6, 8, 4], two),
    sample("2x2 stride 2, odd image", [1, 7, 5, 13], two),
    sample("3x3 same", [2, 5, 7, 3], three),
    sample("3x3 same, padding counted", [2, 5, 7, 3], { ...three, countIncludePad: true }),
    sample("3x3 stride 2 same, odd image", [1, 9, 7, 8], omitted),
    sample("3x3 stride 2 same, even image", [1, 8, 10, 5], omitted),
    sample("1x1 stride 2", [1, 7, 6, 5], { size: [1, 1], strides: [2, 2], padding: "valid" }),
    sample("2x3 stride 1 by 2", [3, 6, 7, 1], { size: [2, 3], strides: [1, 2], padding: "same" }),
    sample("stride wider than the window", [1, 8, 9, 5], { ...two, strides: [3, 4] }),
    sample("explicit padding", [1, 7, 6, 5], {
      ...omitted,
      padding: [
        [1, 1],
        [0, 2],
      ],
    }),
    sample("explicit padding, counted", [1, 7, 6, 5], {
      ...omitted,
      padding: [
        [1, 1],
        [0, 2],
      ],
      countIncludePad: true,
    }),
    sample("W = 1", [4, 9, 1, 3], three),
    sample("window larger than the image", [2, 2, 3, 7], { ...three, size: [5, 5] }),
    sample("C = 33", [1, 5, 5, 33], three),
    sample("several workgroups", [3, 19, 17, 24], three),
  ];
}

export const avgPool2d: OperatorRecord = {
  op: "avgPool2d",
  differentiable: ["x"],
  upstream: ["y"],
  samples,
  badInputs: [
    {
      name: "no output: the window exceeds the image",
      attrs: { size: [3, 3], strides: [2, 2], padding: "valid" },
      inputs: { x: [1, 2, 5, 4] },
      message: /avgPool2d/,
    },
    {
      name: "x of rank 2",
      attrs: { size: [3, 3], strides: [2, 2], padding: "valid" },
      inputs: { x: [5, 4] },
      message: /avgPool2d.*\bx\b/,
    },
  ],
  forward: (inputs, attrs) => ({ y: forward(the(inputs, "x"), attrs as unknown as PoolAttributes) }),
  gradient: (inputs, attrs, dOutputs) => ({
    dx: gradient(the(inputs, "x"), attrs as unknown as PoolAttributes, the(dOutputs, "dy")),
  }),
};
