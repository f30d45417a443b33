// globalAvgPool2d: y[n,c] = the mean of x[n,:,:,c].
import { uniform } from "./draw.ts";
import { type OperatorRecord, type Sample, sizes4, the, zeros } from "./reference.ts";

/** Shapes for the global pools: one pixel, one row, tails of every width, many pixels. */
export const GLOBAL_POOL_SHAPES: readonly (readonly number[])[] = [
  [1, 1, 1, 1],
  [3, 1, 1, 5],
  [2, 1, 9, 3],
  [2, 7, 7, 16],
  [1, 5, 8, 33],
  [5, 3, 4, 13],
  [2, 17, 19, 70],
  [1, 41, 37, 4],
];

function sample(shape: readonly number[]): Sample {
  const name = `[${shape.join(",")}]`;
  return { name, attrs: {}, inputs: { x: uniform(`globalAvgPool2d${name}`, shape) } };
}

export const globalAvgPool2d: OperatorRecord = {
  op: "globalAvgPool2d",
  differentiable: ["x"],
  upstream: ["y"],
  samples: () => GLOBAL_POOL_SHAPES.map(sample),
  badInputs: [{ name: "x of rank 2", attrs: {}, inputs: { x: [5, 4] }, message: /globalAvgPool2d.*\bx\b/ }],
  forward(inputs) {
    const x = the(inputs, "x");
    const [N, H, W, C] = sizes4(x.shape);
    const y = zeros([N, C]);
    for (let n = 0; n < N; n++)
      for (let pixel = 0; pixel < H * W; pixel++)
        for (let c = 0; c < C; c++) y.data[n * C + c]! += x.data[(n * H * W + pixel) * C + c]! / (H * W);
    return { y };
  },
  gradient(inputs, _attrs, dOutputs) {
    const dx = zeros(the(inputs, "x").shape);
    const dy = the(dOutputs, "dy").data;
    const [N, H, W, C] = sizes4(dx.shape);
    for (let n = 0; n < N; n++)
      for (let pixel = 0; pixel < H * W; pixel++)
        for (let c = 0; c < C; c++) dx.data[(n * H * W + pixel) * C + c] = dy[n * C + c]! / (H * W);
    return { dx };
  },
};
