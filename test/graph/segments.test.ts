// Segments: a step that runs in parts leaves the same bits as one that runs at once, and between the parts the host reads
// and replaces the gradients.

import { beforeAll, describe, expect, it } from "vitest";
import type { GpuDevice } from "../../src/gpu/device.ts";
import { VariableStore } from "../../src/gpu/variables.ts";
import { Graph } from "../../src/graph/graph.ts";
import { SEGMENTS } from "../../src/graph/node.ts";
import { Plan, type StepValues } from "../../src/graph/plan.ts";
import { layOutPlan } from "../../src/graph/plan_layout.ts";
import { gradientName } from "../../src/nn/optimizers.ts";
import { relu } from "../../src/ops/elementwise/activations.ts";
import type { TrainingStepConfig } from "../../src/training/network.ts";
import { testDevice } from "../device.ts";
import { type RunningStep, SMALL_STEP, startStep, stepInputs } from "../training/step.ts";

const SGD: TrainingStepConfig = { ...SMALL_STEP, optimizer: { name: "sgd" } };

/** What one step does, and the weights and moments that it leaves. */
async function train(
  device: GpuDevice,
  config: TrainingStepConfig,
  runStep: (running: RunningStep, step: number) => Promise<StepValues>,
) {
  const running = await startStep(device, config);
  const { plan, store } = running;
  try {
    plan.poison();
    const values: StepValues[] = [];
    for (let step = 0; step < 2; step++) values.push(await runStep(running, step));
    return { values, variables: await store.read(store.names) };
  } finally {
    plan.destroy();
    store.destroy();
  }
}

/** The names of the packed gradients. */
const gradientsOf = ({ step }: RunningStep) => step.trainableArenas.map(gradientName);

describe("the segments of a step", () => {
  let device: GpuDevice;
  beforeAll(async () => {
    device = await testDevice();
  });

  const atOnce = (config: TrainingStepConfig) =>
    train(device, config, ({ plan }, step) => plan.run(stepInputs(config, step)));

  const oneByOne = (config: TrainingStepConfig) =>
    train(device, config, async ({ plan }, step) => {
      let values: StepValues = {};
      let inputs = stepInputs(config, step);
      for (const segment of SEGMENTS) {
        const ofSegment = await plan.run(inputs, { segments: [segment] });
        expect(Object.keys(ofSegment).filter((name) => name in values)).toEqual([]);
        values = { ...values, ...ofSegment };
        inputs = {};
      }
      return values;
    });

  it("one by one leave the same bits as all at once", async () => {
    const whole = await atOnce(SMALL_STEP);
    expect(whole.variables.size).toBeGreaterThan(100);
    expect(await oneByOne(SMALL_STEP)).toEqual(whole);
  });

  it("do so in mixed precision (requires shader-f16)", async (context) => {
    if (!device.facts.features.has("shader-f16")) return context.skip("requires shader-f16");
    const config = { ...SMALL_STEP, precision: "mixed" } as const;
    const whole = await atOnce(config);
    expect(Object.keys(whole.values[0] ?? {})).toEqual(["loss", "accuracy", "lossScale"]);
    expect(await oneByOne(config)).toEqual(whole);
  });

  it("let the host read the gradients and put them back", async () => {
    const whole = await atOnce(SGD);
    const handed = await train(device, SGD, async (running, step) => {
      const { plan } = running;
      const values = await plan.run(stepInputs(SGD, step), { segments: ["forwardBackward"] });
      const gradients = await plan.readHandedOut();
      expect(Object.keys(gradients)).toEqual(gradientsOf(running));
      for (const [name, read] of Object.entries(gradients)) {
        expect(read.some((value) => value !== 0)).toBe(true);
        plan.replaceHandedOut(name, new Float32Array(read.length).fill(Number.NaN));
        plan.replaceHandedOut(name, read);
      }
      expect(await plan.run({}, { segments: ["exchange", "update"] })).toEqual({});
      return values;
    });
    expect(handed.values).toEqual(whole.values);
    expect(handed.variables).toEqual(whole.variables);
  });

  it("update by what the host has put in the gradients' place", async () => {
    const running = await startStep(device, SGD);
    const { plan, store, step } = running;
    try {
      const [kernel] = step.weights;
      if (!kernel) throw new Error("no weights");
      const read = async () => (await store.read([kernel.name])).get(kernel.name) ?? new Float32Array();
      const before = await read();
      await plan.run(stepInputs(SGD, 0), { segments: ["forwardBackward"] });
      for (const [i, name] of gradientsOf(running).entries()) {
        plan.replaceHandedOut(name, new Float32Array(step.trainableArenas[i]?.elements ?? 0).fill(0.5));
      }
      expect(await read()).toEqual(before);
      await plan.run({}, { segments: ["exchange", "update"] });
      const after = await read();
      const want = before.map((value) => value - 0.5 * 1e-3);
      const off = after.map((value, i) => Math.abs(value - (want[i] ?? Number.NaN)));
      expect(Math.max(...off)).toBeLessThan(1e-7);
    } finally {
      plan.destroy();
      store.destroy();
    }
  });

  it("are cut where they change: dead nodes and the order of segments are looked after", () => {
    const graph = new Graph();
    const x = graph.input("x", [4]);
    const y = graph.applyOne(relu, { x });
    const z = graph.inSegment("update", () => graph.applyOne(relu, { x: y }));
    const { memory } = layOutPlan(graph, { z }, device.facts);
    expect(memory.segmentEnds).toEqual({ forwardBackward: 1, exchange: 1, update: 2 });
    expect(() => graph.handOut("z", z)).toThrow(/z cannot be handed out/);
    const late = graph.applyOne(relu, { x: z });
    expect(() => layOutPlan(graph, { late }, device.facts)).toThrow(
      /of forwardBackward runs after one of update/,
    );
  });

  it("refuse names that are not handed out and values that do not fit", async () => {
    const graph = new Graph();
    const y = graph.applyOne(relu, { x: graph.input("x", [4]) });
    graph.handOut("gradients", y);
    const plan = await Plan.compile(
      device,
      layOutPlan(graph, { y }, device.facts),
      new VariableStore(device),
    );
    try {
      await expect(plan.readHandedOut(["weights"])).rejects.toThrow(/called weights; it has gradients/);
      expect(() => plan.replaceHandedOut("gradients", new Float32Array(3))).toThrow(
        "gradients is [4] and does not take 3 values",
      );
      await plan.run({ x: new Float32Array([1, -2, 3, -4]) });
      expect(await plan.readHandedOut()).toEqual({ gradients: new Float32Array([1, 0, 3, 0]) });
    } finally {
      plan.destroy();
    }
  });
});
