// hardSigmoid (Keras 3): y = relu6(x + 3) / 6; its slope at -3 and at 3 is 0.
import { unaryRecord } from "./unary.ts";

export const hardSigmoid = unaryRecord({
  op: "hardSigmoid",
  value: (x) => Math.min(Math.max(x + 3, 0), 6) / 6,
  slope: (x) => (x > -3 && x < 3 ? 1 / 6 : 0),
  range: [-5, 5],
  kinks: [-3, 3],
  extremes: [-1e6, -100, 0, 100, 1e6],
});
