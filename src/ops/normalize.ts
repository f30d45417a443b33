// normalize: y = activation(scale_c x + shift_c), c the channel, by statistics that batchNorm has found: how the
// backward pass gets batchNorm's y again where it was not kept.

import normalizeShader from "../../shaders/batch_norm/normalize.wesl";
import { byteSize, elementCount, type Shape } from "../base/tensors.ts";
import type { Tensor } from "../graph/graph.ts";
import { defineOperator, type KernelUse, type Lowering, typeOf } from "../graph/operator.ts";
import { ACTIVATION_CODES, type Activation, readActivation } from "./activation.ts";

/** Rows a thread normalises: enough to reuse the channel's factors, few enough to fill every core. */
const ROWS_PER_THREAD = 8;

/** Channels as the kernels count them: vec4s where they come in fours. */
export function channelUnits(channels: number): number {
  return channels % 4 === 0 ? channels / 4 : channels;
}

/** A kernel of batch norm over so many channels. */
export function specialise(
  name: string,
  source: string,
  channels: number,
  constants: KernelUse["constants"] = {},
): KernelUse {
  return { name: `batch_norm/${name}`, source, conditions: { vec4: channels % 4 === 0 }, constants };
}

/** [N, H, W, C] or [N, C] as rows of channels. */
export function rowsOf(shape: Shape): { readonly rows: number; readonly channels: number } {
  return { rows: elementCount(shape.slice(0, -1)), channels: shape.at(-1) ?? 1 };
}

/** Launches the kernel. @param statistics [4, C], as batchNorm leaves them. */
export function lowerNormalize(
  { dispatch }: Pick<Lowering<object>, "dispatch">,
  { x, statistics, y }: Readonly<Record<"x" | "statistics" | "y", Tensor>>,
  activation: Activation,
): void {
  const { rows, channels } = rowsOf(x.shape);
  const units = channelUnits(channels);
  const kernel = specialise("normalize", normalizeShader, channels, {
    ROWS_PER_THREAD: `${ROWS_PER_THREAD}u`,
  });
  dispatch(kernel, {
    tensors: { x, statistics, y },
    uniforms: { channels: units, rows, activation: ACTIVATION_CODES[activation] },
    workgroups: Math.ceil((units * Math.ceil(rows / ROWS_PER_THREAD)) / 64),
  });
}

export const normalize = defineOperator<{ readonly activation: Activation }>({
  name: "normalize",
  inputs: ["x", "statistics"],
  attributes: (read) => ({ activation: readActivation(read) }),
  infer: (inputs) => ({ y: typeOf(inputs, "x") }),
  lower(lowering) {
    const { attrs, input, output } = lowering;
    const tensors = { x: input("x"), statistics: input("statistics"), y: output("y") };
    lowerNormalize(lowering, tensors, attrs.activation);
  },
  cost(inputs) {
    const x = typeOf(inputs, "x");
    return { flops: 2 * elementCount(x.shape), bytes: 2 * byteSize(x) };
  },
});
