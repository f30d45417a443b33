// Every operator against its float64 reference, forward and backward, on all samples of its record; and the
// inputs that it must refuse. All memory of values is NaN beforehand, so an element left out never matches.
import { describe, expect, it } from "vitest";
import { WeftError } from "../../src/base/errors.ts";
import { type HostTensor, runOperator } from "../../src/golden/run_operator.ts";
import { Graph } from "../../src/graph/graph.ts";
import { OPERATORS } from "../../src/ops/operators.ts";
import { testDevice } from "../device.ts";
import { expectMatch } from "../reference/compare.ts";
import { records } from "../reference/records.ts";
import {
  type BadInput,
  type NamedValues,
  type OperatorRecord,
  type Sample,
  the,
  upstreamGradients,
  type Values,
} from "../reference/reference.ts";

/** Inputs that are whole numbers on the GPU as well. */
const WHOLE_NUMBER_ROLES: ReadonlySet<string> = new Set(["validRows"]);

function hostTensor(role: string, { shape, data }: Values): HostTensor {
  return { shape, data: WHOLE_NUMBER_ROLES.has(role) ? Uint32Array.from(data) : Float32Array.from(data) };
}

function hostTensors(values: NamedValues): Record<string, HostTensor> {
  return Object.fromEntries(Object.entries(values).map(([role, value]) => [role, hostTensor(role, value)]));
}

async function checkSample(record: OperatorRecord, sample: Sample): Promise<void> {
  const { inputs, attrs, tolerance } = sample;
  const outputs = record.forward(inputs, attrs);
  const upstream = record.gradient ? upstreamGradients(record, sample) : {};
  const gradients = record.gradient?.(inputs, attrs, upstream) ?? {};
  const got = await runOperator(await testDevice(), {
    op: record.op,
    attrs,
    inputs: hostTensors(inputs),
    outputs: Object.keys(outputs),
    grads: Object.keys(gradients),
    upstream: hostTensors(upstream),
  });
  const wanted = { ...outputs, ...gradients };
  for (const role of Object.keys(wanted)) {
    const want = the(wanted, role);
    expectMatch(
      `${record.op}, ${sample.name}: ${role}`,
      { shape: want.shape, data: got[role] ?? [] },
      want,
      tolerance,
    );
  }
}

function applyBadInput(record: OperatorRecord, { inputs, attrs }: BadInput): void {
  const operator = OPERATORS.get(record.op);
  if (!operator) throw new Error(`no operator ${record.op}`);
  const graph = new Graph();
  const tensors = Object.entries(inputs).map(([role, shape]) => {
    return [role, graph.input(role, shape, WHOLE_NUMBER_ROLES.has(role) ? "u32" : "f32")];
  });
  graph.apply(operator, Object.fromEntries(tensors), attrs);
}

describe.each(records.map((record) => ({ op: record.op, record })))("$op", ({ record }) => {
  for (const sample of record.samples()) {
    it(sample.name, () => checkSample(record, sample));
  }

  for (const bad of record.badInputs ?? []) {
    it(`refuses ${bad.name}`, () => {
      expect(() => applyBadInput(record, bad)).toThrow(WeftError);
      expect(() => applyBadInput(record, bad)).toThrow(bad.message);
    });
  }
});
