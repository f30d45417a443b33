// lossScaleUpdate: verdict [2] of a step: what the optimizer multiplies gradients by (1/scale, or 0 where it must leave
// the step out) and the scale; and the state for the next step, in place. See loss_scale.ts.

import shader from "../../shaders/loss_scale/update.wgsl";
import { byteSize } from "../base/tensors.ts";
import { defineOperator, noAttributes, typeOf } from "../graph/operator.ts";
import { FLAG_THREADS, GOOD_STEPS, LOSS_SCALE_STATE, SCALE_EXPONENTS } from "./loss_scale.ts";

export const lossScaleUpdate = defineOperator({
  name: "lossScaleUpdate",
  inputs: ["state", "flags"],
  inPlace: { newState: "state" },
  attributes: noAttributes,
  infer: () => ({ newState: LOSS_SCALE_STATE, verdict: { shape: [2], dtype: "f32" } }),
  lower({ device, input, output, dispatch }) {
    const { start, least, most } = SCALE_EXPONENTS;
    dispatch(
      { name: "loss_scale/update", source: shader },
      {
        tensors: { flags: input("flags"), state: output("newState"), verdict: output("verdict") },
        uniforms: {
          threads: FLAG_THREADS[device.family],
          start,
          least: least - start,
          most: most - start,
          patience: GOOD_STEPS,
        },
        workgroups: 1,
      },
    );
  },
  cost: (inputs) => ({ flops: 0, bytes: byteSize(typeOf(inputs, "flags")) }),
});
