// An operator on the GPU against its float64 reference, for the tests over the registry.

import type { GpuDevice } from "../../src/gpu/device.ts";
import { type NamedValues, the, type Values } from "../../src/ops/common/definition.ts";
import { type HostTensor, runOperator } from "../golden/runner/run_operator.ts";
import { expectMatch } from "../reference/compare.ts";
import { type OperatorRecord, type Sample, upstreamGradients } from "../reference/reference.ts";

/** Inputs that are whole numbers on the GPU as well. */
export const WHOLE_NUMBER_ROLES: ReadonlySet<string> = new Set(["validRows"]);

function hostTensor(role: string, { shape, data }: Values): HostTensor {
  return { shape, data: WHOLE_NUMBER_ROLES.has(role) ? Uint32Array.from(data) : Float32Array.from(data) };
}

function hostTensors(values: NamedValues): Record<string, HostTensor> {
  return Object.fromEntries(Object.entries(values).map(([role, value]) => [role, hostTensor(role, value)]));
}

/** Runs an operator on a sample, forward and backward. @throws Error that says which elements differ. */
export async function checkSample(device: GpuDevice, record: OperatorRecord, sample: Sample): Promise<void> {
  const { inputs, attrs, tolerance } = sample;
  const outputs = record.forward(inputs, attrs);
  const upstream = record.gradient ? upstreamGradients(record, sample) : {};
  const gradients = record.gradient?.(inputs, attrs, upstream) ?? {};
  const got = await runOperator(device, {
    op: record.op,
    attrs,
    inputs: hostTensors(inputs),
    outputs: Object.keys(outputs),
    grads: Object.keys(gradients),
    upstream: hostTensors(upstream),
  });
  const wanted = { ...outputs, ...gradients };
  for (const role of Object.keys(wanted)) {
    const want = the(wanted, role);
    expectMatch(
      `${record.op}, ${sample.name}: ${role}`,
      { shape: want.shape, data: got[role] ?? [] },
      want,
      tolerance,
    );
  }
}
