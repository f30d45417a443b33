// Runs one operator by itself, forward and backward, for golden cases and for tests.

import { WeftError } from "../../../src/base/errors.ts";
import { type Shape, shapeText } from "../../../src/base/tensors.ts";
import type { GpuDevice } from "../../../src/gpu/device.ts";
import { VariableStore } from "../../../src/gpu/variables.ts";
import type { RawAttributes } from "../../../src/graph/attributes.ts";
import { differentiate } from "../../../src/graph/differentiate.ts";
import { Graph, type Tensor } from "../../../src/graph/graph.ts";
import { Plan, type StepValues } from "../../../src/graph/plan.ts";
import { layOutPlan } from "../../../src/graph/plan_layout.ts";
import { sumOf } from "../../../src/ops/elementwise/sum.ts";
import { OPERATORS } from "../../../src/ops/operators.ts";

/** A tensor on the host. */
export interface HostTensor {
  readonly shape: Shape;
  /** Whole numbers, such as validRows, are a Uint32Array. */
  readonly data: Float32Array | Uint32Array;
}

export interface OperatorRun {
  readonly op: string;
  readonly attrs: RawAttributes;
  readonly inputs: Readonly<Record<string, HostTensor>>;
  /** Output roles to read back. */
  readonly outputs: readonly string[];
  /** Gradients to read back, as `d` + input role. */
  readonly grads: readonly string[];
  /** Upstream gradients by `d` + output role. */
  readonly upstream: Readonly<Record<string, HostTensor>>;
}

/**
 * Builds, compiles and runs a graph of the one operator. All memory of values is NaN beforehand.
 * @returns outputs by role and gradients by `d` + role.
 * @throws WeftError for an unknown operator, attribute, role, or a gradient that does not exist.
 */
export async function runOperator(device: GpuDevice, run: OperatorRun): Promise<StepValues> {
  const operator = OPERATORS.get(run.op);
  if (!operator) throw new WeftError(`unknown operator ${run.op}`);
  const graph = new Graph();
  const inputs = Object.fromEntries(
    Object.entries(run.inputs).map(([role, { shape, data }]) => {
      return [role, graph.input(role, shape, data instanceof Uint32Array ? "u32" : "f32")];
    }),
  );
  const produced = graph.apply(operator, inputs, run.attrs);
  const wanted: Record<string, Tensor> = {};
  for (const role of run.outputs) {
    const tensor = produced[role];
    if (!tensor)
      throw new WeftError(`${run.op} has no output ${role}; it has ${Object.keys(produced).join(", ")}`);
    wanted[role] = tensor;
  }
  Object.assign(wanted, gradientTensors(graph, run, inputs, produced));
  const plan = await Plan.compile(device, layOutPlan(graph, wanted, device.facts), new VariableStore(device));
  try {
    plan.poison();
    const fed = { ...run.inputs, ...(run.grads.length > 0 ? run.upstream : {}) };
    return await plan.run(Object.fromEntries(Object.entries(fed).map(([name, { data }]) => [name, data])));
  } finally {
    plan.destroy();
  }
}

function gradientTensors(
  graph: Graph,
  run: OperatorRun,
  inputs: Readonly<Record<string, Tensor>>,
  produced: Readonly<Record<string, Tensor>>,
): Record<string, Tensor> {
  if (run.grads.length === 0) return {};
  const seeds = Object.entries(run.upstream).map(([name, { shape }]) => {
    const tensor = produced[name.slice(1)];
    if (!tensor)
      throw new WeftError(`${run.op} has no output for the upstream gradient ${name} ${shapeText(shape)}`);
    return { tensor, gradient: graph.input(name, shape) };
  });
  const targets = run.grads.map((name) => {
    const input = inputs[name.slice(1)];
    if (!input) throw new WeftError(`${run.op} has no input for the gradient ${name}`);
    return { name, input };
  });
  const gradients = differentiate(
    graph,
    seeds,
    targets.map(({ input }) => input),
    sumOf,
  );
  return Object.fromEntries(
    targets.map(({ name, input }) => {
      const gradient = gradients.get(input);
      if (!gradient) throw new WeftError(`${run.op} has no gradient ${name}`);
      return [name, gradient];
    }),
  );
}
