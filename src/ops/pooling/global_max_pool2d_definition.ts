// globalMaxPool2d: y[n,c] = the largest of x[n,:,:,c]; the gradient goes to the first maximum in row-major
// order.

import { type Definition, sizes4, the, type Values, zeros } from "../common/definition.ts";

/** For each element of y [N, C], the index of the maximum in x. */
function winners(x: Values): number[] {
  const [N, H, W, C] = sizes4(x.shape);
  const indices: number[] = [];
  for (let n = 0; n < N; n++)
    for (let c = 0; c < C; c++) {
      let best = n * H * W * C + c;
      for (let pixel = 1; pixel < H * W; pixel++) {
        const i = (n * H * W + pixel) * C + c;
        if (x.data[i]! > x.data[best]!) best = i;
      }
      indices.push(best);
    }
  return indices;
}

export const globalMaxPool2dDefinition: Definition = {
  forward(inputs) {
    const x = the(inputs, "x");
    const [N, , , C] = sizes4(x.shape);
    return { y: { shape: [N, C], data: Float64Array.from(winners(x), (i) => x.data[i]!) } };
  },
  gradient(inputs, _attrs, dOutputs) {
    const x = the(inputs, "x");
    const dx = zeros(x.shape);
    winners(x).forEach((winner, i) => {
      dx.data[winner]! += the(dOutputs, "dy").data[i]!;
    });
    return { dx };
  },
};
