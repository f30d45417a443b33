// Looks for NaN and infinities among all that a training keeps between steps: weights, moving statistics, moments. The
// loss does not show them: WGSL's max and min may drop a NaN, so a network of ReLUs computes on.

import { messageOf } from "../base/errors.ts";
import { SLOWER } from "../base/remedies.ts";
import { elementCount } from "../base/tensors.ts";
import type { DeviceFacts } from "../gpu/device.ts";
import type { Arena } from "../gpu/variables.ts";
import { Graph, type Tensor } from "../graph/graph.ts";
import { layOutPlan, type PlanLayout } from "../graph/plan_layout.ts";
import type { TrainingVariables } from "../nn/training.ts";
import { FLAG_THREADS, findInfinite } from "../ops/mixed_precision/find_infinite.ts";
import type { CompiledStep, PipelineHook } from "./compiled_step.ts";
import { DivergenceError } from "./divergence.ts";

/** Steps between two checks within an epoch. */
const STEPS_BETWEEN_CHECKS = 50;

/** What the check looks at, and its plan. */
export interface FiniteCheckLayout {
  readonly arenas: readonly Arena[];
  /** Values of each member of the arenas. */
  readonly sizes: ReadonlyMap<string, number>;
  readonly layout: PlanLayout;
}

/** Lays the check out: one pass over the arenas of weights, moving statistics and moments. */
export function layOutFiniteCheck(variables: TrainingVariables, facts: DeviceFacts): FiniteCheckLayout {
  const { weights, trainableArenas, fixedArenas, momentArenas } = variables;
  const arenas = [...trainableArenas, ...fixedArenas, ...momentArenas];
  const sizes = new Map(weights.map(({ name, shape }) => [name, elementCount(shape)]));
  const graph = new Graph();
  let flags: Tensor | undefined;
  for (const { name, elements, members } of arenas) {
    const x = graph.variable(name, [elements]);
    const attrs = {
      offsets: members.map(({ offset }) => offset),
      sizes: members.map((member) => sizes.get(member.name) ?? 0),
    };
    flags = graph.applyOne(findInfinite, { x, previous: flags }, attrs, `${name}/flags`);
  }
  if (!flags) throw new Error("a training without weights has nothing to check");
  return { arenas, sizes, layout: layOutPlan(graph, { flags }, facts) };
}

/** A value that is not finite: `Conv1/kernel[12] is NaN`. */
export function findNonFinite(tensors: ReadonlyMap<string, Float32Array>): string | undefined {
  for (const [name, values] of tensors) {
    const at = values.findIndex((value) => !Number.isFinite(value));
    if (at >= 0) return `${name}[${at}] is ${values[at]}`;
  }
  return undefined;
}

/** Watches the variables of a training. What it finds is thrown at the next look, at most some steps late. */
export class FiniteWatch {
  /** Steps after which everything was finite. */
  private lastGood = 0;
  private found: Error | undefined;
  private pending: Promise<void> = Promise.resolve();
  private lastStarted = 0;

  private constructor(
    private readonly compiled: CompiledStep,
    private readonly check: FiniteCheckLayout,
  ) {}

  /** Compiles the check of a training step's variables. */
  static async beside(
    training: CompiledStep,
    check: FiniteCheckLayout,
    onPipelines?: PipelineHook,
  ): Promise<FiniteWatch> {
    return new FiniteWatch(await training.beside(check.layout, onPipelines), check);
  }

  /**
   * Tells that a step is on the queue. Every 50 steps a check follows it, which nothing waits for.
   * @throws WeftError naming the tensor where an earlier check found something.
   */
  afterStep(step: number): void {
    if (this.found) throw this.found;
    if (step - this.lastStarted >= STEPS_BETWEEN_CHECKS) this.start(step);
  }

  /** Checks now. @throws WeftError naming the tensor and the steps between which it went wrong. */
  async checkNow(step: number): Promise<void> {
    this.start(step);
    await this.pending;
    if (this.found) throw this.found;
  }

  private start(step: number): void {
    this.lastStarted = step;
    const before = this.pending;
    this.pending = this.look(step, before).catch((thrown: unknown) => {
      this.found ??= thrown instanceof Error ? thrown : new Error(messageOf(thrown));
    });
  }

  private async look(step: number, before: Promise<void>): Promise<void> {
    const { flags = [] } = await this.compiled.run();
    await before;
    // The check's threads are fewer than the flags have room for on some adapters.
    const threads = FLAG_THREADS[this.compiled.plan.device.facts.family];
    if (
      Array.from(flags)
        .slice(0, threads)
        .every((flag) => flag === 0)
    ) {
      this.lastGood = step;
      return;
    }
    const what = (await this.firstFault()) ?? "a value is not finite";
    throw new DivergenceError(`${what}: it became so between steps ${this.lastGood} and ${step}`, {
      remedy: SLOWER,
    });
  }

  /** Names the first value that is not finite: of weights first, then of moments. */
  private async firstFault(): Promise<string | undefined> {
    for (const { name, members } of this.check.arenas) {
      const values = (await this.compiled.variables.read([name])).get(name);
      if (!values) continue;
      const moment = /^optimizer\/(\w+)\//.exec(name)?.[1];
      const parts = members.map((member) => {
        const end = member.offset + (this.check.sizes.get(member.name) ?? 0);
        const called = moment === undefined ? member.name : `the optimizer's ${moment} of ${member.name}`;
        return [called, values.subarray(member.offset, end)] as const;
      });
      const fault = findNonFinite(new Map(parts));
      if (fault !== undefined) return fault;
    }
    return undefined;
  }

  destroy(): void {
    this.compiled.destroy();
  }
}
