// The tuner: it finds the faster of two kernels, times nothing that computes wrong numbers, and survives candidates
// that fail in every way.

import { describe, expect, it } from "vitest";
import type { Shape } from "../../src/base/tensors.ts";
import type { GpuDevice } from "../../src/gpu/device.ts";
import { Graph } from "../../src/graph/graph.ts";
import { defineOperator, type Lowering, noAttributes, typeOf } from "../../src/graph/operator.ts";
import { layOutPlan, type PlanLayout } from "../../src/graph/plan_layout.ts";
import { layOutTrainingStep } from "../../src/training/network.ts";
import { type TuningOptions, tune } from "../../src/tune/tuner.ts";
import { testDevice } from "../device.ts";
import { SMALL_STEP } from "../training/step.ts";

const now = () => performance.now() / 1000;
const OPTIONS: TuningOptions = {
  known: new Map(),
  budgetSeconds: 60,
  candidateSeconds: 0.3,
  maxBytes: 2 ** 26,
  now,
};

/** y[c] = Σ x[r, c], a thread a column, `repeats` times over; `skipped` rows are left out. */
const SOURCE = `
struct Params { rows: u32, columns: u32, skipped: u32, repeats: u32 }
@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@compute @workgroup_size(16) fn main(@builtin(global_invocation_id) id: vec3u) {
  if (id.x >= params.columns) { return; }
  var sum = 0.0;
  for (var again = 0u; again < params.repeats; again++) {
    sum = 0.0;
    for (var row = params.skipped; row < params.rows; row++) { sum += x[row * params.columns + id.x]; }
  }
  y[id.x] = sum;
}`;

interface Candidate {
  readonly name: string;
  /** How often it sums; several are a choice of their own. */
  readonly repeats?: readonly number[];
  readonly skipped?: number;
  /** Workgroups that are launched. */
  readonly workgroups?: number;
  readonly source?: string;
  readonly prepare?: (l: Lowering<object>) => void;
}

/** An operator of the name and the definition of sumRows, with candidates of one's choice. */
function sumWith(candidates: readonly Candidate[]) {
  return defineOperator({
    name: "sumRows",
    inputs: ["x"],
    attributes: noAttributes,
    infer: (inputs) => ({ y: { shape: [typeOf(inputs, "x").shape[1] ?? 1], dtype: "f32" } }),
    lower(l) {
      const [rows = 0, columns = 0] = l.input("x").shape;
      const {
        repeats = [1],
        skipped = 0,
        source = SOURCE,
        ...rest
      } = l.choose("kernel", candidates, ({ name }) => name);
      rest.prepare?.(l);
      l.dispatch(
        { name: `test/${rest.name}`, source },
        {
          tensors: { x: l.input("x"), y: l.output("y") },
          uniforms: { rows, columns, skipped, repeats: l.choose("repeats", repeats) },
          workgroups: rest.workgroups ?? Math.ceil(columns / 16),
        },
      );
    },
    cost: () => ({ flops: 1, bytes: 1 }),
  });
}

function layOutSum(
  device: GpuDevice,
  candidates: readonly Candidate[],
  shape: Shape = [600, 40],
): PlanLayout {
  const graph = new Graph();
  const y = graph.applyOne(sumWith(candidates), { x: graph.input("x", shape) });
  return layOutPlan(graph, { y }, device.facts);
}

const SLOW: Candidate = { name: "slow", repeats: [40] };
const FAST: Candidate = { name: "fast" };

describe("tune", () => {
  it("finds the faster kernel, which layouts then use", async () => {
    const device = await testDevice();
    const layout = layOutSum(device, [SLOW, FAST]);
    const { tuned, failed, left, table } = await tune(device, [layout], OPTIONS);
    expect(failed).toEqual([]);
    expect(left).toBe(0);
    expect(tuned).toMatchObject([{ count: 1, choices: { kernel: "fast" }, isChanged: true }]);
    expect(tuned[0]?.gain).toBeGreaterThan(2);
    const facts = { ...device.facts, tuning: table };
    const graph = new Graph();
    const y = graph.applyOne(sumWith([SLOW, FAST]), { x: graph.input("x", [600, 40]) });
    expect(layOutPlan(graph, { y }, facts).choices[0]?.choices[0]?.chosen).toBe("fast");
  });

  it("keeps the operator's own choice where nothing is clearly faster", async () => {
    const device = await testDevice();
    const { tuned } = await tune(device, [layOutSum(device, [FAST, SLOW])], OPTIONS);
    expect(tuned).toMatchObject([{ choices: { kernel: "fast" }, isChanged: false, gain: 1 }]);
  });

  it.each([
    [0, 1],
    [1, 0],
  ])("tries what only the losing kernel offers, kernels in order %i, %i", async (a, b) => {
    const device = await testDevice();
    const kernels: Candidate[] = [
      { name: "fixed", repeats: [10] },
      { name: "cut", repeats: [60, 1] },
    ];
    const ordered = [a, b].flatMap((i) => kernels[i] ?? []);
    const { tuned, failed } = await tune(device, [layOutSum(device, ordered)], OPTIONS);
    expect(failed).toEqual([]);
    expect(tuned).toMatchObject([{ choices: { kernel: "cut", repeats: "1" }, isChanged: true }]);
  });

  it("times no candidate whose numbers are wrong, or that leaves some unwritten", async () => {
    const device = await testDevice();
    const candidates = [SLOW, { name: "lossy", skipped: 1 }, { name: "lazy", workgroups: 1 }];
    const { tuned, failed } = await tune(device, [layOutSum(device, candidates)], OPTIONS);
    expect(tuned).toMatchObject([{ choices: { kernel: "slow" }, isChanged: false }]);
    expect(failed).toMatchObject([
      {
        candidate: "kernel lossy",
        reason: expect.stringMatching(/^wrong numbers: y\[\d+\] is \S+, expected \S+$/),
      },
      {
        candidate: "kernel lazy",
        reason: expect.stringMatching(/^wrong numbers: y\[\d+\] is NaN, expected/),
      },
    ]);
  });

  it("survives candidates that do not compile, do not validate, or take too much memory", async () => {
    const device = await testDevice();
    const before = device.allocatedBytes;
    const tooMany = device.facts.maxWorkgroupsPerDimension + 1;
    const candidates: Candidate[] = [
      SLOW,
      { name: "broken", source: SOURCE.replace("sum = 0.0;", "sum = nothing;") },
      { name: "undone", source: SOURCE.replace("fn main", "fn other") },
      {
        name: "large",
        prepare: (l) => {
          const big = l.workspace("big", { shape: [2 ** 26], dtype: "f32" });
          l.copy(big, big);
        },
      },
      {
        name: "wide",
        prepare: (l) => {
          l.dispatch(
            { name: "test/wide", source: SOURCE },
            {
              tensors: { x: l.input("x"), y: l.output("y") },
              uniforms: { rows: 1, columns: 1, skipped: 0, repeats: 1 },
              workgroups: [tooMany, 1, 1],
            },
          );
        },
      },
      FAST,
    ];
    const { tuned, failed } = await tune(device, [layOutSum(device, candidates)], OPTIONS);
    expect(tuned).toMatchObject([{ choices: { kernel: "fast" } }]);
    const reasons = Object.fromEntries(failed.map(({ candidate, reason }) => [candidate, reason]));
    expect(reasons).toEqual({
      "kernel broken": expect.stringMatching(/nothing/),
      "kernel undone": expect.stringMatching(/./),
      "kernel large": expect.stringMatching(/^takes \d+\.\d MB, more than the 67\.1 MB for tuning$/),
      "kernel wide": expect.stringMatching(/exceeds \d+ per dimension/),
    });
    expect(device.allocatedBytes).toBe(before);
  });

  it("leaves a node out whose own choice is wrong, and goes on with the next", async () => {
    const device = await testDevice();
    const wrong = layOutSum(device, [{ name: "lossy", skipped: 1 }, FAST], [900, 40]);
    const right = layOutSum(device, [SLOW, FAST], [600, 24]);
    const { tuned, failed, left } = await tune(device, [wrong, right], OPTIONS);
    expect(failed).toMatchObject([{ candidate: "", reason: expect.stringMatching(/^wrong numbers/) }]);
    expect(tuned).toMatchObject([{ choices: { kernel: "fast" } }]);
    expect(left).toBe(0);
  });

  it("measures a shape once, however often it occurs, and not what is known", async () => {
    const device = await testDevice();
    const layout = layOutSum(device, [SLOW, FAST]);
    const first = await tune(device, [layout, layout, layout], OPTIONS);
    expect(first.tuned).toMatchObject([{ count: 3 }]);
    const again = await tune(device, [layout], { ...OPTIONS, known: first.table });
    expect(again).toMatchObject({ tuned: [], known: 1, left: 0 });
  });

  it("ends within its budget, or when somebody stops it", async () => {
    const device = await testDevice();
    const { layout } = layOutTrainingStep(SMALL_STEP, device.facts);
    let clock = 0;
    const ticking = () => {
      clock += 0.001; // a clock that only the tuner moves: a test's time depends on what else the machine does
      return clock;
    };
    const short = await tune(device, [layout], { ...OPTIONS, budgetSeconds: 2, now: ticking });
    expect(clock).toBeLessThan(2.02);
    expect(short.left).toBeGreaterThan(0);
    expect(short.tuned.length + short.failed.length).toBeGreaterThan(0);
    expect(short.failed).toEqual([]);
    const stopped = await tune(device, [layout], { ...OPTIONS, signal: AbortSignal.abort() });
    expect(stopped).toMatchObject({ tuned: [], failed: [] });
  });
});
