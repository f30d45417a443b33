// One record per operator: a float64 reference, samples, bad inputs and tolerances, consumed by
// generic tests over the operator registry. Names of inputs, outputs and attributes are GOLDENS.md's.
import { RandomStream } from "../../src/base/random.ts";

/** A dense row-major tensor in float64. */
export interface Values {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Tensors by name: inputs, outputs, or gradients ("d" and the name of what they belong to). */
export type NamedValues = Readonly<Record<string, Values>>;
export type Attributes = Readonly<Record<string, unknown>>;

/** An element matches where |got - want| <= atol + rtol * max|want|; the reason: why not the default. */
export interface SampleTolerance {
  readonly rtol: number;
  readonly atol: number;
  readonly reason: string;
}

export interface Sample {
  /** Unique within its operator. */
  readonly name: string;
  readonly attrs: Attributes;
  /** Exactly representable in float32. An optional input that is not given is absent. */
  readonly inputs: NamedValues;
  readonly tolerance?: SampleTolerance;
  /** On a kink or tie on purpose: kernels must agree with the reference, central differences cannot. */
  readonly onKink?: true;
}

/** What the operator's shape rule must refuse; inputs are shapes, the message must match loosely. */
export interface BadInput {
  readonly name: string;
  readonly attrs: Attributes;
  readonly inputs: Readonly<Record<string, readonly number[]>>;
  readonly message: RegExp;
}

export interface OperatorRecord {
  /** The name in GOLDENS.md. */
  readonly op: string;
  samples(): Sample[];
  forward(inputs: NamedValues, attrs: Attributes): NamedValues;
  /** From "dy" (or "dloss") to "dx", "dw" …: one for each differentiable input that is present. */
  gradient?(inputs: NamedValues, attrs: Attributes, dOutputs: NamedValues): NamedValues;
  /** Inputs that have a gradient. */
  readonly differentiable: readonly string[];
  /** Outputs that take an upstream gradient. */
  readonly upstream: readonly string[];
  readonly badInputs?: readonly BadInput[];
}

/** How many elements a shape holds. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

export function zeros(shape: readonly number[]): Values {
  return { shape: [...shape], data: new Float64Array(sizeOf(shape)) };
}

/** The tensor of that name; throws where it is missing. */
export function the(values: NamedValues, name: string): Values {
  const found = values[name];
  if (!found) throw new Error(`reference: no tensor "${name}" among ${Object.keys(values).join(", ")}`);
  return found;
}

/** The sizes of a shape of known rank. */
export function sizes4(shape: readonly number[]): readonly [number, number, number, number] {
  const [n, h, w, c] = shape;
  if (shape.length !== 4 || n === undefined || h === undefined || w === undefined || c === undefined) {
    throw new Error(`reference: a shape of rank 4 is needed, not [${shape.join(",")}]`);
  }
  return [n, h, w, c];
}

/**
 * Seeded upstream gradients for a sample, by name ("dy", "dloss"), exactly representable in float32.
 * Where the sample has `validRows`, rows of an output [N, …] from there on are zero: as in a training
 * step, in which the loss does not see them.
 */
export function upstreamGradients(record: OperatorRecord, sample: Sample): NamedValues {
  const outputs = record.forward(sample.inputs, sample.attrs);
  const result: Record<string, Values> = {};
  for (const name of record.upstream) {
    const d = zeros(the(outputs, name).shape);
    const stream = new RandomStream(11, `${record.op}/${sample.name}/d${name}`);
    const validRows = d.shape.length > 1 ? sample.inputs.validRows?.data[0] : undefined;
    const end = validRows === undefined ? d.data.length : (validRows * d.data.length) / d.shape[0]!;
    for (let i = 0; i < end; i++) d.data[i] = Math.fround(stream.between(-1, 1));
    result[`d${name}`] = d;
  }
  return result;
}
