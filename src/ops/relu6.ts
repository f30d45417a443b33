// relu6: y = min(max(x, 0), 6). Gradient: dx = dy where 0 < y < 6, else 0.

import { clamped, defineUnary } from "./unary.ts";

export const { operator: relu6, gradient: relu6Gradient } = defineUnary("relu6", clamped(1, 0, 6));
