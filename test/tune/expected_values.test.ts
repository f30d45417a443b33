// The checks in double precision against the kernels, which other tests compare with Keras and with references of
// their own: every operator that has a choice can be checked, and what is right passes.

import { describe, expect, it } from "vitest";
import type { GpuDevice } from "../../src/gpu/device.ts";
import { Graph, type GraphNode } from "../../src/graph/graph.ts";
import { liveNodes } from "../../src/graph/live_nodes.ts";
import type { StepValues } from "../../src/graph/plan.ts";
import { layOutPlan } from "../../src/graph/plan_layout.ts";
import { conv2d } from "../../src/ops/conv2d/conv2d.ts";
import { layOutTrainingStep } from "../../src/training/network.ts";
import { expectedElements } from "../../src/tune/expected_values.ts";
import { drawInputs, isolate, type LoneNode, layOutTrial, NodeTrial } from "../../src/tune/node_trial.ts";
import { distinctNodes } from "../../src/tune/tuner.ts";
import { differenceBetween, differenceFrom } from "../../src/tune/verification.ts";
import { testDevice } from "../device.ts";
import { recordGraph } from "../reference/record_graph.ts";
import { records } from "../reference/records.ts";
import type { OperatorRecord, Sample } from "../reference/reference.ts";
import { SMALL_STEP } from "../training/step.ts";

/** Every so many samples of an operator. */
const STRIDE = 3;

/** The nodes of one sample, forward and backward, that have a choice, on GPUs at least. */
function nodesOf(
  record: OperatorRecord,
  sample: Sample,
  facts: Parameters<typeof layOutPlan>[2],
): GraphNode[] {
  const { graph, wanted } = recordGraph(record, sample);
  const hasGpuChoice = ({ operator: { name } }: GraphNode) => /^(conv2d|dense)/.test(name);
  const chosen = new Set(layOutPlan(graph, wanted, facts).choices.map(({ node }) => node));
  return liveNodes(graph, Object.values(wanted)).filter((node) => chosen.has(node) || hasGpuChoice(node));
}

/** What the kernels make of the inputs. */
async function valuesOf(
  device: GpuDevice,
  lone: LoneNode,
  inputs: ReturnType<typeof drawInputs>,
): Promise<StepValues> {
  const limits = { maxBytes: 2 ** 28, now: () => performance.now() / 1000 };
  const trial = await NodeTrial.compile(device, layOutTrial(lone, device.facts, {}), inputs, limits);
  try {
    return await trial.run();
  } finally {
    trial.destroy();
  }
}

describe("expected values", () => {
  const choosing = ["conv2d", "depthwiseConv2d", "dense", "batchNorm"];

  it.each(choosing)("of %s and its gradients are what the kernels compute", async (op) => {
    const device = await testDevice();
    const { facts } = device;
    const record = records.find((one) => one.op === op);
    if (!record) throw new Error(`no record of ${op}`);
    const checked = new Set<string>();
    for (const sample of record.samples().filter((_, i) => i % STRIDE === 0)) {
      for (const node of nodesOf(record, sample, facts)) {
        const lone = isolate(node, facts);
        const inputs = drawInputs(lone.node);
        const expected = expectedElements(lone.node, inputs);
        if (!expected) throw new Error(`${node.operator.name} has a choice and no definition to check it by`);
        const values = await valuesOf(device, lone, inputs);
        expect(differenceFrom(values, expected), `${sample.name}: ${lone.key}`).toBeUndefined();
        const [first] = expected;
        const spoilt = {
          ...values,
          [first?.role ?? ""]: new Float32Array(values[first?.role ?? ""]?.length ?? 0).fill(1e3),
        };
        expect(differenceFrom(spoilt, expected)).toMatch(/\[\d+\] is 1000, expected/);
        checked.add(node.operator.name);
      }
    }
    expect([...checked].some((name) => name.startsWith(op))).toBe(true);
  });

  it("of a convolution with batch norm, residual sum and activation folded in are what the kernels compute", async () => {
    const device = await testDevice();
    const graph = new Graph();
    const inputs = {
      x: graph.input("x", [2, 7, 6, 8]),
      w: graph.input("w", [3, 3, 8, 12]),
      b: graph.input("b", [12]),
      statistics: graph.input("statistics", [4, 12]),
      addend: graph.input("addend", [2, 7, 6, 12]),
    };
    const attrs = { padding: "same", activation: "relu6", residualScale: 0.3 } as const;
    const lone = isolate(graph.add(conv2d, inputs, attrs), device.facts);
    const drawn = drawInputs(lone.node);
    const expected = expectedElements(lone.node, drawn) ?? [];
    expect(expected.some(({ value }) => value === 0)).toBe(true);
    expect(expected.some(({ value }) => value > 0)).toBe(true);
    expect(differenceFrom(await valuesOf(device, lone, drawn), expected)).toBeUndefined();
  });

  it("of f16 tensors allow for f16's rounding, and for no more (requires shader-f16)", async (context) => {
    const device = await testDevice();
    const { facts } = device;
    context.skip(!facts.features.has("shader-f16"), "requires shader-f16");
    const ofGpus = { ...facts, family: "gpu" } as const; // more operators have a choice there
    const keysOf = (precision: "f32" | "mixed") =>
      distinctNodes([layOutTrainingStep({ ...SMALL_STEP, precision }, ofGpus).layout]);
    const narrow = keysOf("mixed").filter(({ node }) => node.inputs.x?.dtype === "f16");
    const plain = new Set(keysOf("f32").map(({ key }) => key));
    expect(narrow.filter(({ key }) => plain.has(key))).toEqual([]);
    const firsts = new Map(narrow.map((one) => [one.node.operator.name, one.node]));
    expect([...firsts.keys()]).toEqual(expect.arrayContaining(["conv2d", "conv2dWeightGradient"]));
    let rounded = 0;
    for (const [name, node] of firsts) {
      const lone = isolate(node, facts);
      const inputs = drawInputs(lone.node);
      const expected = expectedElements(lone.node, inputs) ?? [];
      const values = await valuesOf(device, lone, inputs);
      expect(differenceFrom(values, expected), name).toBeUndefined();
      for (const { role, index, value, allowed } of expected) {
        expect(allowed).toBeLessThan(1e-3 * Math.max(1, Math.abs(value)));
        const got = values[role] ?? new Float32Array();
        if (got[index] !== Math.fround(value)) rounded++;
        const spoilt = { ...values, [role]: got.map((one, i) => (i === index ? one + 3 * allowed : one)) };
        expect(differenceFrom(spoilt, expected)).toContain(`${role}[${index}]`);
      }
    }
    expect(rounded).toBeGreaterThan(0);
  });

  it("of two ways may be neighbours in f16", () => {
    const [got, reference] = [{ y: Float32Array.of(1, 0.5) }, { y: Float32Array.of(1 + 2 ** -10, 0.5) }];
    expect(differenceBetween(got, reference)).toMatch(/y\[0\] is 1/);
    expect(differenceBetween(got, reference, new Set(["y"]))).toBeUndefined();
    const far = { y: Float32Array.of(1 + 2 ** -9, 0.5) };
    expect(differenceBetween(far, { y: Float32Array.of(1, 0.5) }, new Set(["y"]))).toMatch(/y\[0\]/);
  });

  it("exist for every operator that has a choice", async () => {
    const { facts } = await testDevice();
    const lacking = new Set<string>();
    for (const family of ["cpu", "gpu"] as const) {
      for (const record of records) {
        for (const sample of record.samples()) {
          for (const node of nodesOf(record, sample, { ...facts, family })) {
            const lone = isolate(node, facts);
            if (!expectedElements(lone.node, drawInputs(lone.node))) lacking.add(node.operator.name);
          }
        }
      }
    }
    expect([...lacking]).toEqual([]);
  });
});
