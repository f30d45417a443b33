// hardSigmoid (Keras 3): y = relu6(x + 3) / 6. Gradient: dx = dy / 6 where -3 < x < 3, else 0.

import { defineUnary } from "./unary.ts";

export const { operator: hardSigmoid, gradient: hardSigmoidGradient } = defineUnary({
  name: "hardSigmoid",
  slopeBy: "x",
  flops: 4,
});
