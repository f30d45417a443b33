// swish: y = x s with s = sigmoid(x). Gradient: dx = dy (s + x s (1 - s)).

import { defineUnary, sigmoidal } from "./unary.ts";

export const { operator: swish, gradient: swishGradient } = defineUnary("swish", sigmoidal(true));
