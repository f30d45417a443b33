// Every tile of the kernels for GPUs, forced in turn, in all three directions; what the forward kernel folds in; and
// the rule that chooses a tile.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeviceFacts, GpuDevice } from "../../../src/gpu/device.ts";
import { VariableStore } from "../../../src/gpu/variables.ts";
import { Graph } from "../../../src/graph/graph.ts";
import { Plan } from "../../../src/graph/plan.ts";
import { layOutPlan } from "../../../src/graph/plan_layout.ts";
import { conv2d } from "../../../src/ops/conv2d/conv2d.ts";
import {
  chooseTile,
  splitsFor,
  TILES,
  threadsOf,
  workgroupMemoryBytes,
} from "../../../src/ops/conv2d/gpu_tiles.ts";
import { openDevice } from "../../../src/platform/node/device.ts";
import { runOperator } from "../../golden/runner/run_operator.ts";
import { canHaveSwiftShader } from "../../platform/available_adapters.ts";
import { expectMatch } from "../../reference/compare.ts";
import { conv2d as record } from "../../reference/conv2d.ts";
import { uniform } from "../../reference/draw.ts";
import type { Sample } from "../../reference/reference.ts";
import { checkSample } from "../check_sample.ts";
import { SameChoice } from "../same_choice.ts";

// SwiftShader compiles large kernels quickly.
const ADAPTER = process.env.WEFT_TEST_ADAPTER ?? (canHaveSwiftShader ? "swiftshader" : "auto");
let device: GpuDevice;
beforeAll(async () => {
  device = await openDevice({ adapter: ADAPTER, family: "gpu" });
});
afterAll(() => device.destroy());

function sample(name: string, x: readonly number[], w: readonly number[], attrs: object = {}): Sample {
  return {
    name,
    attrs: { strides: [1, 1], padding: "same", dilations: [1, 1], groups: 1, ...attrs },
    inputs: {
      x: uniform(`gpu_tiles/${name}/x`, x),
      w: uniform(`gpu_tiles/${name}/w`, w),
      b: uniform(`gpu_tiles/${name}/b`, [w[3] ?? 1]),
    },
    tolerance: { rtol: 1e-4, atol: 2e-4, reason: "sums of up to 1300 terms of size 1" },
  };
}

const SAMPLES = [
  sample("channels in fours", [2, 13, 11, 20], [3, 3, 20, 72]),
  sample("any channels, stride 2", [2, 17, 19, 7], [3, 3, 7, 67], { strides: [2, 2] }),
  sample("groups", [1, 12, 13, 24], [3, 2, 12, 70], { groups: 2, dilations: [2, 1] }),
  sample("1x1, many channels", [1, 9, 15, 132], [1, 1, 132, 36]),
];

describe("tiles for GPUs", () => {
  for (const tile of TILES) {
    for (const splits of ["1", "2"]) {
      for (const one of SAMPLES) {
        it(`${tile.name}, ${splits} splits: ${one.name}`, async () => {
          device.useTuning(new SameChoice({ tile: tile.name, splits }));
          await checkSample(device, record, one);
        });
      }
    }
  }

  it("need no more than every WebGPU device has", () => {
    for (const tile of TILES) {
      expect(threadsOf(tile)).toBeLessThanOrEqual(256);
      expect(threadsOf(tile)).toBeGreaterThanOrEqual(Math.max(tile.rows, tile.columns));
      expect(workgroupMemoryBytes(tile)).toBeLessThanOrEqual(16384);
    }
  });
});

describe("a fused forward pass on GPUs", () => {
  /** The same graph by either family's kernels. */
  async function run(facts: DeviceFacts, K: number) {
    const graph = new Graph();
    const values = {
      x: uniform("fused/x", [2, 5, 7, 64]),
      w: uniform("fused/w", [3, 3, 64, K]),
      b: uniform("fused/b", [K]),
      statistics: uniform("fused/statistics", [4, K]),
      addend: uniform("fused/addend", [2, 5, 7, K]),
    };
    const inputs = Object.fromEntries(
      Object.entries(values).map(([role, { shape }]) => [role, graph.input(role, shape)]),
    );
    const attrs = { padding: "same", activation: "relu6", residualScale: 0.3 } as const;
    const y = graph.applyOne(conv2d, inputs, attrs);
    const layout = layOutPlan(graph, { y }, facts);
    const plan = await Plan.compile(device, layout, new VariableStore(device));
    plan.poison();
    const fed = Object.entries(values).map(([role, { data }]) => [role, Float32Array.from(data)] as const);
    const result = await plan.run(Object.fromEntries(fed));
    plan.destroy();
    const splits = layout.choices[0]?.choices.find(({ what }) => what === "splits")?.chosen;
    return { shape: y.shape, data: result.y ?? new Float32Array(), splits };
  }

  it.each([
    { K: 8, splits: "1" },
    { K: 8, splits: "8" },
    { K: 7, splits: "1" },
    { K: 7, splits: "8" },
  ])("agrees with that on software adapters: $K channels, $splits splits", async ({ K, splits }) => {
    const tuning = new SameChoice({ splits });
    const wanted = await run({ ...device.facts, family: "cpu" }, K);
    const got = await run({ ...device.facts, tuning }, K);
    expect(got.splits).toBe(splits);
    const tolerance = { rtol: 1e-4, atol: 1e-4, reason: "576 terms" };
    expectMatch("y", got, { shape: wanted.shape, data: Float64Array.from(wanted.data) }, tolerance);
  });
});

describe("the choice of a tile", () => {
  const limits = { maxWorkgroupMemoryBytes: 32768, maxBindingBytes: 2 ** 27 };

  it("takes the largest where there are enough of them", () => {
    // 3x3 convolution of 64 images, 56 x 56 x 128.
    const product = { rows: 200704, columns: 128, depth: 1152, count: 1 };
    expect(chooseTile(product, limits)).toMatchObject({ tile: { name: "128x64" }, splits: 1 });
  });

  it("takes narrow ones for few output channels", () => {
    // MobileNetV2's projection to 24 channels, 64 images of 56 x 56.
    const product = { rows: 200704, columns: 24, depth: 144, count: 1 };
    expect(chooseTile(product, limits)).toMatchObject({ tile: { name: "128x32" }, splits: 1 });
  });

  it("shares the depth of few tiles among many workgroups", () => {
    // A head of 10 answers behind 1280 features.
    expect(chooseTile({ rows: 16, columns: 10, depth: 1280, count: 1 }, limits).splits).toBeGreaterThan(4);
    // The weight gradient of a first layer: 27 x 32 sums over 800,000 pixels.
    expect(chooseTile({ rows: 27, columns: 32, depth: 802816, count: 1 }, limits).splits).toBeGreaterThan(63);
  });

  it("keeps partial sums within a binding", () => {
    const product = { rows: 4608, columns: 1536, depth: 4096, count: 1 };
    const bytes = 4 * product.rows * product.columns;
    for (const tile of TILES) {
      const most = Math.max(...splitsFor(product, tile, { ...limits, maxBindingBytes: 2 * bytes }));
      expect(most).toBeLessThanOrEqual(2);
    }
  });
});

describe("sums of columns on GPUs", () => {
  it.each([
    { rows: 1, columns: 3 },
    { rows: 777, columns: 5 },
    { rows: 5000, columns: 68 },
  ])("of $rows rows of $columns", async ({ rows, columns }) => {
    device.useTuning(new Map());
    const x = uniform(`column sums/${rows}`, [rows, columns]);
    const { y } = await runOperator(device, {
      op: "sumRows",
      attrs: {},
      inputs: { x: { shape: x.shape, data: Float32Array.from(x.data) } },
      outputs: ["y"],
      grads: [],
      upstream: {},
    });
    const sums = new Float64Array(columns);
    x.data.forEach((value, i) => {
      sums[i % columns]! += value;
    });
    const tolerance = { rtol: 1e-5, atol: 1e-4, reason: "5000 terms" };
    expectMatch("sums", { shape: [columns], data: y ?? [] }, { shape: [columns], data: sums }, tolerance);
  });
});
