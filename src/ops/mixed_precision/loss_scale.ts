// Dynamic loss scaling (Micikevicius et al. 2018), all of it on the GPU. The gradient of the loss is multiplied by a
// scale, so that small gradients do not underflow in f16 (lossScaleSeed). If a gradient becomes infinite
// (findInfinite), the optimizer skips the step and the scale is halved; after 2000 good steps it is doubled
// (lossScaleUpdate). The state [2] is kept between steps: the scale is 2^(15 + state[0]), and state[1] counts good
// steps.

import seedShader from "../../../shaders/mixed_precision/loss_scale_seed.wgsl";
import updateShader from "../../../shaders/mixed_precision/loss_scale_update.wgsl";
import revertShader from "../../../shaders/mixed_precision/revert_skipped.wgsl";
import { byteSize, elementCount, type TensorType } from "../../base/tensors.ts";
import { defineOperator, noAttributes, typeOf } from "../../graph/operator.ts";
import { dispatchElements } from "../common/lanes.ts";
import { requireSameShape } from "../common/shapes.ts";
import { FLAG_THREADS } from "./find_infinite.ts";

/** The exponents of the scale: its initial value, its minimum and its maximum. */
const SCALE_EXPONENTS = { start: 15, least: 0, most: 24 } as const;
/** Good steps after which the scale is doubled. */
const GOOD_STEPS = 2000;
/** The smallest scale. */
export const LEAST_LOSS_SCALE = 2 ** SCALE_EXPONENTS.least;

export const LOSS_SCALE_STATE: TensorType = { shape: [2], dtype: "f32" };

/** seed[i] = 2^(15 + state[0]): the loss scale as the gradient of `count` losses. */
export const lossScaleSeed = defineOperator<{ readonly count: number }>({
  name: "lossScaleSeed",
  inputs: ["state"],
  attributes: (read) => ({ count: read.whole("count", undefined, 1) }),
  infer: (_inputs, { count }) => ({ seed: { shape: [count], dtype: "f32" } }),
  lower({ attrs: { count }, input, output, dispatch }) {
    dispatch(
      { name: "mixed_precision/loss_scale_seed", source: seedShader },
      {
        tensors: { state: input("state"), seed: output("seed") },
        uniforms: { count, start: SCALE_EXPONENTS.start },
        workgroups: Math.ceil(count / 64),
      },
    );
  },
  cost: (_inputs, { seed }) => ({ flops: 0, bytes: seed ? byteSize(seed) : 0 }),
});

/**
 * The verdict [2] on a step: the factor for the gradients in the optimizer (1/scale, or 0 if it must skip the step) and
 * the scale; and the state for the next step, in place.
 */
export const lossScaleUpdate = defineOperator({
  name: "lossScaleUpdate",
  inputs: ["state", "flags"],
  inPlace: { newState: "state" },
  attributes: noAttributes,
  infer: () => ({ newState: LOSS_SCALE_STATE, verdict: { shape: [2], dtype: "f32" } }),
  lower({ device, input, output, dispatch }) {
    const { start, least, most } = SCALE_EXPONENTS;
    dispatch(
      { name: "mixed_precision/loss_scale_update", source: updateShader },
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

/**
 * Restores what a step changed before loss scaling found an infinite gradient (batch norm's moving averages): current =
 * saved if verdict[0] is 0, in place.
 */
export const revertSkipped = defineOperator({
  name: "revertSkipped",
  inputs: ["current", "saved", "verdict"],
  inPlace: { y: "current" },
  attributes: noAttributes,
  infer(inputs) {
    requireSameShape("revertSkipped", inputs, "saved", "current");
    return { y: typeOf(inputs, "current") };
  },
  lower({ input, output, dispatch }) {
    const current = output("y");
    dispatchElements(
      dispatch,
      { name: "mixed_precision/revert_skipped", source: revertShader },
      elementCount(current.shape),
      { saved: input("saved"), verdict: input("verdict"), current },
    );
  },
  cost: (inputs) => ({ flops: 0, bytes: 2 * byteSize(typeOf(inputs, "current")) }),
});
