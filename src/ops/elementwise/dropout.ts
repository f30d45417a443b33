// dropout: y = x / (1 - rate) with probability 1 - rate, else 0 (Srivastava et al. 2014). The mask is
// drawn by a counter-based generator from (seed, step, salt, element or sample) and never stored: the gradient
// is the same operator on dy.

import shader from "../../../shaders/elementwise/dropout.wesl";
import { WeftError } from "../../base/errors.ts";
import { byteSize, elementCount } from "../../base/tensors.ts";
import { computeAgain, defineOperator, type Operator, typeOf } from "../../graph/operator.ts";

interface DropoutAttrs {
  readonly rate: number;
  /** Distinguishes the dropout layers of one model. */
  readonly salt: number;
  /** One random number per sample (the first axis) instead of one per element. */
  readonly perSample: boolean;
}

/**
 * Dropout: an element of x (with `perSample` a sample) is 0 with probability `rate`, the others are divided by 1 - rate.
 * `seed` [2] u32 holds the seed and the step; `salt` tells layers apart.
 */
export const dropout: Operator<DropoutAttrs> = defineOperator<DropoutAttrs>({
  name: "dropout",
  recompute: computeAgain,
  inputs: ["x", "seed"],
  attributes(read) {
    const rate = read.number("rate");
    if (rate < 0 || rate >= 1)
      throw new WeftError(`dropout: rate expects a number from 0 to below 1, received ${rate}`);
    return { rate, salt: read.whole("salt", 0), perSample: read.boolean("perSample", false) };
  },
  infer: (inputs) => ({ y: typeOf(inputs, "x") }),
  gradient({ graph, attrs, input, dOutput }) {
    const dy = dOutput("y");
    return dy ? { x: graph.applyOne(dropout, { x: dy, seed: input("seed") }, { ...attrs }) } : {};
  },
  lower(l) {
    const { shape } = l.output("y");
    const count = elementCount(shape);
    const drawn_for = l.attrs.perSample ? elementCount(shape.slice(1)) : 1;
    l.dispatch(
      { name: "elementwise/dropout", source: shader },
      {
        tensors: { x: l.input("x"), seed: l.input("seed"), y: l.output("y") },
        uniforms: { count, drawn_for, salt: l.attrs.salt, rate: l.attrs.rate },
        workgroups: Math.ceil(count / 64),
      },
    );
  },
  cost(inputs) {
    const x = typeOf(inputs, "x");
    return { flops: elementCount(x.shape), bytes: 2 * byteSize(x) };
  },
});
