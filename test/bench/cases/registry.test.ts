// Walks the registry: every operator that launches kernels is part of a benchmark's case; and every case builds as it
// is timed, and is right on its small form.
import { describe, expect, it } from "vitest";
import { caseName, type OperatorCase, passesOf } from "../../../kernels-bench/cases/bench_case.ts";
import { OPERATOR_CASES } from "../../../kernels-bench/cases/operators.ts";
import { checkSmallForm } from "../../../kernels-bench/measuring/check.ts";
import { passGraph } from "../../../kernels-bench/measuring/pass_graph.ts";
import { OPERATORS } from "../../../src/ops/operators.ts";
import { testDevice } from "../../device.ts";

/** Operators that launch nothing: the memory plan does their work. */
const WITHOUT_KERNELS: ReadonlySet<string> = new Set(["pack", "reshape"]);

function operatorsOf(bench: OperatorCase): string[] {
  return passesOf(bench).flatMap((pass) =>
    passGraph(bench, bench.real, pass).graph.nodes.map(({ operator }) => operator.name),
  );
}

const benched = new Set(OPERATOR_CASES.flatMap(operatorsOf));

describe("the benchmark's cases", () => {
  it.each([...OPERATORS.keys()].filter((name) => !WITHOUT_KERNELS.has(name)))("time %s", (name) => {
    expect([...benched]).toContain(name);
  });

  it("have names of their own", () => {
    const names = OPERATOR_CASES.map(caseName);
    expect(new Set(names).size).toBe(names.length);
  });

  it("have shapes enough to compare with other engines", () => {
    const count = (op: string) => OPERATOR_CASES.filter((bench) => bench.op === op).length;
    expect(count("conv2d")).toBeGreaterThanOrEqual(10);
    expect(count("depthwiseConv2d")).toBeGreaterThanOrEqual(10);
    expect(Math.min(count("maxPool2d"), count("avgPool2d"))).toBeGreaterThanOrEqual(3);
  });
});

describe("a benchmark's case is right on its small form:", () => {
  const passes = OPERATOR_CASES.flatMap((bench) => passesOf(bench).map((pass) => ({ bench, pass })));

  it.for(passes.map(({ bench, pass }) => [`${caseName(bench)} ${pass}`, bench, pass] as const))(
    "%s",
    async ([_name, bench, pass], context) => {
      const device = await testDevice();
      const missing = bench.requires?.find((feature) => !device.facts.features.has(feature));
      context.skip(missing !== undefined, `requires ${missing}`);
      await checkSmallForm(device, bench, pass);
    },
  );
});
