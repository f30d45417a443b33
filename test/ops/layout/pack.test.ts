// pack: values computed in place inside the packed tensor and values that must be copied into it.
import { describe, expect, it } from "vitest";
import { VariableStore } from "../../../src/gpu/variables.ts";
import { Graph } from "../../../src/graph/graph.ts";
import { Plan } from "../../../src/graph/plan.ts";
import { layOutPlan } from "../../../src/graph/plan_layout.ts";
import { relu } from "../../../src/ops/elementwise/activations.ts";
import { pack } from "../../../src/ops/layout/pack.ts";
import { testDevice } from "../../device.ts";

const numbers = (count: number, start: number) => Float32Array.from({ length: count }, (_, i) => start + i);

describe("pack", () => {
  it("lays its inputs at their offsets, computed in place or copied", async () => {
    const device = await testDevice();
    const graph = new Graph();
    const a = graph.input("a", [5, 7]);
    const b = graph.input("b", [3]);
    const inPlace = graph.applyOne(relu, { x: a });
    const readElsewhere = graph.applyOne(relu, { x: b });
    const packed = graph.applyOne(
      pack,
      { x0: inPlace, x1: b, x2: readElsewhere },
      { offsets: [64, 0, 128], elements: 131 },
    );
    const outputs = { packed, readElsewhere };
    const plan = await Plan.compile(
      device,
      layOutPlan(graph, outputs, device.facts),
      new VariableStore(device),
    );
    try {
      plan.poison();
      const got = await plan.run({ a: numbers(35, 10), b: numbers(3, 500) });
      expect(got.packed?.slice(64, 64 + 35)).toEqual(numbers(35, 10));
      expect(got.packed?.slice(0, 3)).toEqual(numbers(3, 500));
      expect(got.packed?.slice(128, 131)).toEqual(numbers(3, 500));
      expect(got.readElsewhere).toEqual(numbers(3, 500));
    } finally {
      plan.destroy();
    }
  });

  it("copies a value that it holds twice, as the gradient of a sum of two weights", async () => {
    const device = await testDevice();
    const graph = new Graph();
    const x = graph.applyOne(relu, { x: graph.input("a", [5]) });
    const other = graph.applyOne(relu, { x });
    const packed = graph.applyOne(
      pack,
      { x0: x, x1: other, x2: x },
      { offsets: [0, 64, 128], elements: 133 },
    );
    const layout = layOutPlan(graph, { packed }, device.facts);
    expect(layout.memory.commands.map(({ kind }) => kind)).toEqual(["dispatch", "dispatch", "copy", "copy"]);
    const plan = await Plan.compile(device, layout, new VariableStore(device));
    try {
      plan.poison();
      const got = await plan.run({ a: numbers(5, 10) });
      for (const at of [0, 64, 128]) expect(got.packed?.slice(at, at + 5)).toEqual(numbers(5, 10));
    } finally {
      plan.destroy();
    }
  });

  it("refuses offsets that cannot be bound, and too few of them", () => {
    const graph = new Graph();
    const x0 = graph.input("x0", [8]);
    const x1 = graph.input("x1", [8]);
    expect(() => graph.apply(pack, { x0, x1 }, { offsets: [0, 8], elements: 128 })).toThrow(/pack: offsets/);
    expect(() => graph.apply(pack, { x0, x1 }, { offsets: [0, 64], elements: 71 })).toThrow(/pack: offsets/);
    expect(() => graph.apply(pack, { x0, x1 }, { offsets: [0], elements: 128 })).toThrow(
      /pack: 2 tensors but 1/,
    );
  });
});
