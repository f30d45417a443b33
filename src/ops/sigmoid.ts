// sigmoid: y = 1 / (1 + exp(-x)). Gradient: dx = dy y (1 - y).

import { defineUnary } from "./unary.ts";

export const { operator: sigmoid, gradient: sigmoidGradient } = defineUnary({
  name: "sigmoid",
  slopeBy: "y",
  flops: 4,
});
