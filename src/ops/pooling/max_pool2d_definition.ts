// maxPool2d: the largest element of each window; padding is never the maximum. The gradient goes to the first maximum
// in row-major order.

import { type Definition, the, type Values, zeros } from "../common/definition.ts";
import { type PoolAttributes, poolWindows } from "./pooling_definition.ts";

/** The shape of y and, for each of its elements, the index of the maximum in x. */
function winners(x: Values, attrs: PoolAttributes) {
  const { shape, windows } = poolWindows(x.shape, attrs);
  const indices = windows.map((taps) => {
    let best = taps[0];
    if (best === undefined) throw new Error("maxPool2d: a window has padding only");
    for (const i of taps) if (x.data[i]! > x.data[best]!) best = i;
    return best;
  });
  return { shape, indices };
}

function forward(x: Values, attrs: PoolAttributes): Values {
  const { shape, indices } = winners(x, attrs);
  return { shape, data: Float64Array.from(indices, (i) => x.data[i]!) };
}

function gradient(x: Values, attrs: PoolAttributes, dy: Values): Values {
  const dx = zeros(x.shape);
  winners(x, attrs).indices.forEach((winner, i) => {
    dx.data[winner]! += dy.data[i]!;
  });
  return dx;
}

export const maxPool2dDefinition: Definition = {
  forward: (inputs, attrs) => ({ y: forward(the(inputs, "x"), attrs as unknown as PoolAttributes) }),
  gradient: (inputs, attrs, dOutputs) => ({
    dx: gradient(the(inputs, "x"), attrs as unknown as PoolAttributes, the(dOutputs, "dy")),
  }),
};
