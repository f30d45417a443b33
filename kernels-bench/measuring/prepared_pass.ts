// One pass of a case on a device: compiled, fed with its values, ready to be checked and timed. The comparison with
// other engines uses it too: `submit` puts repetitions on the queue, `device.idle()` waits for them.

import type { GpuDevice } from "../../src/gpu/device.ts";
import { VariableStore } from "../../src/gpu/variables.ts";
import { liveNodes } from "../../src/graph/live_nodes.ts";
import type { Cost } from "../../src/graph/operator.ts";
import { Plan, type StepValues } from "../../src/graph/plan.ts";
import { layOutPlan } from "../../src/graph/plan_layout.ts";
import type { NamedValues, Values } from "../../src/ops/common/definition.ts";
import { caseName, type OperatorCase, type OperatorForm, type Pass } from "../cases/bench_case.ts";
import { draw, drawAll, hostArray } from "./draws.ts";
import { type PassGraph, passGraph } from "./pass_graph.ts";

export class PreparedPass {
  private constructor(
    readonly plan: Plan,
    /** The FLOPs of one repetition, and the bytes that it moves at least. */
    readonly cost: Cost,
    /** Values of the case's inputs, and of the upstream gradients by `d` and role. */
    readonly inputs: NamedValues,
    readonly upstream: NamedValues,
    private readonly variables: VariableStore,
  ) {}

  /** Compiles a pass of a form and writes its inputs. @throws WeftError if it does not suit the device. */
  static async compile(
    device: GpuDevice,
    bench: OperatorCase,
    form: OperatorForm,
    pass: Pass,
  ): Promise<PreparedPass> {
    const built = passGraph(bench, form, pass);
    const { graph, outputs } = built;
    const inputs = drawAll(caseName(bench), form.inputs);
    const upstream = pass === "forward" ? {} : upstreamOf(bench, built);
    const forward = await forwardValues(device, bench, form, built);
    const layout = layOutPlan(graph, outputs, device.facts);
    return VariableStore.with(device, async (variables) => {
      for (const spec of built.variables) {
        variables.declare(spec);
        const values = inputs[spec.name];
        if (values) variables.write(spec.name, Float32Array.from(values.data));
      }
      const plan = await Plan.compile(device, layout, variables);
      plan.poison();
      for (const { name, kind, dtype } of graph.declared.values()) {
        if (kind !== "input") continue;
        const values = inputs[name] ?? upstream[name];
        plan.write(
          name,
          forward[name] ?? hostArray(values ?? { shape: [], data: new Float64Array() }, dtype),
        );
      }
      return new PreparedPass(plan, costOf(built), inputs, upstream, variables);
    });
  }

  get dispatches(): number {
    return this.plan.layout.statistics.dispatches;
  }

  /** Runs the pass once and reads its outputs. */
  run(): Promise<StepValues> {
    return this.plan.run();
  }

  destroy(): void {
    this.plan.destroy();
    this.variables.destroy();
  }
}

function upstreamOf(bench: OperatorCase, { graph }: PassGraph): NamedValues {
  const { upstream = ["y"] } = bench;
  const named = upstream.flatMap((role): [string, Values][] => {
    const name = `d${role}`;
    const tensor = graph.declared.get(name);
    return tensor
      ? [[name, draw(`${caseName(bench)}/${name}`, { shape: tensor.shape, dtype: tensor.dtype })]]
      : [];
  });
  return Object.fromEntries(named);
}

/** Outputs of the forward pass that a gradient reads. */
async function forwardValues(
  device: GpuDevice,
  bench: OperatorCase,
  form: OperatorForm,
  { forwardRoles }: PassGraph,
): Promise<StepValues> {
  if (forwardRoles.length === 0) return {};
  const forward = await PreparedPass.compile(device, bench, form, "forward");
  try {
    const values = await forward.run();
    return Object.fromEntries(forwardRoles.map((role) => [role, values[role] ?? new Float32Array()]));
  } finally {
    forward.destroy();
  }
}

/** FLOPs and bytes of all nodes of a pass. */
function costOf({ graph, outputs }: PassGraph): Cost {
  let [flops, bytes] = [0, 0];
  for (const { operator, inputs, outputs: made, attrs } of liveNodes(graph, Object.values(outputs))) {
    const cost = operator.cost(inputs, made, attrs);
    flops += cost.flops;
    bytes += cost.bytes;
  }
  return { flops, bytes };
}
