// hardSigmoid (Keras 3): y = relu6(x + 3) / 6. Gradient: dx = dy / 6 where 0 < y < 1, else 0.

import { clamped, defineUnary } from "./unary.ts";

export const { operator: hardSigmoid, gradient: hardSigmoidGradient } = defineUnary(
  "hardSigmoid",
  clamped(1 / 6, 0.5, 1),
);
