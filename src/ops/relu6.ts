// relu6: y = min(max(x, 0), 6). Gradient: dx = dy where 0 < y < 6, else 0.

import { defineUnary } from "./unary.ts";

export const { operator: relu6, gradient: relu6Gradient } = defineUnary({
  name: "relu6",
  slopeBy: "y",
  flops: 2,
  activation: "relu6",
});
