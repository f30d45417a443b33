// revertSkipped: what a step has changed before loss scaling found an infinite gradient (batch norm's moving averages)
// becomes again what it was: current = saved where verdict[0] is 0, in place. See loss_scale.ts.

import shader from "../../shaders/loss_scale/revert_skipped.wgsl";
import { byteSize, elementCount } from "../base/tensors.ts";
import { defineOperator, noAttributes, typeOf } from "../graph/operator.ts";
import { dispatchElements } from "./lanes.ts";
import { requireSameShape } from "./shapes.ts";

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
      { name: "loss_scale/revert_skipped", source: shader },
      elementCount(current.shape),
      { saved: input("saved"), verdict: input("verdict"), current },
    );
  },
  cost: (inputs) => ({ flops: 0, bytes: 2 * byteSize(typeOf(inputs, "current")) }),
});
