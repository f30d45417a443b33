// avgPool2d: the mean of each window. Padding is left out of the sum and the count, unless countIncludePad is set: then
// the sum is divided by the size of the whole window.

import { type Definition, the, type Values, zeros } from "../common/definition.ts";
import { type PoolAttributes, poolWindows } from "./pooling_definition.ts";

/** The divisor of a window's sum. */
function countOf(taps: readonly number[], attrs: PoolAttributes): number {
  return attrs.countIncludePad ? attrs.size[0] * attrs.size[1] : Math.max(taps.length, 1);
}

function forward(x: Values, attrs: PoolAttributes): Values {
  const { shape, windows } = poolWindows(x.shape, attrs);
  const means = windows.map((taps) => taps.reduce((sum, i) => sum + x.data[i]!, 0) / countOf(taps, attrs));
  return { shape, data: Float64Array.from(means) };
}

function gradient(x: Values, attrs: PoolAttributes, dy: Values): Values {
  const dx = zeros(x.shape);
  poolWindows(x.shape, attrs).windows.forEach((taps, o) => {
    for (const i of taps) dx.data[i]! += dy.data[o]! / countOf(taps, attrs);
  });
  return dx;
}

export const avgPool2dDefinition: Definition = {
  forward: (inputs, attrs) => ({ y: forward(the(inputs, "x"), attrs as unknown as PoolAttributes) }),
  gradient: (inputs, attrs, dOutputs) => ({
    dx: gradient(the(inputs, "x"), attrs as unknown as PoolAttributes, the(dOutputs, "dy")),
  }),
};
