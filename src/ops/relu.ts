// relu: y = max(x, 0). Gradient: dx = dy where y > 0, else 0.

import { clamped, defineUnary, NO_CAP } from "./unary.ts";

export const { operator: relu, gradient: reluGradient } = defineUnary("relu", clamped(1, 0, NO_CAP));
