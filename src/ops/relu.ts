// relu: y = max(x, 0). Gradient: dx = dy where y > 0, else 0.

import { defineUnary } from "./unary.ts";

export const { operator: relu, gradient: reluGradient } = defineUnary({
  name: "relu",
  slopeBy: "y",
  flops: 1,
  activation: "relu",
});
