// relu6: y = min(max(x, 0), 6); its slope at 0 and at 6 is 0.
import { unaryRecord } from "./unary.ts";

export const relu6 = unaryRecord({
  op: "relu6",
  value: (x) => Math.min(Math.max(x, 0), 6),
  slope: (x) => (x > 0 && x < 6 ? 1 : 0),
  range: [-4, 10],
  kinks: [0, 6],
  extremes: [-1e6, -100, 5.5, 100, 1e6],
});
