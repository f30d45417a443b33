// normalize: y = activation(scale_c x + shift_c) for channel c, with statistics that batchNorm has computed: the
// backward pass recomputes batchNorm's y with it if y was not kept.

import normalizeShader from "../../../shaders/batch_norm/normalize.wesl";
import { byteSize, elementCount, type Shape } from "../../base/tensors.ts";
import type { Tensor } from "../../graph/graph.ts";
import { defineOperator, type KernelUse, type Lowering, type Rows, typeOf } from "../../graph/operator.ts";
import { ACTIVATION_CODES, type Activation, readActivation } from "../elementwise/fused_activation.ts";

/** Rows per thread: enough to reuse the channel's factors, few enough that every core has work. */
const ROWS_PER_THREAD = 8;

/** How kernels over rows of channels count: four channels at a time if all sizes allow it. */
export interface ChannelForm {
  readonly vec4: boolean;
  /** Channels in the kernel's units. */
  readonly units: number;
  /** The row view of a tensor as uniforms. */
  uniforms<N extends string>(name: N, rows: Rows): Record<`${N}_first` | `${N}_stride`, number>;
}

/** The form for a number of channels; `views` are the tensors that are row views. */
export function channelForm(channels: number, ...views: readonly Rows[]): ChannelForm {
  const vec4 = [channels, ...views.flatMap(({ first, stride }) => [first, stride])].every((n) => n % 4 === 0);
  const width = vec4 ? 4 : 1;
  return {
    vec4,
    units: channels / width,
    uniforms: <N extends string>(name: N, { first, stride }: Rows) => {
      const entries = [
        [`${name}_first`, first / width],
        [`${name}_stride`, stride / width],
      ];
      return Object.fromEntries(entries) as Record<`${N}_first` | `${N}_stride`, number>;
    },
  };
}

/** A kernel of batch norm in the form. */
export function specialise(
  name: string,
  source: string,
  { vec4 }: ChannelForm,
  constants: KernelUse["constants"] = {},
): KernelUse {
  return { name: `batch_norm/${name}`, source, conditions: { vec4 }, constants };
}

/** [N, H, W, C] or [N, C] as rows of channels. */
function rowsOf(shape: Shape): { readonly rows: number; readonly channels: number } {
  return { rows: elementCount(shape.slice(0, -1)), channels: shape.at(-1) ?? 1 };
}

/** Dispatches the kernel. @param statistics [4, C], as batchNorm writes them. */
export function lowerNormalize(
  { dispatch, rows: rowsFor }: Pick<Lowering<object>, "dispatch" | "rows">,
  { x, statistics }: Readonly<Record<"x" | "statistics", Tensor>>,
  activation: Activation,
): void {
  const { rows, channels } = rowsOf(x.shape);
  const y = rowsFor("y");
  const form = channelForm(channels, y);
  const kernel = specialise("normalize", normalizeShader, form, { ROWS_PER_THREAD: `${ROWS_PER_THREAD}u` });
  dispatch(kernel, {
    tensors: { x, statistics, y: y.tensor },
    uniforms: {
      channels: form.units,
      rows,
      ...form.uniforms("y", y),
      activation: ACTIVATION_CODES[activation],
    },
    workgroups: Math.ceil((form.units * Math.ceil(rows / ROWS_PER_THREAD)) / 64),
  });
}

/**
 * y = activation(scale · x + shift), channel by channel, by the statistics [4, C] of `batchNorm` or `movingStatistics`.
 */
export const normalize = defineOperator<{ readonly activation: Activation }>({
  name: "normalize",
  inputs: ["x", "statistics"],
  kernels: { rows: ["y"] },
  attributes: (read) => ({ activation: readActivation(read) }),
  infer: (inputs) => ({ y: typeOf(inputs, "x") }),
  lower(lowering) {
    const { attrs, input } = lowering;
    lowerNormalize(lowering, { x: input("x"), statistics: input("statistics") }, attrs.activation);
  },
  cost(inputs) {
    const x = typeOf(inputs, "x");
    return { flops: 2 * elementCount(x.shape), bytes: 2 * byteSize(x) };
  },
});
