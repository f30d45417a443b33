// Every operator against its float64 reference, forward and backward, on all samples of its record; and the
// inputs that it must refuse. All memory of values is NaN beforehand, so an element left out never matches.
import { describe, expect, it } from "vitest";
import { WeftError } from "../../src/base/errors.ts";
import { Graph } from "../../src/graph/graph.ts";
import { OPERATORS } from "../../src/ops/operators.ts";
import { testDevice } from "../device.ts";
import { records } from "../reference/records.ts";
import type { BadInput, OperatorRecord } from "../reference/reference.ts";
import { checkSample, WHOLE_NUMBER_ROLES } from "./check_sample.ts";

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
    it(sample.name, async () => checkSample(await testDevice(), record, sample));
  }

  for (const bad of record.badInputs ?? []) {
    it(`refuses ${bad.name}`, () => {
      expect(() => applyBadInput(record, bad)).toThrow(WeftError);
      expect(() => applyBadInput(record, bad)).toThrow(bad.message);
    });
  }
});
