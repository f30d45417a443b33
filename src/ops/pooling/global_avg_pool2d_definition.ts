// globalAvgPool2d: y[n,c] = the mean of x[n,:,:,c].

import { type Definition, sizes4, the, zeros } from "../common/definition.ts";

export const globalAvgPool2dDefinition: Definition = {
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
