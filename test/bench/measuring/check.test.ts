// What is wrong is not timed: sums of single elements agree with the float64 references, and a case whose kernels
// disagree with its reference is refused.
import { describe, expect, it } from "vitest";
import { type OperatorCase, type OperatorForm, smallShape } from "../../../kernels-bench/cases/bench_case.ts";
import { OPERATOR_CASES } from "../../../kernels-bench/cases/operators.ts";
import { checkRealForm, checkSmallForm, sampledElements } from "../../../kernels-bench/measuring/check.ts";
import { passGraph } from "../../../kernels-bench/measuring/pass_graph.ts";
import { PreparedPass } from "../../../kernels-bench/measuring/prepared_pass.ts";
import { the } from "../../../src/ops/common/definition.ts";
import { testDevice } from "../../device.ts";
import { records } from "../../reference/records.ts";
import { type OperatorRecord, upstreamGradients } from "../../reference/reference.ts";

function recordOf(op: string): OperatorRecord {
  const record = records.find((one) => one.op === op);
  if (!record) throw new Error(`no record ${op}`);
  return record;
}

/** Samples that a benchmark's case could be: no dilation, no groups, one output a channel. */
function plainSamples(op: string) {
  return recordOf(op)
    .samples()
    .filter(({ attrs, inputs }) => {
      const isPlain = String(attrs.dilations ?? "1,1") === "1,1" && (attrs.groups ?? 1) === 1;
      return isPlain && (op !== "depthwiseConv2d" || inputs.w?.shape[3] === 1);
    });
}

describe.each(["conv2d", "depthwiseConv2d", "dense"])("single elements of %s", (op) => {
  const record = recordOf(op);

  it.each(plainSamples(op).map((sample) => [sample.name, sample] as const))("%s", (_name, sample) => {
    const { attrs, inputs } = sample;
    const upstream = upstreamGradients(record, sample);
    const right = { ...record.forward(inputs, attrs), ...record.gradient?.(inputs, attrs, upstream) };
    const form: OperatorForm = { attrs: attrs as OperatorForm["attrs"], inputs };
    const passes = { forward: [], gradient: Object.keys(inputs) };
    const common = { op, name: sample.name, of: "a test", isQuick: false, real: form, small: form, passes };
    for (const pass of ["forward", "gradient"] as const) {
      const built = passGraph(common, form, pass);
      const elements = sampledElements(built, { ...inputs, ...upstream });
      expect(new Set(elements.map(({ output }) => output))).toEqual(new Set(Object.keys(built.outputs)));
      for (const { output, index, value, allowed } of elements) {
        expect(Math.abs(value - (the(right, output).data[index] ?? Number.NaN))).toBeLessThan(allowed / 100);
      }
    }
  });
});

const bench: OperatorCase = {
  op: "conv2d",
  name: "wrong",
  of: "a test",
  isQuick: false,
  real: {
    attrs: { strides: [1, 1], padding: "same" },
    inputs: { x: { shape: [2, 9, 9, 8] }, w: { shape: [3, 3, 8, 16] } },
  },
  small: {
    attrs: { strides: [1, 1], padding: "same", dilations: [1, 1], groups: 1 },
    inputs: { x: { shape: [1, 5, 5, 8] }, w: { shape: [3, 3, 8, 16] } },
  },
  passes: { forward: [], dataGradient: ["x"] },
  isConvolution: true,
};

describe("a case that is wrong", () => {
  it("is refused by its small form", async () => {
    const record = recordOf("conv2d");
    const reference = {
      forward: () => ({ y: { shape: [1, 5, 5, 16], data: new Float64Array(400).fill(1) } }),
      ...(record.gradient && { gradient: record.gradient }),
    };
    const device = await testDevice();
    await expect(checkSmallForm(device, { ...bench, reference }, "forward")).rejects.toThrow(
      /conv2d\/wrong forward.* elements differ.*not timed/,
    );
    await checkSmallForm(device, { ...bench, reference }, "dataGradient");
  });

  it("is refused by single elements of its real form", async () => {
    const device = await testDevice();
    const prepared = await PreparedPass.compile(device, bench, bench.real, "forward");
    try {
      await checkRealForm(bench, "forward", prepared);
      prepared.plan.write("w", new Float32Array(3 * 3 * 8 * 16).fill(0.01));
      await expect(checkRealForm(bench, "forward", prepared)).rejects.toThrow(
        /conv2d\/wrong forward: y\[\d+\] is .*, expected .*not timed/,
      );
    } finally {
      prepared.destroy();
    }
  });
});

describe("cases", () => {
  it("keep in small forms what kernels are chosen by", () => {
    expect(smallShape([8, 112, 112, 96])).toEqual([2, 10, 10, 64]);
    expect(smallShape([2, 17, 17, 1088])).toEqual([2, 11, 11, 64]);
    expect(smallShape([1, 42, 42, 42])).toEqual([1, 10, 10, 42]);
    expect(smallShape([16, 1000])).toEqual([5, 72]);
  });

  it("are timed in forms that networks have", () => {
    const [first] = OPERATOR_CASES;
    expect(first?.real.inputs.x?.shape).toEqual([2, 299, 299, 3]);
  });
});
