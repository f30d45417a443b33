// foldWeights: the weights and the bias of a depthwise convolution with a batch norm folded in:
//   folded[…, c] = w[…, c] · scale_c,  bias[c] = b[c] · scale_c + shift_c
// w [R, S, C, M], b [C·M], statistics [4, C·M] as movingStatistics makes them.

import shader from "../../../shaders/conv2d/fold_weights.wgsl";
import { byteSize, elementCount } from "../../base/tensors.ts";
import { defineOperator, noAttributes, typeOf } from "../../graph/operator.ts";

/** Weights and bias of a depthwise convolution with the batch norm behind it folded in. */
export const foldWeights = defineOperator({
  name: "foldWeights",
  inputs: ["w", "b?", "statistics"],
  attributes: noAttributes,
  infer: (inputs) => ({
    folded: typeOf(inputs, "w"),
    bias: { shape: typeOf(inputs, "statistics").shape.slice(1), dtype: "f32" },
  }),
  lower({ input, hasInput, output, dispatch }) {
    const w = input("w");
    const bias = output("bias");
    const count = elementCount(w.shape);
    dispatch(
      { name: "conv2d/fold_weights", source: shader },
      {
        tensors: {
          w,
          b: hasInput("b") ? input("b") : w,
          statistics: input("statistics"),
          folded: output("folded"),
          bias,
        },
        uniforms: { count, channels: elementCount(bias.shape), has_bias: Number(hasInput("b")) },
        workgroups: Math.ceil(count / 64),
      },
    );
  },
  cost(inputs) {
    const w = typeOf(inputs, "w");
    return { flops: elementCount(w.shape), bytes: 2 * byteSize(w) };
  },
});
