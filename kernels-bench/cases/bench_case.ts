// An operator's case: one form of the operator from a network, a smaller form of the same kind on which it is checked
// completely, and the passes that are timed.

import type { DType, Shape } from "../../src/base/tensors.ts";
import type { RawAttributes } from "../../src/graph/attributes.ts";
import type { OperatorRecord } from "../../test/reference/reference.ts";

/** Convolutions have separate passes for the gradients with respect to x and to w; other operators have one. */
export type Pass = "forward" | "dataGradient" | "weightGradient" | "gradient";

/**
 * The distribution of an input's values: uniform in -1 .. 1, in 0.5 .. 1.5 or in 0 .. 255, zero, one-hot rows, whole
 * bytes, rows of an affine transform near the identity, or the given numbers.
 */
export type Draw =
  | "uniform"
  | "positive"
  | "pixels"
  | "zero"
  | "oneHot"
  | "bytes"
  | "transforms"
  | readonly number[];

export interface TensorSpec {
  readonly shape: Shape;
  /** f32 by default. */
  readonly dtype?: DType;
  /** "uniform" by default. */
  readonly draw?: Draw;
}

/** Sizes of a case: attributes and inputs by role. */
export interface OperatorForm {
  readonly attrs: RawAttributes;
  readonly inputs: Readonly<Record<string, TensorSpec>>;
}

/** Float64 values that the kernels must match; if nobody reads the end of an output, only its first values. */
export type Reference = Pick<OperatorRecord, "forward" | "gradient">;

export interface OperatorCase {
  /** The operator's name in the registry. */
  readonly op: string;
  /** Unique within the operator. */
  readonly name: string;
  /** The network that the form comes from. */
  readonly of: string;
  /** Part of the default run. */
  readonly isQuick: boolean;
  /** The form that is timed. */
  readonly real: OperatorForm;
  /** A form of the same kind, small enough for the complete float64 reference. */
  readonly small: OperatorForm;
  /** Inputs whose gradients a pass computes; none for the forward pass. */
  readonly passes: Readonly<Partial<Record<Pass, readonly string[]>>>;
  /** Outputs that take an upstream gradient; `y` by default. */
  readonly upstream?: readonly string[];
  /** Inputs that live between steps, each with the output that replaces it. */
  readonly updates?: Readonly<Record<string, string>>;
  /** For operators without a record among the references. */
  readonly reference?: Reference;
  /** Adapter features that it requires. */
  readonly requires?: readonly string[];
  /** Some elements of the real form are computed in float64 as well. */
  readonly isConvolution?: boolean;
  /** Images per run, if the first size of an input gives it: by default the first input's. */
  readonly batch?: number | null;
}

/** `conv2d/3x3_35x48_k64`. */
export function caseName({ op, name }: Pick<OperatorCase, "op" | "name">): string {
  return `${op}/${name}`;
}

export function passesOf({ passes }: OperatorCase): Pass[] {
  return Object.keys(passes) as Pass[];
}

/** Images of one run, null if the operator does not have a number of images (an optimizer). */
export function batchOf({ batch, real }: OperatorCase): number | null {
  return batch === undefined ? (Object.values(real.inputs)[0]?.shape[0] ?? null) : batch;
}

/** A convolution's case with another number of images; undefined for other operators' cases. */
export function withBatch(bench: OperatorCase, batch: number): OperatorCase | undefined {
  const { x, ...others } = bench.real.inputs;
  if (!bench.isConvolution || !x) return undefined;
  const shape = [batch, ...x.shape.slice(1)];
  return { ...bench, real: { ...bench.real, inputs: { x: { ...x, shape }, ...others } } };
}

/** The largest channel count of a small form; larger counts are reduced to one with the same remainder modulo 16. */
const MOST_SMALL_CHANNELS = 80;
const SMALL_CHANNELS = 64;
const SMALL_PIXELS = 10;

/** Fewer channels, with the same fit to vec4s and tiles as far as possible. */
export function fewChannels(channels: number): number {
  return channels <= MOST_SMALL_CHANNELS ? channels : SMALL_CHANNELS + (channels % 16);
}

/** At most `most` pixels; one more if that keeps an odd size odd. */
function fewPixels(pixels: number, most: number): number {
  return pixels <= most ? pixels : most + ((pixels + most) % 2);
}

/** A small shape of the same kind: [N, H, W, C] or [N, C]. */
export function smallShape(shape: Shape, mostPixels = SMALL_PIXELS): number[] {
  const [n = 1, ...rest] = shape;
  const channels = fewChannels(rest.at(-1) ?? 1);
  const pixels = rest.slice(0, -1).map((size) => fewPixels(size, mostPixels));
  return [rest.length === 1 ? Math.min(n, 5) : Math.min(n, 2), ...pixels, channels];
}
