// What a plan promises: nothing is made in the step loop, memory is exactly as stated, pipelines are few,
// and engines know nothing of each other.

import { describe, expect, it } from "vitest";
import { VariableStore } from "../../src/gpu/variables.ts";
import { Graph } from "../../src/graph/graph.ts";
import { Plan } from "../../src/graph/plan.ts";
import { layOutPlan } from "../../src/graph/plan_layout.ts";
import { trainingVariableBytes } from "../../src/nn/training.ts";
import { relu } from "../../src/ops/elementwise/activations.ts";
import { add } from "../../src/ops/elementwise/binary.ts";
import { openDevice } from "../../src/platform/node/device.ts";
import { layOutTrainingStep } from "../../src/training/network.ts";
import { testDevice } from "../device.ts";
import { SMALL_STEP, startStep, stepInputs } from "../training/step.ts";

const CREATORS = [
  "createBuffer",
  "createBindGroup",
  "createBindGroupLayout",
  "createPipelineLayout",
  "createShaderModule",
  "createComputePipeline",
  "createComputePipelineAsync",
  "createTexture",
  "createSampler",
  "createQuerySet",
] as const;

/** Counts calls that make something on a device while `work` runs, and the bytes of its new buffers. */
async function countCreations(
  raw: GPUDevice,
  work: () => Promise<void>,
): Promise<{ calls: Record<string, number>; bufferBytes: number }> {
  const calls: Record<string, number> = {};
  let bufferBytes = 0;
  for (const name of CREATORS) {
    const original = Reflect.get(raw, name) as (...args: unknown[]) => unknown;
    const counting = (...args: unknown[]): unknown => {
      calls[name] = (calls[name] ?? 0) + 1;
      const [descriptor] = args as [{ size?: number }];
      if (name === "createBuffer") bufferBytes += descriptor.size ?? 0;
      return original.apply(raw, args);
    };
    Object.defineProperty(raw, name, { value: counting, configurable: true });
  }
  try {
    await work();
  } finally {
    for (const name of CREATORS) Reflect.deleteProperty(raw, name);
  }
  return { calls, bufferBytes };
}

describe("a training step", () => {
  it("makes nothing after its second run", async () => {
    const device = await testDevice();
    const { plan, store } = await startStep(device);
    for (let step = 0; step < 2; step++) await plan.run(stepInputs(SMALL_STEP, step));
    const { calls } = await countCreations(device.raw, async () => {
      for (let step = 2; step < 6; step++) await plan.run(stepInputs(SMALL_STEP, step));
    });
    expect(calls).toEqual({});
    plan.destroy();
    store.destroy();
  });

  it("allocates exactly the bytes that it states beforehand", async () => {
    const device = await testDevice();
    const before = device.allocatedBytes;
    const step = layOutTrainingStep(SMALL_STEP, device.facts);
    const { weights, optimizer } = trainingVariableBytes(step);
    const stated = step.layout.statistics.planBytes + weights + optimizer;
    let destroy = () => {};
    const { bufferBytes } = await countCreations(device.raw, async () => {
      const { plan, store } = await startStep(device);
      await plan.run(stepInputs(SMALL_STEP, 0));
      destroy = () => {
        plan.destroy();
        store.destroy();
      };
    });
    expect(bufferBytes).toBe(stated);
    expect(device.allocatedBytes - before).toBe(stated);
    destroy();
    expect(device.allocatedBytes).toBe(before);
  });

  it("of MobileNetV2 with eight heads needs at most 60 pipelines", async () => {
    const { facts } = await testDevice();
    const heads = [8, 5, 5, 5, 10, 6, 6, 9].map((classes, i) => ({ name: `head_${i}`, classes }));
    const { layout } = layOutTrainingStep({ ...SMALL_STEP, alpha: 1, size: 96, batchSize: 16, heads }, facts);
    expect(layout.statistics.pipelines).toBeGreaterThan(10);
    expect(layout.statistics.pipelines).toBeLessThanOrEqual(60);
  });

  it("computes the same bits twice", async () => {
    const device = await testDevice();
    const runs: Float32Array[] = [];
    for (let run = 0; run < 2; run++) {
      const { plan, store } = await startStep(device);
      plan.poison();
      for (let step = 0; step < 3; step++) await plan.run(stepInputs(SMALL_STEP, step));
      const weights = await store.read(["Conv1/kernel"]);
      runs.push(weights.get("Conv1/kernel") ?? new Float32Array());
      plan.destroy();
      store.destroy();
    }
    expect(runs[0]).toHaveLength(3 * 3 * 3 * 16);
    expect(runs[0]?.every(Number.isFinite)).toBe(true);
    expect(runs[1]).toEqual(runs[0]);
  });

  it("counts valid rows only: what stands in the others changes nothing", async () => {
    const device = await testDevice();
    const outcomes: unknown[] = [];
    for (const filler of [0, 200]) {
      const { plan, store } = await startStep(device);
      const inputs = stepInputs(SMALL_STEP, 0, 3);
      (inputs.bytes as Uint8Array).fill(filler, 3 * 32 * 32 * 3);
      const { loss, accuracy } = await plan.run(inputs);
      const weights = await store.read(["Conv1/kernel", "bn_Conv1/moving_mean", "coat_length/bias"]);
      outcomes.push({ loss, accuracy, weights: [...weights] });
      plan.destroy();
      store.destroy();
    }
    expect(outcomes[1]).toEqual(outcomes[0]);
  });
});

/** y = relu(x + w), four elements. */
function smallGraph() {
  const graph = new Graph();
  const x = graph.input("x", [4]);
  const w = graph.variable("w", [4]);
  return { graph, y: graph.applyOne(relu, { x: graph.applyOne(add, { a: x, b: w }) }) };
}

describe("a plan", () => {
  it("serves callers that do not wait for each other, each with its own values", async () => {
    const device = await testDevice();
    const { graph, y } = smallGraph();
    const store = new VariableStore(device);
    store.declare({ name: "w", shape: [4], dtype: "f32" });
    store.write("w", new Float32Array([1, 1, 1, 1]));
    const plan = await Plan.compile(device, layOutPlan(graph, { y }, device.facts), store);
    const asked = [1, 2, 3, 4, 5];
    const wrong = plan.run({ x: new Float32Array(3) });
    const values = asked.map((value) => plan.run({ x: new Float32Array(4).fill(value) }));
    await expect(wrong).rejects.toThrow("does not take 3 values");
    expect((await Promise.all(values)).map((step) => step.y?.[3])).toEqual([2, 3, 4, 5, 6]);
    await expect(plan.run({ x: new Uint32Array(4) })).rejects.toThrow("is f32 and does not take u32 values");
    plan.destroy();
    store.destroy();
  });

  it("leaves nothing on the device where it does not compile", async () => {
    const device = await testDevice();
    const before = device.allocatedBytes;
    const { graph, y } = smallGraph();
    const compiling = Plan.compile(device, layOutPlan(graph, { y }, device.facts), new VariableStore(device));
    await expect(compiling).rejects.toThrow("there is no variable w");
    expect(device.allocatedBytes).toBe(before);
  });
});

describe("two engines in one process", () => {
  async function lossesTogether(adapters: readonly [string, string]): Promise<number[][]> {
    const devices = await Promise.all(adapters.map((adapter) => openDevice({ adapter })));
    const running = await Promise.all(devices.map((device) => startStep(device)));
    const losses: number[][] = [[], []];
    for (let step = 0; step < 3; step++) {
      const values = await Promise.all(running.map(({ plan }) => plan.run(stepInputs(SMALL_STEP, step))));
      for (const [i, { loss }] of values.entries()) losses[i]?.push(...(loss ?? []));
    }
    for (const device of devices) device.destroy();
    return losses;
  }

  it("on one adapter compute the same", async () => {
    const name = (await testDevice()).name;
    const [first, second] = await lossesTogether([name, name]);
    expect(first?.length).toBe(6);
    expect(second).toEqual(first);
  });

  const hasBoth = process.platform === "linux" && process.arch === "x64";
  it.skipIf(!hasBoth)(
    "on two adapters agree (requires Linux x64, where SwiftShader comes through npm)",
    async (context) => {
      const other = await openDevice({ adapter: "lavapipe" }).catch(() => undefined);
      if (!other) return context.skip("requires lavapipe");
      other.destroy();
      const [first, second] = await lossesTogether(["lavapipe", "swiftshader"]);
      // The first step's losses; later ones drift apart, as batch norm over four values amplifies every rounding.
      for (const head of [0, 1]) {
        expect(Math.abs((first?.[head] ?? Number.NaN) - (second?.[head] ?? Number.NaN))).toBeLessThan(1e-3);
      }
    },
  );
});
