// residualSplit: the gradients of y = relu(addend + scale · branch) with respect to addend and branch in one pass:
//   g = x0 + x1 + … if the ReLU passes the gradient, else 0;  daddend = g,  dbranch = scale · g
// x0 … are the terms of dy: a sum before this node is merged into it.

import shader from "../../../shaders/elementwise/residual_split.wgsl";
import { byteSize, elementCount } from "../../base/tensors.ts";
import { defineOperator, typeOf } from "../../graph/operator.ts";
import { dispatchElements } from "../common/lanes.ts";
import { requireSameShape } from "../common/shapes.ts";
import { NO_CAP } from "./unary.ts";

interface ResidualSplitAttrs {
  readonly scale: number;
  /** The cap of y; relu has none. */
  readonly activation: "relu" | "relu6";
}

const CAPS = { relu: NO_CAP, relu6: 6 } as const;

/**
 * Gradients of y = relu(addend + scale · branch) by addend and branch, out of y and the terms x0, x1, … of dy.
 */
export const residualSplit = defineOperator<ResidualSplitAttrs>({
  name: "residualSplit",
  inputs: ["y", "x*"],
  attributes: (read) => ({
    scale: read.number("scale"),
    activation: read.choice("activation", ["relu", "relu6"]),
  }),
  infer(inputs) {
    const { y: _, ...terms } = inputs;
    for (const role of Object.keys(terms)) requireSameShape("residualSplit", inputs, role, "y");
    const y = typeOf(inputs, "y");
    return { daddend: y, dbranch: y };
  },
  lower({ attrs, inputRoles, input, output, dispatch }) {
    const y = input("y");
    const terms = inputRoles.filter((role) => role !== "y").map((role) => input(role));
    const [x0 = y, x1 = x0, x2 = x0, x3 = x0] = terms;
    dispatchElements(
      dispatch,
      { name: "elementwise/residual_split", source: shader },
      elementCount(y.shape),
      { y, x0, x1, x2, x3, daddend: output("daddend"), dbranch: output("dbranch") },
      { terms: terms.length, scale: attrs.scale, cap: CAPS[attrs.activation] },
    );
  },
  cost(inputs) {
    const y = typeOf(inputs, "y");
    const terms = Object.keys(inputs).length - 1;
    return { flops: (terms + 1) * elementCount(y.shape), bytes: (terms + 3) * byteSize(y) };
  },
});
