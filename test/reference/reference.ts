// One record per operator: its definition in float64, samples, bad inputs and tolerances, consumed by generic tests over
// the operator registry. Names of inputs, outputs and attributes are GOLDENS.md's.

import { RandomStream } from "../../src/base/random.ts";
import {
  type Attributes,
  type Definition,
  type NamedValues,
  the,
  type Values,
  zeros,
} from "../../src/ops/common/definition.ts";

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

export interface OperatorRecord extends Definition {
  /** The name in GOLDENS.md. */
  readonly op: string;
  samples(): Sample[];
  /** Inputs that have a gradient. */
  readonly differentiable: readonly string[];
  /** Outputs that take an upstream gradient. */
  readonly upstream: readonly string[];
  readonly badInputs?: readonly BadInput[];
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
