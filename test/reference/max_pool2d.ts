// maxPool2d: the largest element of each window; padding never wins. The gradient goes to the first maximum
// in row-major order.
import { distinct, integers, uniform } from "./draw.ts";
import { type OperatorRecord, type Sample, the, type Values, zeros } from "./reference.ts";
import { type PoolAttributes, poolWindows } from "./window.ts";

/** The shape of y and, for each of its elements, the x element that it takes. */
function winners(x: Values, attrs: PoolAttributes) {
  const { shape, windows } = poolWindows(x.shape, attrs);
  const indices = windows.map((taps) => {
    let best = taps[0];
    if (best === undefined) throw new Error("maxPool2d: a window has padding only");
    for (const i of taps) if (x.data[i]! > x.data[best]!) best = i;
    return best;
  });
  return { shape, indices };
}

function forward(x: Values, attrs: PoolAttributes): Values {
  const { shape, indices } = winners(x, attrs);
  return { shape, data: Float64Array.from(indices, (i) => x.data[i]!) };
}

function gradient(x: Values, attrs: PoolAttributes, dy: Values): Values {
  const dx = zeros(x.shape);
  winners(x, attrs).indices.forEach((winner, i) => {
    dx.data[winner]! += dy.data[i]!;
  });
  return dx;
}

function sample(name: string, shape: readonly number[], attrs: PoolAttributes): Sample {
  return { name, attrs: { ...attrs }, inputs: { x: distinct(`maxPool2d/${name}`, shape) } };
}

function samples(): Sample[] {
  const three: PoolAttributes = { size: [3, 3], strides: [2, 2], padding: "valid" };
  const ties = integers("maxPool2d/ties", [2, 7, 8, 5], 3);
  const negative = uniform("maxPool2d/negative", [1, 5, 4, 3], -9, -8);
  return [
    sample("single element", [1, 1, 1, 1], { size: [1, 1], strides: [1, 1], padding: "valid" }),
    sample("2x2 stride 2", [2, 6, 8, 4], { size: [2, 2], strides: [2, 2], padding: "valid" }),
    sample("3x3 stride 2 valid, overlapping", [2, 9, 7, 5], three),
    sample("3x3 stride 2 valid, last column unused", [1, 7, 8, 13], three),
    sample("3x3 stride 2 same, odd image", [1, 9, 7, 3], { ...three, padding: "same" }),
    sample("3x3 stride 2 same, even image", [2, 8, 6, 8], { ...three, padding: "same" }),
    sample("3x3 stride 1 same", [1, 5, 6, 7], { ...three, strides: [1, 1], padding: "same" }),
    sample("2x3 stride 1 by 2", [3, 6, 7, 1], { size: [2, 3], strides: [1, 2], padding: "same" }),
    sample("stride wider than the window", [1, 8, 9, 5], { size: [2, 2], strides: [3, 4], padding: "valid" }),
    sample("explicit padding", [1, 7, 6, 5], {
      ...three,
      padding: [
        [1, 1],
        [0, 2],
      ],
    }),
    sample("H = 1", [4, 1, 9, 3], { ...three, padding: "same" }),
    sample("window larger than the image", [2, 2, 3, 7], { ...three, size: [5, 5], padding: "same" }),
    sample("C = 33", [1, 5, 5, 33], three),
    sample("several workgroups", [3, 19, 17, 24], three),
    { name: "all negative, padded", attrs: { ...three, padding: "same" }, inputs: { x: negative } },
    { name: "ties", attrs: { ...three, padding: "same" }, inputs: { x: ties }, onKink: true },
  ];
}

export const maxPool2d: OperatorRecord = {
  op: "maxPool2d",
  differentiable: ["x"],
  upstream: ["y"],
  samples,
  badInputs: [
    {
      name: "no output: the window exceeds the image",
      attrs: { size: [3, 3], strides: [2, 2], padding: "valid" },
      inputs: { x: [1, 5, 2, 4] },
      message: /maxPool2d/,
    },
    {
      name: "x of rank 2",
      attrs: { size: [3, 3], strides: [2, 2], padding: "valid" },
      inputs: { x: [5, 4] },
      message: /maxPool2d.*\bx\b/,
    },
  ],
  forward: (inputs, attrs) => ({ y: forward(the(inputs, "x"), attrs as unknown as PoolAttributes) }),
  gradient: (inputs, attrs, dOutputs) => ({
    dx: gradient(the(inputs, "x"), attrs as unknown as PoolAttributes, the(dOutputs, "dy")),
  }),
};
