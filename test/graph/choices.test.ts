// Choices among kernels: the operator's own guess without a table, what the table names with one, and the same bits
// every time with the same table.

import { describe, expect, it } from "vitest";
import type { DeviceFacts, TuningTable } from "../../src/gpu/device.ts";
import { VariableStore } from "../../src/gpu/variables.ts";
import { changedChoices } from "../../src/graph/choices.ts";
import { Graph } from "../../src/graph/graph.ts";
import { Plan } from "../../src/graph/plan.ts";
import { layOutPlan } from "../../src/graph/plan_layout.ts";
import { batchNorm } from "../../src/ops/batch_norm/batch_norm.ts";
import { conv2dWeightGradient } from "../../src/ops/conv2d/conv2d.ts";
import { relu } from "../../src/ops/elementwise/activations.ts";
import { testDevice } from "../device.ts";

const FACTS: DeviceFacts = {
  family: "cpu",
  features: new Set(),
  subgroupSize: 8,
  maxBindingBytes: 2 ** 30,
  maxBufferBytes: 2 ** 30,
  maxWorkgroupsPerDimension: 65535,
  maxWorkgroupMemoryBytes: 32768,
};
const PIXELS = [4, 9, 8, 16] as const;

function weightGradient() {
  const graph = new Graph();
  const [x, dy] = [graph.input("x", PIXELS), graph.input("dy", PIXELS)];
  const dw = graph.applyOne(conv2dWeightGradient, { x, dy }, { kernelSize: [5, 5], padding: "same" });
  return { graph, dw };
}

function layOut(facts: DeviceFacts, tuning?: TuningTable) {
  const { graph, dw } = weightGradient();
  return layOutPlan(graph, { dw }, tuning ? { ...facts, tuning } : facts);
}

const only = <T>(list: readonly T[]): T => {
  expect(list).toHaveLength(1);
  return list[0] as T;
};

/** Partial sums of the first dispatch. */
const splitsOf = ({ memory }: ReturnType<typeof layOut>) => {
  const [first] = memory.commands;
  return first?.kind === "dispatch" ? first.uniforms.splits : undefined;
};

describe("choices", () => {
  it("are the operator's own without a table", () => {
    const layout = layOut(FACTS);
    const { choices } = only(layout.choices);
    const { what, names, chosen } = only(choices);
    expect([what, chosen]).toEqual(["splits", names[0]]);
    expect(new Set(names).size).toBe(names.length);
    expect(names.length).toBeGreaterThan(2);
    expect(changedChoices(layout.choices)).toEqual({});
  });

  it("are the table's with one, and are told as changed", () => {
    const { key, choices } = only(layOut(FACTS).choices);
    for (const name of only(choices).names.slice(1)) {
      const layout = layOut(FACTS, new Map([[key, { splits: name }]]));
      expect(String(splitsOf(layout))).toBe(name);
      expect(changedChoices(layout.choices)).toEqual({ [key]: { splits: name } });
    }
  });

  it("are the operator's own where the table names what is no candidate", () => {
    const { key } = only(layOut(FACTS).choices);
    const layout = layOut(FACTS, new Map([[key, { splits: "12345", tile: "8x8" }]]));
    expect(splitsOf(layout)).toBe(splitsOf(layOut(FACTS)));
    expect(changedChoices(layout.choices)).toEqual({});
  });

  it("have a key that tells families and shapes apart, and no others than operators with a choice", () => {
    const key = only(layOut(FACTS).choices).key;
    expect(key).toMatch(
      /^conv2dWeightGradient x\[4,9,8,16\] dy\[4,9,8,16\] dw\[5,5,16,16\] .*padding="same"/,
    );
    expect(only(layOut({ ...FACTS, subgroupSize: 4 }).choices).key).not.toBe(key);
    const graph = new Graph();
    const y = graph.applyOne(relu, { x: graph.input("x", [8]) });
    expect(layOutPlan(graph, { y }, FACTS).choices).toEqual([]);
  });

  it("share a key where only factors of the arithmetic differ", () => {
    const keyOf = (attrs: object) => {
      const graph = new Graph();
      const inputs = {
        x: graph.input("x", PIXELS),
        movingMean: graph.input("mean", [16]),
        movingVariance: graph.input("variance", [16]),
      };
      const { y } = graph.apply(batchNorm, inputs, { training: true, ...attrs });
      return only(layOutPlan(graph, { y: y as NonNullable<typeof y> }, FACTS).choices).key;
    };
    expect(keyOf({ momentum: 0.9, epsilon: 1e-5 })).toBe(keyOf({ momentum: 0.99, activation: "relu" }));
  });

  it("give the same bits with the same table, and right numbers with any", async () => {
    const device = await testDevice();
    const { key, choices } = only(layOut(device.facts).choices);
    const x = Float32Array.from({ length: 4 * 9 * 8 * 16 }, (_, i) => Math.sin(i));
    const dy = x.map((value, i) => value * Math.cos(3 * i));
    const run = async (name: string) => {
      const { what } = only(choices);
      const layout = layOut(device.facts, new Map([[key, { [what]: name }]]));
      const plan = await Plan.compile(device, layout, new VariableStore(device));
      const { dw = new Float32Array() } = await plan.run({ x, dy });
      plan.destroy();
      return dw;
    };
    const { names } = only(choices);
    const reference = await run(names[0] ?? "");
    const largest = Math.max(...reference.map(Math.abs));
    for (const name of names) {
      const values = await run(name);
      expect(values).toEqual(await run(name));
      const error = Math.max(...values.map((value, i) => Math.abs(value - (reference[i] ?? Number.NaN))));
      expect(error).toBeLessThan(1e-5 * largest);
    }
  });
});
