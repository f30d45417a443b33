// Tiles of subgroup matrices: operands of f16, sums in f32. Their kernels compile on Dawn's null backend, which knows
// the extension on every machine; what they compute is compared where the adapter multiplies such matrices.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { create } from "webgpu";
import { type DeviceFacts, GpuDevice, type SubgroupMatrix } from "../../../src/gpu/device.ts";
import { linkShader } from "../../../src/gpu/shader_linking.ts";
import { VariableStore } from "../../../src/gpu/variables.ts";
import { differentiate } from "../../../src/graph/differentiate.ts";
import { Graph, type Tensor } from "../../../src/graph/graph.ts";
import type { KernelUse } from "../../../src/graph/operator.ts";
import { Plan } from "../../../src/graph/plan.ts";
import { layOutPlan, type PlanLayout } from "../../../src/graph/plan_layout.ts";
import { type NamedValues, the, type Values } from "../../../src/ops/common/definition.ts";
import { conv2d as conv2dOperator } from "../../../src/ops/conv2d/conv2d.ts";
import { matrixTiles, workgroupMemoryBytes } from "../../../src/ops/conv2d/gpu_tiles.ts";
import { sumOf } from "../../../src/ops/elementwise/sum.ts";
import { castTo } from "../../../src/ops/mixed_precision/cast.ts";
import { OPERATORS } from "../../../src/ops/operators.ts";
import { openDevice } from "../../../src/platform/node/device.ts";
import { parseGoldenCase } from "../../golden/runner/golden_case.ts";
import { runCase } from "../../golden/runner/run_case.ts";
import { expectMatch } from "../../reference/compare.ts";
import { conv2d } from "../../reference/conv2d.ts";
import { dense } from "../../reference/dense.ts";
import { uniform } from "../../reference/draw.ts";
import { type OperatorRecord, type Sample, upstreamGradients } from "../../reference/reference.ts";
import { MATRIX_SIZES } from "../matrix_sizes.ts";
import { SameChoice } from "../same_choice.ts";

const TRAININGS = join(import.meta.dirname, "../../golden/trainings");

const device = await openDevice({ adapter: process.env.WEFT_TEST_ADAPTER ?? "auto", family: "gpu" });
afterAll(() => device.destroy());
const { subgroupMatrix } = device.facts;

/** Numbers that f16 holds. */
function halves(seed: string, shape: readonly number[]): Values {
  return { shape, data: uniform(seed, shape).data.map((value) => Math.round(value * 512) / 512) };
}

function convolution(name: string, x: readonly number[], w: readonly number[], attrs: object = {}): Sample {
  return {
    name,
    attrs: { strides: [1, 1], padding: "same", dilations: [1, 1], groups: 1, ...attrs },
    inputs: {
      x: halves(`matrix_tiles/${name}/x`, x),
      w: halves(`matrix_tiles/${name}/w`, w),
      b: halves(`matrix_tiles/${name}/b`, [w[3] ?? 1]),
    },
  };
}

const CASES: readonly (readonly [OperatorRecord, Sample])[] = [
  [conv2d, convolution("channels in fours", [2, 13, 11, 20], [3, 3, 20, 72])],
  [conv2d, convolution("any channels, stride 2", [2, 17, 19, 7], [3, 3, 7, 67], { strides: [2, 2] })],
  [conv2d, convolution("groups", [1, 12, 13, 24], [3, 2, 12, 70], { groups: 2, dilations: [2, 1] })],
  [conv2d, convolution("1x1, many channels", [1, 9, 15, 132], [1, 1, 132, 36])],
  [
    conv2d,
    convolution("three channels", [2, 15, 9, 3], [5, 5, 3, 16], { strides: [2, 1], padding: "valid" }),
  ],
  [
    dense,
    {
      name: "a layer",
      attrs: {},
      inputs: {
        x: halves("matrix_tiles/dense/x", [37, 150]),
        w: halves("matrix_tiles/dense/w", [150, 45]),
        b: halves("matrix_tiles/dense/b", [45]),
      },
    },
  ],
];

/** An operator on operands of f16 and the gradients of all its inputs. */
function layOut(
  record: OperatorRecord,
  { attrs, inputs }: Sample,
  dy: Values,
  facts: DeviceFacts,
): PlanLayout {
  const operator = OPERATORS.get(record.op);
  if (!operator) throw new Error(`no operator ${record.op}`);
  const graph = new Graph();
  const given: Record<string, Tensor> = {};
  for (const [role, { shape }] of Object.entries(inputs)) {
    const tensor = graph.input(role, shape);
    given[role] = role === "b" ? tensor : castTo(graph, tensor, "f16");
  }
  const { y } = graph.apply(operator, given, attrs);
  if (!y) throw new Error(`${record.op} has no output y`);
  const gradient = castTo(graph, graph.input("dy", dy.shape), "f16");
  const gradients = differentiate(graph, [{ tensor: y, gradient }], Object.values(given), sumOf);
  const wanted: Record<string, Tensor> = { y };
  for (const [role, tensor] of Object.entries(given)) {
    const found = gradients.get(tensor);
    if (found) wanted[`d${role}`] = found;
  }
  return layOutPlan(graph, wanted, facts);
}

function upstreamOf(record: OperatorRecord, sample: Sample): Values {
  const { shape } = the(upstreamGradients(record, sample), "dy");
  return halves(`matrix_tiles/${sample.name}/dy`, shape);
}

function kernelsOf({ memory }: PlanLayout): KernelUse[] {
  return memory.commands.flatMap((command) => (command.kind === "dispatch" ? [command.kernel] : []));
}

function ofMatrices(layout: PlanLayout): KernelUse[] {
  return kernelsOf(layout).filter(({ conditions }) => conditions?.matrices);
}

/** Runs an operator's kernels and compares: what is stored as f16 has 11 bits, what as f32 only sums' rounding. */
async function check(record: OperatorRecord, sample: Sample, facts: DeviceFacts): Promise<void> {
  const { inputs, attrs } = sample;
  const dy = upstreamOf(record, sample);
  const layout = layOut(record, sample, dy, facts);
  expect(new Set(ofMatrices(layout).map(({ name }) => name)).size).toBe(3);
  const wanted: NamedValues = {
    ...record.forward(inputs, attrs),
    ...record.gradient?.(inputs, attrs, { dy }),
  };
  const plan = await Plan.compile(device, layout, new VariableStore(device));
  try {
    plan.poison();
    const values = Object.entries({ ...inputs, dy }).map(
      ([role, { data }]) => [role, Float32Array.from(data)] as const,
    );
    const fed = Object.fromEntries(values);
    const got = await plan.run(fed);
    expect(await plan.run(fed), "the same bits twice").toEqual(got);
    for (const role of ["y", "dx", "dw"]) {
      const want = the(wanted, role);
      const isNarrow = record === conv2d && role !== "dw";
      const tolerance = isNarrow
        ? { rtol: 2 ** -11, atol: 1e-4, reason: "stored as f16" }
        : { rtol: 1e-5, atol: 1e-4, reason: "sums of up to 1300 terms of size 1" };
      expectMatch(role, { shape: want.shape, data: got[role] ?? [] }, want, tolerance);
    }
  } finally {
    plan.destroy();
  }
}

/** The facts of a device that takes one tile everywhere. */
function only(tile: string, splits: string): DeviceFacts {
  return { ...device.facts, tuning: new SameChoice({ tile, splits }) };
}

describe.skipIf(!subgroupMatrix)(
  "tiles of subgroup matrices (require chromium-experimental-subgroup-matrix with f16 and sums in f32)",
  () => {
    const names = subgroupMatrix ? matrixTiles(subgroupMatrix).map(({ name }) => name) : ["each"];
    for (const tile of names) {
      for (const splits of ["1", "2"]) {
        for (const [record, sample] of CASES) {
          it(`${tile}, ${splits} splits: ${record.op}, ${sample.name}`, () =>
            check(record, sample, only(tile, splits)));
        }
      }
    }

    it.each(["1", "4"])("finish what they sum: %s splits", async (splits) => {
      const { inputs, attrs } = convolution("fused", [2, 5, 7, 64], [3, 3, 64, 40]);
      const addend = halves("matrix_tiles/fused/addend", [2, 5, 7, 40]);
      const y = the(conv2d.forward(inputs, attrs), "y");
      const want = y.data.map((sum, i) => Math.min(6, Math.max(0, (addend.data[i] ?? 0) + 0.25 * sum)));
      const graph = new Graph();
      const values = { ...inputs, addend };
      const given = Object.entries(values).map(([role, { shape }]) => {
        return [role, castTo(graph, graph.input(role, shape), "f16")] as const;
      });
      const fused = { ...attrs, activation: "relu6", residualScale: 0.25 } as const;
      const result = graph.applyOne(conv2dOperator, Object.fromEntries(given), fused);
      const layout = layOutPlan(graph, { result }, only(names[0] ?? "", splits));
      expect(ofMatrices(layout)).toHaveLength(1);
      const plan = await Plan.compile(device, layout, new VariableStore(device));
      plan.poison();
      const fed = Object.entries(values).map(([role, { data }]) => [role, Float32Array.from(data)] as const);
      const got = await plan.run(Object.fromEntries(fed));
      plan.destroy();
      const tolerance = { rtol: 2 ** -11, atol: 1e-4, reason: "stored as f16" };
      expectMatch("y", { shape: y.shape, data: got.result ?? [] }, { shape: y.shape, data: want }, tolerance);
    });

    it("agree where subgroups are smaller than the largest", async () => {
      const [tile = ""] = names.slice(-1);
      const { lanes = 0, ...rest } = subgroupMatrix ?? {};
      const wide = { ...rest, lanes: 2 * lanes } as SubgroupMatrix;
      for (const [record, sample] of CASES)
        await check(record, sample, { ...only(tile, "1"), subgroupMatrix: wide });
    });

    it.each(readdirSync(TRAININGS))("train as Keras does in mixed precision: %s", async (file) => {
      const golden = parseGoldenCase(readFileSync(join(TRAININGS, file)), file);
      const noFiles = () => Promise.reject(new Error("trainings have procedural weights"));
      for (const tile of names) {
        device.useTuning(new SameChoice({ tile }));
        expect(await runCase(device, golden, noFiles, "mixed")).toMatchObject({ status: "passed" });
      }
    });
  },
);

describe("kernels of subgroup matrices", () => {
  // Dawn crashes when an instance is collected before its devices.
  const gpu = create(["backend=null", "enable-dawn-features=allow_unsafe_apis"]);
  let nothing: GpuDevice;
  beforeAll(async () => {
    const adapter = await gpu.requestAdapter();
    if (!adapter) throw new Error("Dawn's null backend has no adapter");
    nothing = await GpuDevice.open(adapter, { family: "gpu", subgroupMatrices: true });
  });
  afterAll(() => nothing.destroy());

  it.each(MATRIX_SIZES)("compile for $rows x $columns x $depth", async (size) => {
    const tiles = matrixTiles(size);
    expect(tiles.length).toBeGreaterThan(1);
    const { maxWorkgroupMemoryBytes } = nothing.facts;
    expect(nothing.facts.features).toContain("chromium-experimental-subgroup-matrix");
    expect(tiles.some((tile) => workgroupMemoryBytes(tile) <= maxWorkgroupMemoryBytes)).toBe(true);
    for (const tile of tiles) {
      const tuning = new SameChoice({ tile: tile.name });
      const facts = { ...nothing.facts, maxWorkgroupMemoryBytes: 32768, subgroupMatrix: size, tuning };
      for (const [record, sample] of CASES) {
        const kernels = ofMatrices(layOut(record, sample, upstreamOf(record, sample), facts));
        expect(kernels).toHaveLength(3);
        for (const kernel of kernels) {
          const { code } = await linkShader(kernel);
          await nothing.checked(kernel.name, () => nothing.raw.createShaderModule({ code }));
          if (workgroupMemoryBytes(tile) <= maxWorkgroupMemoryBytes) await nothing.pipelines.get(kernel);
        }
      }
    }
  });
});

describe("matrices of f16", () => {
  it.each([
    ["x", "f32", "f16"],
    ["w", "f16", "f32"],
  ] as const)("leaves out convolutions whose %s is f32", (_, x, w) => {
    const graph = new Graph();
    const y = graph.applyOne(conv2dOperator, {
      x: graph.input("x", [8, 32, 32, 64], x),
      w: graph.input("w", [3, 3, 64, 64], w),
    });
    const facts = { ...device.facts, subgroupMatrix: MATRIX_SIZES[0] as SubgroupMatrix };
    expect(ofMatrices(layOutPlan(graph, { y }, facts))).toEqual([]);
  });
});
