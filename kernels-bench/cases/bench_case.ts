// What an operator's case is: one form of the operator that a network has, a smaller one of the same kind on
// which it is checked as a whole, and the passes that are timed.

import type { DType, Shape } from "../../src/base/tensors.ts";
import type { RawAttributes } from "../../src/graph/attributes.ts";
import type { OperatorRecord } from "../../test/reference/reference.ts";

/** The gradients of convolutions by x and by w are passes of their own; other operators have one. */
export type Pass = "forward" | "dataGradient" | "weightGradient" | "gradient";

/**
 * How the values of an input are drawn: uniform in -1 .. 1, in 0.5 .. 1.5, in 0 .. 255, zero, one-hot rows, whole bytes,
 * rows of an affine transform near the identity, or these very numbers.
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

/** Float64 values that the kernels must meet; of an output whose end nobody reads, the first of them. */
export type Reference = Pick<OperatorRecord, "forward" | "gradient">;

export interface OperatorCase {
  /** The operator's name in the registry. */
  readonly op: string;
  /** Unique within the operator. */
  readonly name: string;
  /** The network that it is taken from. */
  readonly of: string;
  /** Part of the default run. */
  readonly isQuick: boolean;
  /** What is timed. */
  readonly real: OperatorForm;
  /** The same kind of form, small enough for the whole float64 reference. */
  readonly small: OperatorForm;
  /** Inputs whose gradients a pass computes; the forward pass none. */
  readonly passes: Readonly<Partial<Record<Pass, readonly string[]>>>;
  /** Outputs that take an upstream gradient; `y` by default. */
  readonly upstream?: readonly string[];
  /** Inputs that live between steps, each with the output that replaces it. */
  readonly updates?: Readonly<Record<string, string>>;
  /** For operators without a record among the references. */
  readonly reference?: Reference;
  /** Adapter features without which it cannot run. */
  readonly requires?: readonly string[];
  /** Some elements of the real form are summed up in float64 as well. */
  readonly isConvolution?: boolean;
  /** Images that one run handles, where it is the first size of an input: by default that of the first input. */
  readonly batch?: number | null;
}

/** `conv2d/3x3_35x48_k64`. */
export function caseName({ op, name }: Pick<OperatorCase, "op" | "name">): string {
  return `${op}/${name}`;
}

export function passesOf({ passes }: OperatorCase): Pass[] {
  return Object.keys(passes) as Pass[];
}

/** Images of one run, null where the operator knows none (an optimizer). */
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

/** The most channels that a small form keeps; beyond, as many as leave the same rest by 16. */
const MOST_SMALL_CHANNELS = 80;
const SMALL_CHANNELS = 64;
const SMALL_PIXELS = 10;

/** Fewer channels, of the same kind as far as vectors and tiles go. */
export function fewChannels(channels: number): number {
  return channels <= MOST_SMALL_CHANNELS ? channels : SMALL_CHANNELS + (channels % 16);
}

/** At most `most` pixels and one more where that keeps an odd size odd. */
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
