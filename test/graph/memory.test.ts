// Memory planning: values that live at one time share nothing, those that do not share slots, and updates
// in place leave the old value to whoever still reads it.

import { describe, expect, it } from "vitest";
import { byteSize } from "../../src/base/tensors.ts";
import { VariableStore } from "../../src/gpu/variables.ts";
import { Graph, type Tensor } from "../../src/graph/graph.ts";
import { Plan } from "../../src/graph/plan.ts";
import { layOutPlan, type PlanLayout } from "../../src/graph/plan_layout.ts";
import { add } from "../../src/ops/elementwise/binary.ts";
import { pack } from "../../src/ops/layout/pack.ts";
import { increment } from "../../src/ops/optimizers/increment.ts";
import { layOutTrainingStep } from "../../src/training/network.ts";
import { testDevice } from "../device.ts";
import { SMALL_STEP } from "../training/step.ts";

/** The commands between which each placed value lives, by its bytes in a slot. */
function lives({ memory }: PlanLayout) {
  const found = new Map<Tensor, { slot: number; start: number; end: number; first: number; last: number }>();
  memory.commands.forEach((command, index) => {
    const tensors = command.kind === "dispatch" ? Object.values(command.tensors) : [command.from, command.to];
    for (const tensor of tensors) {
      const place = memory.places.get(tensor);
      if (place?.kind !== "slot") continue;
      const start = place.offset;
      const life = found.get(tensor) ?? {
        slot: place.slot,
        start,
        end: start + byteSize(tensor),
        first: index,
        last: index,
      };
      life.last = index;
      found.set(tensor, life);
    }
  });
  return found;
}

describe("memory planning", () => {
  it("never puts two live values of a training step in one place", async () => {
    const { layout } = layOutTrainingStep(SMALL_STEP, (await testDevice()).facts);
    const all = [...lives(layout).values()];
    expect(all.length).toBeGreaterThan(300);
    const clashes = all.flatMap((a, i) =>
      all.slice(i + 1).filter((b) => {
        const together = a.first <= b.last && b.first <= a.last;
        return a.slot === b.slot && together && a.start < b.end && b.start < a.end;
      }),
    );
    expect(clashes).toEqual([]);
  });

  it("reuses memory: a training step takes less than half of the sum of its values", async () => {
    const { layout } = layOutTrainingStep(SMALL_STEP, (await testDevice()).facts);
    const sum = [...lives(layout).keys()].reduce((total, tensor) => total + byteSize(tensor), 0);
    expect(layout.statistics.valueBytes).toBeLessThan(sum / 2);
  });

  it("copies before an update in place where the old value is still read", async () => {
    const device = await testDevice();
    const graph = new Graph();
    const a = graph.input("a", [3]);
    const sum = graph.applyOne(add, { a, b: a });
    const next = graph.applyOne(increment, { x: sum });
    const both = graph.applyOne(add, { a: sum, b: next });
    const plan = await Plan.compile(
      device,
      layOutPlan(graph, { both, next }, device.facts),
      new VariableStore(device),
    );
    const values = await plan.run({ a: new Float32Array([1, 2, 3]) });
    expect([...(values.next ?? [])]).toEqual([3, 5, 7]);
    expect([...(values.both ?? [])]).toEqual([5, 9, 13]);
    plan.destroy();
  });

  it("stores an update in its variable, and copies into a pack what is not computed there", async () => {
    const device = await testDevice();
    const graph = new Graph();
    const counter = graph.variable("counter", [2]);
    const counted = graph.applyOne(increment, { x: counter });
    graph.assign(counter, counted);
    const x = graph.input("x", [2]);
    const offsets = [0, 64, 128];
    const packed = graph.applyOne(pack, { x0: counted, x1: x, x2: x }, { offsets, elements: 130 });
    const store = new VariableStore(device);
    store.declare({ name: "counter", shape: [2], dtype: "f32" });
    const plan = await Plan.compile(device, layOutPlan(graph, { packed }, device.facts), store);
    for (let step = 0; step < 2; step++) await plan.run({ x: new Float32Array([7, 8]) });
    const values = (await plan.run({ x: new Float32Array([7, 8]) })).packed ?? new Float32Array();
    expect([values[0], values[1], values[64], values[65], values[128], values[129]]).toEqual([
      3, 3, 7, 8, 7, 8,
    ]);
    expect([...((await store.read(["counter"])).get("counter") ?? [])]).toEqual([3, 3]);
    plan.destroy();
    store.destroy();
  });
});
