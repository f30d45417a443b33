// SGD: gradient descent with momentum (and Nesterov's form), as keras.optimizers.SGD computes it. Momentum 0 is plain
// gradient descent.
//   velocity = momentum · velocity - lr · g,  param += velocity

import shader from "../../../shaders/optimizers/sgd.wesl";
import { defineOptimizer } from "./optimizer.ts";

/** Gradient descent. The operator's input `learningRate` [1] replaces the attribute `lr`. */
export const sgd = defineOptimizer({
  name: "sgd",
  shader,
  moments: ["velocity"],
  attributes: (read) => ({
    lr: read.number("lr", 1e-2),
    momentum: read.number("momentum", 0),
    nesterov: read.boolean("nesterov", false),
    weightDecay: read.number("weightDecay", 0),
  }),
  uniforms: ({ momentum, nesterov, weightDecay }) => ({
    momentum,
    nesterov: Number(nesterov),
    weight_decay: weightDecay,
  }),
  flopsPerParameter: 5,
});
