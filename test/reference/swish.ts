// swish (SiLU): y = x * sigmoid(x).
import { sigmoidOf } from "./sigmoid.ts";
import { unaryRecord } from "./unary.ts";

export const swish = unaryRecord({
  op: "swish",
  value: (x) => x * sigmoidOf(x),
  slope: (x) => sigmoidOf(x) + x * sigmoidOf(x) * sigmoidOf(-x),
  range: [-6, 6],
  kinks: [],
  extremes: [-1000, -100, -20, 0, 20, 100, 1000],
});
