// Convolutions by Winograd against the float64 reference, chosen by a table where the rule would not: tiles that
// overhang, every padding, channels that fill no tile, epilogues; with subgroups and without. Images of several rounds
// against the direct kernels.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { DeviceFacts, GpuDevice } from "../../../src/gpu/device.ts";
import { VariableStore } from "../../../src/gpu/variables.ts";
import { Graph } from "../../../src/graph/graph.ts";
import { Plan, type StepValues } from "../../../src/graph/plan.ts";
import { layOutPlan, type PlanLayout } from "../../../src/graph/plan_layout.ts";
import type { Values } from "../../../src/ops/common/definition.ts";
import { conv2d, conv2dDataGradient, conv2dWeightGradient } from "../../../src/ops/conv2d/conv2d.ts";
import { castTo } from "../../../src/ops/mixed_precision/cast.ts";
import { openDevice } from "../../../src/platform/node/device.ts";
import { testDevice } from "../../device.ts";
import { conv2d as record } from "../../reference/conv2d.ts";
import { uniform } from "../../reference/draw.ts";
import type { OperatorRecord, Sample } from "../../reference/reference.ts";
import { checkSample } from "../check_sample.ts";
import { SameChoice } from "../same_choice.ts";

const ADAPTER = process.env.WEFT_TEST_ADAPTER ?? "auto";
const hasF16 = (await testDevice()).facts.features.has("shader-f16");
const BY_WINOGRAD = new SameChoice({ method: "winograd" });
const SAME = { strides: [1, 1], padding: "same", dilations: [1, 1], groups: 1 } as const;

/** A 3x3 convolution of x [N,H,W,C] to K channels. */
function sample(name: string, x: readonly number[], K: number, padding: unknown = "same"): Sample {
  const C = x[3] ?? 0;
  return {
    name,
    attrs: { ...SAME, padding },
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

/** The forward pass with all that its kernels fold in. */
const withEpilogue: OperatorRecord = {
  op: record.op,
  differentiable: [],
  upstream: [],
  samples: () => [],
  forward: record.forward,
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

/** A convolution of inputs of these shapes to y, and its gradients by x and w. */
function allDirections(
  { attrs, shapes }: { readonly attrs: object; readonly shapes: Readonly<Record<string, readonly number[]>> },
  dtype: "f32" | "f16" = "f32",
) {
  const graph = new Graph();
  const input = (name: string, shape: readonly number[]) => castTo(graph, graph.input(name, shape), dtype);
  const inputs = Object.fromEntries(
    Object.entries(shapes).map(([role, shape]) => [role, input(role, shape)] as const),
  );
  const { x, w } = inputs;
  const y = graph.applyOne(conv2d, inputs, { ...attrs });
  const dy = input("dy", y.shape);
  const { strides, padding, dilations, groups } = { ...SAME, ...attrs };
  const shared = { strides, padding, dilations, groups };
  const outputs = {
    y,
    dx: graph.applyOne(conv2dDataGradient, { dy, w }, { ...shared, inputShape: x?.shape }),
    dw: graph.applyOne(conv2dWeightGradient, { x, dy }, { ...shared, kernelSize: [3, 3] }),
  };
  return { graph, outputs, shapes: { ...shapes, dy: y.shape } };
}

/** 3x3, "same", of x [N,H,W,C] to K channels. */
function plain(x: readonly number[], K: number) {
  return { attrs: SAME, shapes: { x, w: [3, 3, x[3] ?? 0, K] } };
}

/** The kernels of a plan by what their nodes compute. */
function kernelsByRole({ memory }: PlanLayout): Record<string, string[]> {
  const kernels: Record<string, string[]> = {};
  for (const command of memory.commands) {
    if (command.kind !== "dispatch") continue;
    const role = Object.keys(command.node.outputs)[0] ?? "";
    kernels[role] = [...(kernels[role] ?? []), command.kernel.name.replace(/^conv2d\//, "")];
  }
  return kernels;
}

/** Kernels of a convolution and of its gradients. */
function kernelsOf(convolution: Parameters<typeof allDirections>[0], facts: DeviceFacts) {
  const { graph, outputs } = allDirections(convolution);
  return kernelsByRole(layOutPlan(graph, outputs, facts));
}

describe.each([{ subgroups: true }, { subgroups: false }])("by Winograd, %o", ({ subgroups }) => {
  let device: GpuDevice;
  beforeAll(async () => {
    device = await openDevice({ adapter: ADAPTER, family: "cpu", ...(!subgroups && { subgroups }) });
    device.useTuning(BY_WINOGRAD);
  });
  afterAll(() => device.destroy());

  /** Checks a sample's numbers, and that they are Winograd's. */
  async function check(reference: OperatorRecord, each: Sample): Promise<void> {
    const inputs = Object.entries(each.inputs).map(([role, { shape }]) => [role, shape] as const);
    const kernels = kernelsOf({ attrs: each.attrs, shapes: Object.fromEntries(inputs) }, device.facts);
    expect(kernels.y).toContain("winograd/products");
    expect(kernels.dx).toContain("winograd/products");
    expect(kernels.dw).toContain("winograd/gradient_products");
    await checkSample(device, reference, each);
  }

  for (const each of SAMPLES) it(each.name, () => check(record, each));

  it("batch norm, residual and activation", () => check(withEpilogue, epilogueSample()));
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

/** What a method makes of drawn values, and with which kernels. */
async function computed(
  device: GpuDevice,
  method: string,
  [x, K]: readonly [readonly number[], number] = [[2, 9, 17, 20], 36],
  dtype: "f32" | "f16" = "f32",
): Promise<{ values: StepValues; kernels: Record<string, string[]> }> {
  device.useTuning(new SameChoice({ method }));
  const { graph, outputs, shapes } = allDirections(plain(x, K), dtype);
  const layout = layOutPlan(graph, outputs, device.facts);
  const kernels = kernelsByRole(layout);
  for (const names of [kernels.y, kernels.dx, kernels.dw]) {
    expect(names?.some((name) => name.startsWith("winograd/"))).toBe(method === "winograd");
  }
  const inputs = Object.entries(shapes).map(([name, shape]) => {
    return [name, Float32Array.from(uniform(`winograd/all/${name}`, shape).data)] as const;
  });
  const variables = new VariableStore(device);
  const plan = await Plan.compile(device, layout, variables);
  try {
    plan.poison();
    return { values: await plan.run(Object.fromEntries(inputs)), kernels };
  } finally {
    plan.destroy();
    variables.destroy();
  }
}

/** The largest difference as a share of the largest value. */
function errorOf(role: string, got: StepValues, wanted: StepValues): number {
  const [have = new Float32Array(), want = new Float32Array()] = [got[role], wanted[role]];
  expect(want.length, role).toBeGreaterThan(0);
  expect(have.length, role).toBe(want.length);
  let [error, most] = [0, 0];
  for (const [i, value] of want.entries()) {
    const difference = Math.abs(value - (have[i] ?? Number.NaN));
    error = difference <= error ? error : difference; // NaN stays
    most = Math.max(most, Math.abs(value));
  }
  return error / most;
}

describe("by Winograd, beside the direct kernels", () => {
  let device: GpuDevice;
  beforeAll(async () => {
    device = await openDevice({ adapter: ADAPTER, family: "cpu" });
  });
  afterAll(() => device.destroy());

  it("gives the same bits twice", async () => {
    const { values } = await computed(device, "winograd");
    expect(values).toEqual((await computed(device, "winograd")).values);
  });

  it.each([
    { C: 256, K: 16, products: { y: 2, dx: 1, dw: 2 } },
    { C: 16, K: 256, products: { y: 1, dx: 2, dw: 2 } },
  ])("differs by rounding alone in images of several rounds, $C channels to $K", async (each) => {
    const sizes = [[1, 70, 66, each.C], each.K] as const;
    const direct = await computed(device, "direct", sizes);
    const winograd = await computed(device, "winograd", sizes);
    for (const [role, rounds] of Object.entries(each.products)) {
      const names = winograd.kernels[role] ?? [];
      expect(names.filter((name) => name.endsWith("products")).length, role).toBe(rounds);
      expect(errorOf(role, winograd.values, direct.values), role).toBeLessThan(1e-5);
    }
  });

  it.skipIf(!hasF16)("differs by rounding alone where tensors are f16 (requires shader-f16)", async () => {
    const { values: direct } = await computed(device, "direct", undefined, "f16");
    const { values: winograd } = await computed(device, "winograd", undefined, "f16");
    for (const role of ["y", "dx", "dw"]) {
      expect(errorOf(role, winograd, direct), role).toBeLessThan(role === "dw" ? 1e-5 : 2 ** -10);
    }
  });
});

describe("the rule", () => {
  it("takes Winograd in all directions where there are many channels and pixels", () => {
    const stages = ["winograd/transform_filter", "winograd/transform_input", "winograd/products"];
    expect(kernelsOf(plain([2, 35, 35, 256], 256), FACTS)).toEqual({
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
    const { y, dx } = kernelsOf(plain([2, 14, 14, 32], 32), FACTS);
    expect([y, dx]).toEqual([["forward"], ["data_gradient"]]);
  });

  it("leaves convolutions whose transformed kernels no binding holds to the direct kernels", () => {
    const tight = { ...FACTS, maxBindingBytes: 16 * 256 * 256 * 4 - 1 };
    expect(kernelsOf(plain([2, 35, 35, 256], 256), tight).y).toEqual(["forward"]);
  });

  it("leaves convolutions of which no binding holds a block's pieces to the direct kernels", () => {
    const facts = (maxBindingBytes: number) => ({ ...FACTS, maxBindingBytes, tuning: BY_WINOGRAD });
    for (const wide of [plain([1, 8, 8, 1024], 4), plain([1, 8, 8, 4], 1024)]) {
      const bytes = 16 * 1024 * 32 * 4;
      expect(kernelsOf(wide, facts(bytes)).y).toContain("winograd/products");
      expect(kernelsOf(wide, facts(bytes - 1)).y).toEqual(["forward"]);
    }
  });

  it("transforms large images in rounds", () => {
    const { y = [], dw = [] } = kernelsOf(plain([8, 56, 56, 64], 64), FACTS);
    expect(y.filter((name) => name === "winograd/products").length).toBe(2);
    expect(dw.filter((name) => name === "winograd/gradient_products").length).toBe(2);
  });

  it("has rounds of 16 MiB at the most, unless a block alone takes more", () => {
    const facts = { ...FACTS, tuning: BY_WINOGRAD };
    const rounds = (x: readonly number[]) => {
      const { y = [] } = kernelsOf(plain(x, 16), facts);
      return y.filter((name) => name === "winograd/products").length;
    };
    // 16 blocks of 3 MiB: no more than 5 a round.
    expect(rounds([1, 32, 64, 1536])).toBe(4);
    // 2 blocks of 18 MiB.
    expect(rounds([1, 8, 32, 9216])).toBe(2);
  });
});
