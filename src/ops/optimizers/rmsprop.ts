// RMSprop: Tieleman and Hinton 2012, as keras.optimizers.RMSprop computes it (not centered); weightDecay is decoupled.
//   velocity += (1 - rho)(g² - velocity),  step = lr · g / sqrt(velocity + ε)
//   param -= step, or with momentum: momentum = momentum · momentum + step, param -= momentum

import shader from "../../../shaders/optimizers/rmsprop.wesl";
import { defineOptimizer } from "./optimizer.ts";

export const rmsprop = defineOptimizer({
  name: "rmsprop",
  shader,
  moments: ["velocity", "momentum"],
  attributes: (read) => ({
    lr: read.number("lr", 1e-3),
    rho: read.number("rho", 0.9),
    momentum: read.number("momentum", 0),
    epsilon: read.number("epsilon", 1e-7),
    weightDecay: read.number("weightDecay", 0),
  }),
  used: ({ momentum }) => (momentum > 0 ? ["velocity", "momentum"] : ["velocity"]),
  uniforms: ({ rho, momentum, epsilon, weightDecay }) => ({
    one_minus_rho: 1 - rho,
    ...(momentum > 0 && { decay: momentum }),
    epsilon,
    weight_decay: weightDecay,
  }),
  flopsPerParameter: 8,
});
