// The check before a case is timed: its small form agrees with the float64 reference in every element, and for
// convolutions some elements of the real form do as well.

import { WeftError } from "../../src/base/errors.ts";
import type { GpuDevice } from "../../src/gpu/device.ts";
import type { Attributes, NamedValues } from "../../src/ops/common/definition.ts";
import { type ExpectedElement, expectedElements } from "../../src/tune/expected_values.ts";
import { differenceFrom } from "../../src/tune/verification.ts";
import { compare, type Tolerance } from "../../test/reference/compare.ts";
import { records } from "../../test/reference/records.ts";
import { caseName, type OperatorCase, type Pass, type Reference } from "../cases/bench_case.ts";
import { type PassGraph, passGraph } from "./pass_graph.ts";
import { PreparedPass } from "./prepared_pass.ts";

const SMALL: Tolerance = { rtol: 3e-5, atol: 2e-6 };

/** The case's own reference, or the operator's record. */
function referenceOf({ op, reference }: OperatorCase): Reference {
  const found = reference ?? records.find((record) => record.op === op);
  if (!found) throw new WeftError(`${op} has no float64 reference`);
  return found;
}

/** What the pass must compute, by output role or by `d` and input role. */
function wanted(bench: OperatorCase, pass: Pass, inputs: NamedValues, upstream: NamedValues): NamedValues {
  const { attrs } = bench.small;
  const reference = referenceOf(bench);
  const given: Attributes = attrs;
  if (pass === "forward") return reference.forward(inputs, given);
  const gradients = reference.gradient?.(inputs, given, upstream) ?? {};
  const roles = (bench.passes[pass] ?? []).map((role) => `d${role}`);
  return Object.fromEntries(roles.flatMap((role) => (gradients[role] ? [[role, gradients[role]]] : [])));
}

/** Runs the small form. @throws WeftError saying which elements differ. */
export async function checkSmallForm(device: GpuDevice, bench: OperatorCase, pass: Pass): Promise<void> {
  const prepared = await PreparedPass.compile(device, bench, bench.small, pass);
  try {
    const got = await prepared.run();
    const want = wanted(bench, pass, prepared.inputs, prepared.upstream);
    if (Object.keys(want).length === 0) throw new WeftError(`${caseName(bench)}: nothing to compare`);
    for (const [role, values] of Object.entries(want)) {
      const data = (got[role] ?? new Float32Array()).subarray(0, values.data.length);
      requireMatch(
        `${caseName(bench)} ${pass}, small form: ${role}`,
        { shape: values.shape, data },
        values,
        SMALL,
      );
    }
  } finally {
    prepared.destroy();
  }
}

/** A sampled element of an output of a pass. */
type SampledElement = ExpectedElement & { readonly output: string };

/** Some elements of a pass' outputs in float64, for nodes whose operands are all inputs. */
export function sampledElements({ graph, outputs }: PassGraph, given: NamedValues): SampledElement[] {
  return graph.nodes.flatMap((node) => {
    const inputs = Object.entries(node.inputs).flatMap(([role, { name }]): [string, ArrayLike<number>][] => {
      const values = given[name];
      return values ? [[role, values.data]] : [];
    });
    const isGiven = inputs.length === Object.keys(node.inputs).length;
    const elements = isGiven ? expectedElements(node, Object.fromEntries(inputs)) : undefined;
    return (elements ?? []).flatMap((element) => {
      const made = Object.entries(outputs).find(([, tensor]) => tensor === node.outputs[element.role]);
      return made ? [{ ...element, output: made[0] }] : [];
    });
  });
}

/** Runs the real form once and compares sampled elements. @throws WeftError saying which differ. */
export async function checkRealForm(bench: OperatorCase, pass: Pass, prepared: PreparedPass): Promise<void> {
  if (!bench.isConvolution) return;
  const built = passGraph(bench, bench.real, pass);
  const expected = sampledElements(built, { ...prepared.inputs, ...prepared.upstream });
  const unchecked = Object.keys(built.outputs).find(
    (name) => !expected.some(({ output }) => output === name),
  );
  if (unchecked !== undefined) throw new WeftError(`${caseName(bench)} ${pass}: nothing checks ${unchecked}`);
  const named = expected.map(({ output, ...element }) => ({ ...element, role: output }));
  const difference = differenceFrom(await prepared.run(), named);
  if (difference !== undefined) throw wrong(`${caseName(bench)} ${pass}: ${difference}`);
}

type Compared = Parameters<typeof compare>[0];

function requireMatch(what: string, got: Compared, want: Compared, tolerance: Tolerance): void {
  const { matches, report } = compare(got, want, tolerance);
  if (!matches) throw wrong(`${what}: ${report}`);
}

const wrong = (what: string) => new WeftError(`${what}. A wrong kernel is not timed.`);
