// Training steps in mixed precision: like f32's, repeatable, half the activations, and unharmed by infinities.

import { describe, expect, it } from "vitest";
import { backboneNamed } from "../../src/models/backbones.ts";
import { layOutTrainingStep } from "../../src/training/network.ts";
import { LossScaleWatch, requirePrecision } from "../../src/training/precision.ts";
import { testDevice } from "../device.ts";
import { type RunningStep, SMALL_STEP, startStep, stepInputs } from "./step.ts";

const device = await testDevice();
const hasF16 = device.facts.features.has("shader-f16");

const CONFIG = { ...SMALL_STEP, size: 64, dropout: 0, augment: false } as const;
const MIXED = { ...CONFIG, precision: "mixed" } as const;
const SGD = { name: "sgd", momentum: 0.9 } as const;
const STATE = "lossScale/state";
/** A scale of 2^8, which this step's gradients never exceed f16 with. */
const MODEST = Float32Array.of(-7, 0);
const RATE = Float32Array.of(2e-4);

async function withStep<T>(
  config: typeof SMALL_STEP,
  work: (running: RunningStep) => Promise<T>,
): Promise<T> {
  const running = await startStep(device, config);
  try {
    return await work(running);
  } finally {
    running.plan.destroy();
    running.store.destroy();
  }
}

function inputsOf(config: typeof SMALL_STEP, step: number) {
  const { transform: _, ...inputs } = stepInputs(config, step);
  return { ...inputs, learningRate: RATE };
}

/** The first head's losses of some steps with a modest scale, and the bits of all weights afterwards. */
function train(config: typeof SMALL_STEP, steps: number): Promise<{ losses: number[]; weights: number[][] }> {
  return withStep(config, async ({ plan, step, store }) => {
    if (config.precision === "mixed") store.write(STATE, MODEST);
    plan.poison();
    const losses: number[] = [];
    for (let i = 1; i <= steps; i++) {
      const { loss, lossScale } = await plan.run(inputsOf(config, i));
      losses.push(loss?.[0] ?? Number.NaN);
      if (config.precision === "mixed") expect([...(lossScale ?? [])]).toEqual([2 ** -8, 2 ** 8]);
    }
    const weights = await store.read(step.weights.map(({ name }) => name));
    return { losses, weights: [...weights.values()].map((values) => [...values]) };
  });
}

type Values = ReadonlyMap<string, Float32Array>;

function isSame(a: Values, b: Values): boolean {
  return [...a].every(([name, values]) => values.every((value, i) => value === b.get(name)?.[i]));
}

describe.skipIf(!hasF16)("mixed precision (requires shader-f16)", () => {
  it("trains as f32 does", async () => {
    const full = await train({ ...CONFIG, optimizer: SGD, batchSize: 8 }, 8);
    const mixed = await train({ ...MIXED, optimizer: SGD, batchSize: 8 }, 8);
    const [first = 0] = full.losses;
    mixed.losses.forEach((loss, i) => {
      expect(Math.abs(loss - (full.losses[i] ?? 0)), `step ${i + 1}`).toBeLessThan(0.03 * first);
    });
    expect(mixed.losses.at(-1)).toBeLessThan(0.5 * first);
  });

  it("gives the same bits twice, and with values computed again", async () => {
    const once = await train(MIXED, 3);
    expect(await train(MIXED, 3)).toEqual(once);
    expect(await train({ ...MIXED, recompute: "cheap" }, 3)).toEqual(once);
  });

  it.each([{ name: "adam" }, SGD] as const)(
    "leaves a step of $name out whose gradients are infinite",
    (optimizer) =>
      withStep({ ...MIXED, optimizer }, async ({ plan, step, store }) => {
        const kept = [
          ...step.weights.map(({ name }) => name), // moving averages among them
          ...step.optimizerVariables.map(({ name }) => name).filter((name) => name !== STATE),
        ];
        store.write(STATE, MODEST);
        await plan.run(inputsOf(MIXED, 1));
        const before = await store.read(kept);
        store.write(STATE, Float32Array.of(9, 5));
        const bad = await plan.run(inputsOf(MIXED, 2));
        expect([...(bad.lossScale ?? [])]).toEqual([0, 2 ** 24]);
        expect([...(bad.loss ?? [])].every(Number.isFinite)).toBe(true);
        expect(isSame(await store.read(kept), before)).toBe(true);
        expect([...((await store.read([STATE])).get(STATE) ?? [])]).toEqual([8, 0]);
        store.write(STATE, MODEST);
        await plan.run(inputsOf(MIXED, 2));
        expect(isSame(await store.read(kept), before)).toBe(false);
      }),
  );

  it("finds a scale by itself", () =>
    withStep(MIXED, async ({ plan }) => {
      const scales: number[] = [];
      for (let i = 1, factor = 0; factor === 0; i++) {
        const { lossScale = [] } = await plan.run(inputsOf(MIXED, i));
        [factor = 0] = lossScale;
        scales.push(lossScale[1] ?? 0);
      }
      expect(scales).toEqual(scales.map((_, i) => 2 ** (15 - i)));
      expect(scales.length).toBeLessThan(10);
    }));

  it("trains heads over a frozen backbone", async () => {
    const { losses } = await train({ ...MIXED, freezeBackbone: true }, 4);
    expect(losses.at(-1)).toBeLessThan(losses[0] ?? 0);
  });
});

describe("mixed precision, planned", () => {
  it("halves the activations", () => {
    const config = { ...SMALL_STEP, alpha: 1, size: 128, batchSize: 16 };
    const activations = (precision: "f32" | "mixed") => {
      const { layout, trainableArenas } = layOutTrainingStep({ ...config, precision }, device.facts);
      const elements = trainableArenas.reduce((sum, arena) => sum + arena.elements, 0);
      return layout.statistics.valueBytes - (precision === "mixed" ? 6 : 4) * elements;
    };
    const ratio = activations("mixed") / activations("f32");
    expect(ratio).toBeGreaterThan(0.49);
    expect(ratio).toBeLessThan(0.51);
  });

  it("keeps statistics, weight gradients, features and logits in f32", () => {
    const backbone = backboneNamed("EfficientNetB0");
    const config = { ...SMALL_STEP, backbone, alpha: undefined, precision: "mixed" } as const;
    const { graph, memory } = layOutTrainingStep(config, device.facts).layout;
    const typesOf = (role: string) =>
      new Set(graph.nodes.flatMap(({ outputs }) => (outputs[role] ? [outputs[role].dtype] : [])));
    for (const role of ["statistics", "dw", "dgamma", "dbeta", "loss", "dlogits", "newParam"]) {
      expect(typesOf(role), role).toEqual(new Set(["f32"]));
    }
    const inputs = graph.nodes.flatMap(({ operator, inputs: { x, dy } }) =>
      operator.name.startsWith("conv2d") ? [x, dy].flatMap((tensor) => tensor ?? []) : [],
    );
    const wide = inputs.filter((tensor) => tensor.dtype === "f32");
    // Squeezed to one pixel, by EfficientNet's excitations.
    expect(wide.every(({ shape }) => shape[1] === 1 && shape[2] === 1)).toBe(true);
    expect(inputs.length).toBeGreaterThan(2 * wide.length);
    const casts = memory.commands.filter(
      (command) => command.kind === "dispatch" && command.kernel.name === "mixed_precision/convert",
    );
    expect(casts.length).toBeLessThan(3);
  });

  it("adds nothing to a step in f32", () => {
    const { layout, lossScale, optimizerVariables } = layOutTrainingStep(CONFIG, device.facts);
    expect(lossScale).toBeUndefined();
    expect(optimizerVariables.map(({ name }) => name)).not.toContain(STATE);
    for (const command of layout.memory.commands) {
      if (command.kind === "dispatch") expect(command.kernel).not.toHaveProperty("narrow");
    }
    expect(layOutTrainingStep({ ...CONFIG, precision: "f32" }, device.facts).layout.statistics).toEqual(
      layout.statistics,
    );
  });

  it("is refused in one line where the adapter has no f16", () => {
    const facts = { ...device.facts, features: new Set<string>() };
    const without = { name: "swiftshader", facts };
    expect(() => requirePrecision("mixed", without)).toThrow(
      /^precision mixed needs an adapter with the feature shader-f16, which swiftshader does not have; .*$/,
    );
    expect(() => requirePrecision("f32", without)).not.toThrow();
    expect(() =>
      requirePrecision("mixed", { name: "any", facts: { ...facts, features: new Set(["shader-f16"]) } }),
    ).not.toThrow();
  });

  it("ends where no scale helps", () => {
    const watch = new LossScaleWatch();
    watch.take(undefined, "in epoch 1, step 1");
    expect(watch.report).toBeUndefined();
    watch.take([0, 4], "in epoch 1, step 1");
    watch.take([0.5, 2], "in epoch 1, step 2");
    expect(watch.report).toEqual({ scale: 2, skippedSteps: 1 });
    expect(() => watch.take([0, 1], "in epoch 1, step 3")).toThrow(/infinite in f16 .* in epoch 1, step 3/);
  });
});
