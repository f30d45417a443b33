// A step on a device: its variables are made and filled, its plan is compiled, it runs, and both are freed. Several steps
// may work on the same variables, as training and validation do.

import { WeftError } from "../base/errors.ts";
import type { GpuDevice } from "../gpu/device.ts";
import { VariableStore } from "../gpu/variables.ts";
import { type HostArray, Plan, type StepValues } from "../graph/plan.ts";
import type { PlanLayout } from "../graph/plan_layout.ts";
import type { WeightSpec } from "../nn/layer_scope.ts";
import { declareVariables } from "../nn/training.ts";
import type { InferenceStep, TrainingStep } from "./step_layout.ts";

/** Called as pipelines become ready. */
export type PipelineHook = (done: number, total: number) => void;

export interface StepOptions {
  /** First values of a weight. What it throws ends the making. */
  readonly valuesOf: (spec: WeightSpec) => Float32Array;
  readonly onPipelines?: PipelineHook | undefined;
}

const compileOptions = (onPipeline: PipelineHook | undefined) => onPipeline && { onPipeline };

/** A compiled plan and the variables it works on. */
export class CompiledStep {
  private constructor(
    readonly plan: Plan,
    /** Weights, and the optimizer's state in training. */
    readonly variables: VariableStore,
    /** In the order of the layers. */
    readonly weights: readonly WeightSpec[],
    /** Whether they go with this step; else they belong to the step that this one was compiled beside. */
    private readonly ownsVariables: boolean,
  ) {}

  /** Makes the step's variables, fills its weights and compiles it. Where that fails, nothing stays on the device. */
  static compile(
    device: GpuDevice,
    step: InferenceStep | TrainingStep,
    { valuesOf, onPipelines }: StepOptions,
  ): Promise<CompiledStep> {
    return VariableStore.with(device, async (variables) => {
      if ("trainableArenas" in step) declareVariables(variables, step);
      else for (const spec of step.weights) variables.declare(spec);
      for (const spec of step.weights) variables.write(spec.name, valuesOf(spec));
      const plan = await Plan.compile(device, step.layout, variables, compileOptions(onPipelines));
      return new CompiledStep(plan, variables, step.weights, true);
    });
  }

  /** Compiles another step over the variables of this one, which must live as long. */
  async beside(layout: PlanLayout, onPipelines?: PipelineHook): Promise<CompiledStep> {
    const { plan, variables, weights } = this;
    const other = await Plan.compile(plan.device, layout, variables, compileOptions(onPipelines));
    return new CompiledStep(other, variables, weights, false);
  }

  /** Runs the step once. @returns the outputs by name. */
  run(inputs?: Readonly<Record<string, HostArray>>): Promise<StepValues> {
    return this.plan.run(inputs);
  }

  /** The weights by `layer/weight`. */
  readWeights(): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    return this.variables.read(this.weights.map(({ name }) => name));
  }

  /** Frees what the plan owns, and the variables where they are this step's own. */
  destroy(): void {
    this.plan.destroy();
    if (this.ownsVariables) this.variables.destroy();
  }
}

/** Values out of a file or another network, all of which must be there. @param network named in the fault. */
export function exactValues(
  weights: ReadonlyMap<string, Float32Array>,
  network: string,
): StepOptions["valuesOf"] {
  return ({ name }) => {
    const values = weights.get(name);
    if (!values) throw new WeftError(`there are no values for ${name} of ${network}`);
    return values;
  };
}
