// cast and narrowArena: what f16 makes of numbers, there and back, and weights that are narrowed together. They
// need an adapter with shader-f16.
import { describe, expect, it } from "vitest";
import { type VariableSpec, VariableStore } from "../../../src/gpu/variables.ts";
import { differentiate } from "../../../src/graph/differentiate.ts";
import { Graph } from "../../../src/graph/graph.ts";
import { Plan } from "../../../src/graph/plan.ts";
import { layOutPlan } from "../../../src/graph/plan_layout.ts";
import { relu } from "../../../src/ops/elementwise/activations.ts";
import { sumOf } from "../../../src/ops/elementwise/sum.ts";
import { castTo } from "../../../src/ops/mixed_precision/cast.ts";
import { mergeWeightCasts } from "../../../src/passes/merge_weight_casts.ts";
import { testDevice } from "../../device.ts";

const device = await testDevice();
const hasF16 = device.facts.features.has("shader-f16");

describe.skipIf(!hasF16)("cast (requires shader-f16)", () => {
  it.each([1, 7, 8, 1000])("rounds %i elements to f16, and those beyond it to infinity", async (count) => {
    const graph = new Graph();
    const x = graph.input("x", [count]);
    const y = castTo(graph, x, "f16");
    expect(castTo(graph, y, "f16")).toBe(y);
    const back = castTo(graph, graph.applyOne(relu, { x: y }), "f32");
    const plan = await Plan.compile(
      device,
      layOutPlan(graph, { y, back }, device.facts),
      new VariableStore(device),
    );
    try {
      plan.poison();
      const values = [0.1, 1e6, -3, -1e6, 2049, 1e-9, 1 / 3];
      const rounded = [0.0999755859375, Infinity, -3, -Infinity, 2048, 0, 0.333251953125];
      const got = await plan.run({ x: Float32Array.from({ length: count }, (_, i) => values[i % 7] ?? 0) });
      expect(got.y).toEqual(Float32Array.from({ length: count }, (_, i) => rounded[i % 7] ?? 0));
      expect([...(got.back ?? [])].slice(0, 1)).toEqual([0.0999755859375]);
      expect(got.back).toHaveLength(count);
      expect(Math.min(...(got.back ?? []))).toBeGreaterThanOrEqual(0);
    } finally {
      plan.destroy();
    }
  });

  it("casts gradients back, and leaves those alone that are f32 already", () => {
    const graph = new Graph();
    const x = graph.input("x", [4]);
    const y = castTo(graph, x, "f16");
    const half = castTo(graph, graph.input("dy", [4]), "f16");
    const of = (gradient: typeof half) => differentiate(graph, [{ tensor: y, gradient }], [x], sumOf).get(x);
    const back = of(half);
    expect(back?.dtype).toBe("f32");
    expect(back && graph.makerOf(back)?.operator.name).toBe("cast");
    const full = graph.input("full", [4]);
    expect(of(full)).toBe(full);
  });

  it("becomes one narrowArena for all weights of an arena", async () => {
    const graph = new Graph();
    const specs = [
      { name: "a", shape: [130], dtype: "f32" },
      { name: "b", shape: [3], dtype: "f32" },
      { name: "c", shape: [5], dtype: "f32" },
    ] as const satisfies VariableSpec[];
    const members = [
      { name: "a", offset: 0 },
      { name: "b", offset: 256 },
      { name: "c", offset: 384 },
    ];
    const arenas = [{ name: "arena", elements: 512, members }];
    const outputs = Object.fromEntries(
      (["c", "a"] as const).map((name) => {
        const weight = graph.variable(name, specs.find((spec) => spec.name === name)?.shape ?? []);
        return [name, graph.applyOne(relu, { x: castTo(graph, weight, "f16") })];
      }),
    );
    mergeWeightCasts(graph, arenas);
    const whole = graph.nodes[0];
    expect(whole?.attrs).toEqual({ offsets: [0, 384], shapes: [[130], [5]] });
    expect(graph.nodes.map(({ operator }) => operator.name)).toEqual(["narrowArena", "relu", "relu"]);
    await VariableStore.with(device, async (store) => {
      store.declareArenas(arenas, specs);
      const numbers = (count: number, first: number) =>
        Float32Array.from({ length: count }, (_, i) => first + i);
      for (const [i, { name, shape }] of specs.entries()) store.write(name, numbers(shape[0] ?? 0, 100 * i));
      const plan = await Plan.compile(device, layOutPlan(graph, outputs, device.facts), store);
      plan.poison();
      expect(await plan.run()).toEqual({ c: numbers(5, 200), a: numbers(130, 0) });
      plan.destroy();
      store.destroy();
    });
  });
});
