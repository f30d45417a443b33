// augmentAffine: output pixel (column u, row v) reads the input at (t0 u + t1 v + t2, t3 u + t4 v + t5),
// bilinear, pixel centres at whole numbers. fill "nearest" takes the edge for taps outside, "constant"
// takes 0. dx is the transpose.
import { exactly, uniform } from "./draw.ts";
import { type NamedValues, type OperatorRecord, type Sample, sizes4, the, zeros } from "./reference.ts";

/** Calls visit(index in x, index in y, weight) for each of the four taps that count. */
function walk(inputs: NamedValues, fill: unknown, visit: (x: number, y: number, weight: number) => void) {
  const [N, H, W, C] = sizes4(the(inputs, "x").shape);
  const transform = the(inputs, "transform").data;
  const isInside = (row: number, column: number) => row >= 0 && row < H && column >= 0 && column < W;
  const clamp = (index: number, size: number) => Math.min(Math.max(index, 0), size - 1);
  for (let n = 0; n < N; n++)
    for (let v = 0; v < H; v++)
      for (let u = 0; u < W; u++) {
        const t = transform.subarray(6 * n, 6 * n + 6);
        const column = t[0]! * u + t[1]! * v + t[2]!;
        const row = t[3]! * u + t[4]! * v + t[5]!;
        for (const tapRow of [Math.floor(row), Math.floor(row) + 1])
          for (const tapColumn of [Math.floor(column), Math.floor(column) + 1]) {
            if (fill === "constant" && !isInside(tapRow, tapColumn)) continue;
            const weight = (1 - Math.abs(row - tapRow)) * (1 - Math.abs(column - tapColumn));
            const pixel = (n * H + clamp(tapRow, H)) * W + clamp(tapColumn, W);
            for (let c = 0; c < C; c++) visit(pixel * C + c, ((n * H + v) * W + u) * C + c, weight);
          }
      }
}

const IDENTITY = [1, 0, 0, 0, 1, 0];

/** Flip, then rotation and zoom about the centre of an H x W image, as a row of six. */
function warp(
  H: number,
  W: number,
  degrees: number,
  zoom: readonly [number, number],
  isFlipped: boolean,
): number[] {
  const angle = (degrees * Math.PI) / 180;
  const sign = isFlipped ? -1 : 1;
  const [a, b] = [sign * Math.cos(angle) * zoom[0], -Math.sin(angle) * zoom[1]];
  const [d, e] = [sign * Math.sin(angle) * zoom[0], Math.cos(angle) * zoom[1]];
  const [u, v] = [(W - 1) / 2, (H - 1) / 2];
  return [a, b, u - a * u - b * v, d, e, v - d * u - e * v];
}

function samplesOf(fill: "nearest" | "constant"): Sample[] {
  const sample = (
    name: string,
    shape: readonly [number, number, number, number],
    rows: number[][],
  ): Sample => ({
    name: `${fill}: ${name}`,
    attrs: { fill },
    inputs: {
      x: uniform(`augmentAffine/${fill}/${name}`, shape, 0, 255),
      transform: exactly([rows.length, 6], rows.flat()),
    },
  });
  return [
    sample("identity", [1, 5, 7, 3], [IDENTITY]),
    sample("flip", [1, 4, 7, 3], [[-1, 0, 6, 0, 1, 0]]),
    sample(
      "shift by fractions",
      [2, 6, 5, 3],
      [
        [1, 0, 0.3, 0, 1, -1.6],
        [1, 0, -2.45, 0, 1, 0.75],
      ],
    ),
    sample(
      "rotation and zoom",
      [3, 9, 11, 3],
      [warp(9, 11, 20, [0.8, 1.2], false), warp(9, 11, -13, [1.2, 0.9], true), warp(9, 11, 4, [1, 1], false)],
    ),
    sample("vectors of four channels", [1, 6, 7, 8], [warp(6, 7, 30, [0.9, 1.1], true)]),
    sample("quarter turn", [1, 8, 8, 1], [warp(8, 8, 90, [1, 1], false)]),
    sample("far outside", [1, 4, 5, 3], [[1, 0, 100.5, 0, 1, -70.25]]),
    sample("shrunk into one pixel", [1, 5, 5, 3], [[0.1, 0, 2.2, 0, 0.1, 1.7]]),
    sample("one pixel", [2, 1, 1, 3], [IDENTITY, [1, 0, 0.25, 0, 1, 0.5]]),
    sample(
      "several workgroups",
      [5, 23, 29, 3],
      [
        warp(23, 29, -20, [1.1, 0.8], true),
        warp(23, 29, 17, [0.85, 0.95], false),
        warp(23, 29, 0, [1.2, 1.2], true),
        IDENTITY,
        warp(23, 29, 9, [1.05, 1], false),
      ],
    ),
  ];
}

export const augmentAffine: OperatorRecord = {
  op: "augmentAffine",
  differentiable: ["x"],
  upstream: ["y"],
  samples: () => [...samplesOf("nearest"), ...samplesOf("constant")],
  badInputs: [
    {
      name: "a transform of eight",
      attrs: { fill: "nearest" },
      inputs: { x: [2, 3, 3, 3], transform: [2, 8] },
      message: /augmentAffine.*transform/,
    },
    {
      name: "a transform for another batch",
      attrs: { fill: "nearest" },
      inputs: { x: [2, 3, 3, 3], transform: [3, 6] },
      message: /augmentAffine.*transform/,
    },
    {
      name: "an unknown fill",
      attrs: { fill: "mirror" },
      inputs: { x: [1, 3, 3, 3], transform: [1, 6] },
      message: /augmentAffine.*fill/,
    },
  ],
  forward(inputs, attrs) {
    const x = the(inputs, "x");
    const y = zeros(x.shape);
    walk(inputs, attrs.fill, (xi, yi, weight) => {
      y.data[yi]! += weight * x.data[xi]!;
    });
    return { y };
  },
  gradient(inputs, attrs, dOutputs) {
    const dx = zeros(the(inputs, "x").shape);
    const dy = the(dOutputs, "dy").data;
    walk(inputs, attrs.fill, (xi, yi, weight) => {
      dx.data[xi]! += weight * dy[yi]!;
    });
    return { dx };
  },
};
