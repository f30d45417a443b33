// movingStatistics: scale and shift of batchNorm in inference mode, from its moving averages:
//   invStd = 1/sqrt(variance + ε),  scale = gamma · invStd,  shift = beta - mean · scale
// statistics [4, C]: mean, invStd, scale, shift. For convolutions that a batch norm is folded into.

import shader from "../../../shaders/batch_norm/moving_statistics.wesl";
import { elementCount } from "../../base/tensors.ts";
import type { Tensor } from "../../graph/graph.ts";
import { defineOperator, type Lowering, typeOf } from "../../graph/operator.ts";

/** Gamma and beta, with some readable tensor in place of an absent one, and flags for which are present. */
export function affineInputs(l: Pick<Lowering<object>, "hasInput" | "input">, standIn: Tensor) {
  const gamma = l.hasInput("gamma") ? l.input("gamma") : standIn;
  const beta = l.hasInput("beta") ? l.input("beta") : standIn;
  return {
    tensors: { gamma, beta },
    flags: { has_gamma: Number(l.hasInput("gamma")), has_beta: Number(l.hasInput("beta")) },
  };
}

/** Dispatches the kernel for the inputs of a batch norm. */
export function lowerMovingStatistics(
  l: Pick<Lowering<object>, "hasInput" | "input" | "dispatch">,
  statistics: Tensor,
  epsilon: number,
): void {
  const [moving_mean, moving_variance] = [l.input("movingMean"), l.input("movingVariance")];
  const channels = elementCount(moving_mean.shape);
  const { tensors, flags } = affineInputs(l, moving_mean);
  l.dispatch(
    { name: "batch_norm/moving_statistics", source: shader },
    {
      tensors: { moving_mean, moving_variance, ...tensors, statistics },
      uniforms: { channels, ...flags, epsilon },
      workgroups: Math.ceil(channels / 64),
    },
  );
}

/** Statistics [4, C] (mean, 1 / sqrt(variance + epsilon), scale, shift) out of moving averages [C]. */
export const movingStatistics = defineOperator<{ readonly epsilon: number }>({
  name: "movingStatistics",
  inputs: ["gamma?", "beta?", "movingMean", "movingVariance"],
  attributes: (read) => ({ epsilon: read.number("epsilon", 1e-3) }),
  infer: (inputs) => ({
    statistics: { shape: [4, elementCount(typeOf(inputs, "movingMean").shape)], dtype: "f32" },
  }),
  lower: (l) => lowerMovingStatistics(l, l.output("statistics"), l.attrs.epsilon),
  cost(inputs) {
    const channels = elementCount(typeOf(inputs, "movingMean").shape);
    return { flops: 6 * channels, bytes: 32 * channels };
  },
});
