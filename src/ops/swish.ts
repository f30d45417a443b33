// swish: y = x s with s = sigmoid(x). Gradient: dx = dy s (1 + x (1 - s)).

import { defineUnary } from "./unary.ts";

export const { operator: swish, gradient: swishGradient } = defineUnary({
  name: "swish",
  slopeBy: "x",
  flops: 5,
});
