// Adam: Kingma and Ba 2015, as keras.optimizers.Adam computes it; weightDecay is AdamW's decoupled decay.
//   m += (1 - β1)(g - m),  v += (1 - β2)(g² - v)
//   param -= lr · sqrt(1 - β2^t)/(1 - β1^t) · m / (sqrt(v) + ε)

import shader from "../../../shaders/optimizers/adam.wesl";
import { defineOptimizer } from "./optimizer.ts";

/**
 * Adam and AdamW. The operator's inputs `stepCount` [1], from 1 on, and `learningRate` [1] replace the attributes `step`
 * and `lr`.
 */
export const adam = defineOptimizer({
  name: "adam",
  shader,
  moments: ["m", "v"],
  countsSteps: true,
  attributes: (read) => ({
    step: read.whole("step", 1, 1),
    lr: read.number("lr", 1e-3),
    beta1: read.number("beta1", 0.9),
    beta2: read.number("beta2", 0.999),
    epsilon: read.number("epsilon", 1e-7),
    weightDecay: read.number("weightDecay", 0),
  }),
  uniforms: ({ beta1, beta2, epsilon, weightDecay }) => ({
    log_beta1: Math.log(beta1),
    log_beta2: Math.log(beta2),
    one_minus_beta1: 1 - beta1,
    one_minus_beta2: 1 - beta2,
    epsilon,
    weight_decay: weightDecay,
  }),
  flopsPerParameter: 12,
});
