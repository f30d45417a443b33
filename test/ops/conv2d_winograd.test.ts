// Convolutions by Winograd against the float64 reference, chosen by a table where the rule would not: tiles that
// overhang, every padding, channels that fill no tile, rounds, epilogues; with subgroups and without.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeviceFacts, GpuDevice } from "../../src/gpu/device.ts";
import { VariableStore } from "../../src/gpu/variables.ts";
import { Graph } from "../../src/graph/graph.ts";
import { Plan, type StepValues } from "../../src/graph/plan.ts";
import { layOutPlan } from "../../src/graph/plan_layout.ts";
import { castTo } from "../../src/ops/cast.ts";
import { conv2d, conv2dDataGradient, conv2dWeightGradient } from "../../src/ops/conv2d.ts";
import { openDevice } from "../../src/platform/node/device.ts";
import { testDevice } from "../device.ts";
import { conv2d as record } from "../reference/conv2d.ts";
import { uniform } from "../reference/draw.ts";
import { type OperatorRecord, type Sample, the, type Values } from "../reference/reference.ts";
import { checkSample } from "./check_sample.ts";
import { SameChoice } from "./same_choice.ts";

const ADAPTER = process.env.WEFT_TEST_ADAPTER ?? "auto";
const hasF16 = (await testDevice()).facts.features.has("shader-f16");
const BY_WINOGRAD = new SameChoice({ method: "winograd" });

/** A 3x3 convolution of x [N,H,W,C] to K channels. */
function sample(name: string, x: readonly number[], K: number, padding: unknown = "same"): Sample {
  const attrs = { strides: [1, 1], padding, dilations: [1, 1], groups: 1 };
  const C = x[3] ?? 0;
  return {
    name,
    attrs,
    inputs: {
      x: uniform(`winograd/${name}/x`, x),
      w: uniform(`winograd/${name}/w`, [3, 3, C, K]),
      b: uniform(`winograd/${name}/b`, [K]),
    },
  };
}

const SAMPLES = [
  sample("a single pixel", [1, 1, 1, 4], 4),
  sample("one tile", [1, 2, 2, 8], 16),
  sample("odd sizes", [2, 7, 5, 12], 20),
  sample("odd sizes, valid", [3, 9, 6, 20], 12, "valid"),
  sample("one window, valid", [2, 3, 3, 8], 8, "valid"),
  sample("several blocks and channel tiles", [2, 17, 19, 36], 52),
  sample("more input channels than lanes times four", [1, 6, 7, 132], 4),
  sample("explicit padding", [2, 6, 8, 8], 12, [
    [0, 2],
    [1, 0],
  ]),
  sample("explicit padding wider than the kernel", [1, 4, 5, 8], 8, [
    [3, 4],
    [5, 0],
  ]),
];

/** The reference with all that the forward kernels fold in. */
const withEpilogue: OperatorRecord = {
  op: record.op,
  differentiable: [],
  upstream: [],
  samples: () => [],
  forward(inputs, attrs) {
    const { y } = record.forward(inputs, attrs);
    if (!y) throw new Error("the reference has no y");
    const [statistics, addend] = [the(inputs, "statistics").data, the(inputs, "addend").data];
    const K = y.shape[3] ?? 1;
    const scale = attrs.residualScale as number;
    const data = y.data.map((value, i) => {
      const k = i % K;
      const normed = value * (statistics[2 * K + k] ?? 0) + (statistics[3 * K + k] ?? 0);
      return Math.min(6, Math.max(0, (addend[i] ?? 0) + scale * normed));
    });
    return { y: { shape: y.shape, data } };
  },
};

function epilogueSample(): Sample {
  const plain = sample("epilogue", [2, 9, 7, 12], 20);
  const statistics: Values = uniform("winograd/statistics", [4, 20]);
  const addend = uniform("winograd/addend", [2, 9, 7, 20]);
  return {
    name: "batch norm, residual and activation",
    attrs: { ...plain.attrs, activation: "relu6", residualScale: 0.7 },
    inputs: { ...plain.inputs, statistics, addend },
  };
}

describe.each([{ subgroups: true }, { subgroups: false }])("by Winograd, %o", ({ subgroups }) => {
  let device: GpuDevice;
  beforeAll(async () => {
    device = await openDevice({ adapter: ADAPTER, family: "cpu", ...(!subgroups && { subgroups }) });
    device.useTuning(BY_WINOGRAD);
  });
  afterAll(() => device.destroy());

  for (const each of SAMPLES) it(each.name, () => checkSample(device, record, each));

  it("batch norm, residual and activation", () => checkSample(device, withEpilogue, epilogueSample()));
});

const FACTS: DeviceFacts = {
  family: "cpu",
  features: new Set(),
  subgroupSize: 8,
  maxBindingBytes: 2 ** 27,
  maxBufferBytes: 2 ** 28,
  maxWorkgroupsPerDimension: 65_535,
  maxWorkgroupMemoryBytes: 32_768,
};

/** A 3x3 convolution of x [N,H,W,C] to K channels and its gradients, of tensors in that type. */
function allDirections(x: readonly number[], K: number, dtype: "f32" | "f16" = "f32") {
  const graph = new Graph();
  const [N = 0, H = 0, W = 0, C = 0] = x;
  const shapes = { x: [N, H, W, C], w: [3, 3, C, K], dy: [N, H, W, K] };
  const input = (name: keyof typeof shapes) => castTo(graph, graph.input(name, shapes[name]), dtype);
  const inputs = { x: input("x"), w: input("w"), dy: input("dy") };
  const attrs = { strides: [1, 1], padding: "same", dilations: [1, 1], groups: 1 };
  const { w, dy } = inputs;
  const outputs = {
    y: graph.applyOne(conv2d, { x: inputs.x, w }, attrs),
    dx: graph.applyOne(conv2dDataGradient, { dy, w }, { ...attrs, inputShape: x }),
    dw: graph.applyOne(conv2dWeightGradient, { x: inputs.x, dy }, { ...attrs, kernelSize: [3, 3] }),
  };
  return { graph, outputs, shapes };
}

/** What a method makes of drawn values. */
async function valuesOf(device: GpuDevice, method: string, dtype: "f32" | "f16"): Promise<StepValues> {
  device.useTuning(new SameChoice({ method }));
  const { graph, outputs, shapes } = allDirections([2, 9, 17, 20], 36, dtype);
  const layout = layOutPlan(graph, outputs, device.facts);
  const kernels = layout.memory.commands.map((one) => (one.kind === "dispatch" ? one.kernel.name : ""));
  expect(kernels.includes("conv2d/winograd/products")).toBe(method === "winograd");
  const inputs = Object.entries(shapes).map(([name, shape]) => {
    return [name, Float32Array.from(uniform(`winograd/all/${name}`, shape).data)] as const;
  });
  const variables = new VariableStore(device);
  const plan = await Plan.compile(device, layout, variables);
  try {
    plan.poison();
    return await plan.run(Object.fromEntries(inputs));
  } finally {
    plan.destroy();
    variables.destroy();
  }
}

describe("by Winograd, beside the direct kernels", () => {
  let device: GpuDevice;
  beforeAll(async () => {
    device = await openDevice({ adapter: ADAPTER, family: "cpu" });
  });
  afterAll(() => device.destroy());

  it("gives the same bits twice", async () => {
    expect(await valuesOf(device, "winograd", "f32")).toEqual(await valuesOf(device, "winograd", "f32"));
  });

  it.skipIf(!hasF16)("differs by rounding alone where tensors are f16 (requires shader-f16)", async () => {
    const direct = await valuesOf(device, "direct", "f16");
    const winograd = await valuesOf(device, "winograd", "f16");
    for (const role of ["y", "dx", "dw"]) {
      const want = direct[role] ?? new Float32Array();
      const got = winograd[role] ?? new Float32Array();
      const most = Math.max(...want.map(Math.abs));
      const error = Math.max(...want.map((value, i) => Math.abs(value - (got[i] ?? Number.NaN))));
      expect(want.length, role).toBeGreaterThan(0);
      expect(error / most, role).toBeLessThan(role === "dw" ? 1e-5 : 2 ** -10);
    }
  });
});

/** Kernels of a 3x3 convolution and of its gradients. */
function kernelsOf(x: readonly number[], K: number, facts: DeviceFacts): Record<string, string[]> {
  const { graph, outputs } = allDirections(x, K);
  const layout = layOutPlan(graph, outputs, facts);
  const kernels: Record<string, string[]> = {};
  for (const command of layout.memory.commands) {
    if (command.kind !== "dispatch") continue;
    const role = Object.keys(command.node.outputs)[0] ?? "";
    kernels[role] = [...(kernels[role] ?? []), command.kernel.name.replace(/^conv2d\//, "")];
  }
  return kernels;
}

describe("the rule", () => {
  it("takes Winograd in all directions where there are many channels and pixels", () => {
    const stages = ["winograd/transform_filter", "winograd/transform_input", "winograd/products"];
    expect(kernelsOf([2, 35, 35, 256], 256, FACTS)).toEqual({
      y: stages,
      dx: stages,
      dw: [
        "winograd/transform_input",
        "winograd/transform_gradient",
        "winograd/gradient_products",
        "winograd/transform_sums",
      ],
    });
  });

  it("leaves small convolutions to the direct kernels", () => {
    const { y, dx } = kernelsOf([2, 14, 14, 32], 32, FACTS);
    expect([y, dx]).toEqual([["forward"], ["data_gradient"]]);
  });

  it("leaves convolutions whose transformed kernels no binding holds to the direct kernels", () => {
    const tight = { ...FACTS, maxBindingBytes: 16 * 256 * 256 * 4 - 1 };
    expect(kernelsOf([2, 35, 35, 256], 256, tight).y).toEqual(["forward"]);
  });

  it("transforms large images in rounds", () => {
    const { y = [], dw = [] } = kernelsOf([8, 56, 56, 64], 64, FACTS);
    expect(y.filter((name) => name === "winograd/products").length).toBe(2);
    expect(dw.filter((name) => name === "winograd/gradient_products").length).toBe(2);
  });
});
