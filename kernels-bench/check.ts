// What must hold before a case is timed: its small form agrees with the float64 reference in every element, and of
// convolutions some elements of the real form do.

import { WeftError } from "../src/base/errors.ts";
import type { GpuDevice } from "../src/gpu/device.ts";
import type { StepValues } from "../src/graph/plan.ts";
import { compare, type Tolerance } from "../test/reference/compare.ts";
import { records } from "../test/reference/records.ts";
import type { Attributes, NamedValues } from "../test/reference/reference.ts";
import { caseName, type OperatorCase, type Pass, type Reference } from "./bench_case.ts";
import { passGraph } from "./pass_graph.ts";
import { PreparedPass } from "./prepared_pass.ts";
import { sampleConvolution } from "./sampled_sums.ts";

const SMALL: Tolerance = { rtol: 3e-5, atol: 2e-6 };
/** Sums of up to a hundred thousand products, and the largest element is one of a sample. */
const SAMPLED: Tolerance = { rtol: 1e-4, atol: 2e-6 };

/** The case's own reference, or the operator's record. */
function referenceOf({ op, reference }: OperatorCase): Reference {
  const found = reference ?? records.find((record) => record.op === op);
  if (!found) throw new WeftError(`${op} has no float64 reference`);
  return found;
}

/** What the pass must compute, by output role or `d` and input role. */
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

/** Runs the real form once and compares sampled elements. @throws WeftError saying which differ. */
export async function checkRealForm(bench: OperatorCase, pass: Pass, prepared: PreparedPass): Promise<void> {
  if (!bench.isConvolution) return;
  const got: StepValues = await prepared.run();
  const tensors = { ...prepared.inputs, ...prepared.upstream };
  const y = passGraph(bench, bench.real, "forward").outputs.y?.shape ?? [];
  const isDepthwise = bench.op === "depthwiseConv2d";
  for (const [role, values] of Object.entries(got)) {
    const sampled = sampleConvolution(bench.real, role, values, tensors, y, isDepthwise);
    requireMatch(`${caseName(bench)} ${pass}: ${role}`, sampled.got, sampled.want, SAMPLED);
  }
}

type Compared = Parameters<typeof compare>[0];

function requireMatch(what: string, got: Compared, want: Compared, tolerance: Tolerance): void {
  const { matches, report } = compare(got, want, tolerance);
  if (!matches) throw new WeftError(`${what}: ${report}. A wrong kernel is not timed.`);
}
