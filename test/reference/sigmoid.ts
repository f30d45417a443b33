// sigmoid: y = 1 / (1 + exp(-x)).
import { unaryRecord } from "./unary.ts";

/** In a form that overflows on neither side. */
export function sigmoidOf(x: number): number {
  if (x >= 0) return 1 / (1 + Math.exp(-x));
  const e = Math.exp(x);
  return e / (1 + e);
}

export const sigmoid = unaryRecord({
  op: "sigmoid",
  value: sigmoidOf,
  slope: (x) => sigmoidOf(x) * sigmoidOf(-x),
  range: [-6, 6],
  kinks: [],
  extremes: [-1000, -100, -20, 0, 20, 100, 1000],
});
