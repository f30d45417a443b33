// lossScaleSeed: seed[i] = 2^(15 + state[0]): the loss scale as the gradient of `count` losses. See loss_scale.ts.

import shader from "../../shaders/loss_scale/seed.wgsl";
import { byteSize } from "../base/tensors.ts";
import { defineOperator } from "../graph/operator.ts";
import { SCALE_EXPONENTS } from "./loss_scale.ts";

export const lossScaleSeed = defineOperator<{ readonly count: number }>({
  name: "lossScaleSeed",
  inputs: ["state"],
  attributes: (read) => ({ count: read.whole("count", undefined, 1) }),
  infer: (_inputs, { count }) => ({ seed: { shape: [count], dtype: "f32" } }),
  lower({ attrs: { count }, input, output, dispatch }) {
    dispatch(
      { name: "loss_scale/seed", source: shader },
      {
        tensors: { state: input("state"), seed: output("seed") },
        uniforms: { count, start: SCALE_EXPONENTS.start },
        workgroups: Math.ceil(count / 64),
      },
    );
  },
  cost: (_inputs, { seed }) => ({ flops: 0, bytes: seed ? byteSize(seed) : 0 }),
});
