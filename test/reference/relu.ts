// relu: y = max(x, 0); its slope at 0 is 0.
import { unaryRecord } from "./unary.ts";

export const relu = unaryRecord({
  op: "relu",
  value: (x) => Math.max(x, 0),
  slope: (x) => (x > 0 ? 1 : 0),
  range: [-3, 3],
  kinks: [0],
  extremes: [-1e6, -100, 100, 1e6],
});
