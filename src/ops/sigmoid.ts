// sigmoid: y = 1 / (1 + exp(-x)). Gradient: dx = dy s (1 - s) with s = y, computed from x again.

import { defineUnary, sigmoidal } from "./unary.ts";

export const { operator: sigmoid, gradient: sigmoidGradient } = defineUnary("sigmoid", sigmoidal(false));
