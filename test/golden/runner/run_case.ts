// Runs golden cases on a device and compares what comes out with what the files say.

import { messageOf, WeftError } from "../../../src/base/errors.ts";
import type { GpuDevice } from "../../../src/gpu/device.ts";
import type { StepValues } from "../../../src/graph/plan.ts";
import type { Precision } from "../../../src/nn/mixed_precision.ts";
import type { GoldenCase, OperatorCase, Tolerance } from "./golden_case.ts";
import { runModel, runTraining, type WeightFileReader } from "./run_network.ts";
import { type HostTensor, runOperator } from "./run_operator.ts";

export type CaseOutcome =
  | { readonly status: "passed"; readonly ratio: number }
  /** `ratio` is the worst error over what was allowed; absent where the case could not run at all. */
  | { readonly status: "failed"; readonly ratio?: number; readonly message: string }
  | { readonly status: "skipped"; readonly message: string };

/**
 * What a training in mixed precision may differ by: activations have 11 bits there instead of 24, an error of 5e-4
 * each. The cases' own tolerances stay where they are wider.
 */
export const MIXED_TOLERANCE: Tolerance = { rtol: 3e-2, atol: 1e-3 };

const widened = ({ rtol, atol }: Tolerance): Tolerance => ({
  rtol: Math.max(rtol, MIXED_TOLERANCE.rtol),
  atol: Math.max(atol, MIXED_TOLERANCE.atol),
});

/** Runs one case; never throws for a case that cannot run: that is a failure with its message. */
export async function runCase(
  device: GpuDevice,
  golden: GoldenCase,
  readWeights: WeightFileReader,
  precision: Precision = "f32",
): Promise<CaseOutcome> {
  const missing = golden.requires.find((feature) => !device.facts.features.has(feature));
  if (missing !== undefined) return { status: "skipped", message: `the adapter has no ${missing}` };
  const isMixed = precision === "mixed";
  if (isMixed && golden.kind !== "training")
    return { status: "skipped", message: "mixed precision is for trainings" };
  try {
    const { got, names } = await execute(device, golden, readWeights, precision);
    const tolerance = isMixed ? widened(golden.tolerance) : golden.tolerance;
    return compareAll(got, names, golden.tensors, tolerance);
  } catch (thrown) {
    device.throwIfLost();
    return { status: "failed", message: messageOf(thrown) };
  }
}

async function execute(
  device: GpuDevice,
  golden: GoldenCase,
  readWeights: WeightFileReader,
  precision: Precision,
): Promise<{ got: StepValues; names: readonly string[] }> {
  if (golden.kind === "op") {
    return {
      got: await runOperator(device, operatorRun(golden)),
      names: [...golden.outputs, ...golden.grads],
    };
  }
  const got =
    golden.kind === "model"
      ? await runModel(device, golden, readWeights)
      : await runTraining(device, golden, readWeights, precision);
  return { got, names: Object.keys(got) };
}

function operatorRun(golden: OperatorCase) {
  const { op, attrs, outputs, grads, tensors } = golden;
  const inputs: Record<string, HostTensor> = {};
  for (const name of golden.inputs) inputs[name] = tensorOf(tensors, name);
  const upstream: Record<string, HostTensor> = {};
  for (const output of outputs) {
    const gradient = tensors.get(`d${output}`);
    if (gradient && grads.length > 0) upstream[`d${output}`] = gradient;
  }
  return { op, attrs, inputs, outputs, grads, upstream };
}

/** @throws WeftError where the file lacks the tensor. */
function tensorOf(tensors: ReadonlyMap<string, HostTensor>, name: string): HostTensor {
  const tensor = tensors.get(name);
  if (!tensor) throw new WeftError(`the file has no tensor ${name}`);
  return tensor;
}

function compareAll(
  got: StepValues,
  names: readonly string[],
  tensors: ReadonlyMap<string, HostTensor>,
  tolerance: Tolerance,
): CaseOutcome {
  if (names.length === 0) return { status: "failed", message: "the case names no output" };
  let worst = 0;
  const faults: string[] = [];
  for (const name of names) {
    const values = got[name];
    const want = tensorOf(tensors, name);
    if (!values) throw new Error(`nothing was computed for ${name}`);
    const { ratio, fault } = compareTensor(values, want.data, tolerance);
    worst = Math.max(worst, ratio);
    if (fault !== undefined) faults.push(`${name}: ${fault}`);
  }
  if (faults.length === 0) return { status: "passed", ratio: worst };
  return { status: "failed", ratio: worst, message: faults.join("; ") };
}

/** The worst error over what is allowed, and in words what is wrong where it exceeds 1. */
function compareTensor(
  got: ArrayLike<number>,
  want: ArrayLike<number>,
  { rtol, atol }: Tolerance,
): { ratio: number; fault: string | undefined } {
  if (got.length !== want.length) {
    return {
      ratio: Number.POSITIVE_INFINITY,
      fault: `${want.length} elements expected, ${got.length} computed`,
    };
  }
  let largest = 0;
  for (let i = 0; i < want.length; i++) largest = Math.max(largest, Math.abs(want[i] ?? 0));
  const allowed = atol + rtol * largest;
  let ratio = 0;
  let at = 0;
  let wrong = 0;
  for (let i = 0; i < want.length; i++) {
    const error = Math.abs((got[i] ?? Number.NaN) - (want[i] ?? Number.NaN)) / allowed;
    const finite = Number.isNaN(error) ? Number.POSITIVE_INFINITY : error;
    if (finite > 1) wrong++;
    if (finite > ratio) {
      ratio = finite;
      at = i;
    }
  }
  if (wrong === 0) return { ratio, fault: undefined };
  const fault =
    `${wrong} of ${want.length} elements differ by more than ${allowed.toExponential(1)}; ` +
    `worst at ${at}: ${got[at]} instead of ${want[at]}`;
  return { ratio, fault };
}
