// Optimizers as graph nodes: one node an arena of parameters, whatever the number of weights in it.

import type { Arena, VariableSpec } from "../gpu/variables.ts";
import type { Graph, Tensor } from "../graph/graph.ts";
import { pack } from "../ops/layout/pack.ts";
import { adam } from "../ops/optimizers/adam.ts";
import { increment } from "../ops/optimizers/increment.ts";
import { sgd } from "../ops/optimizers/sgd.ts";
import { lossScaleVerdict } from "./mixed_precision.ts";

/** Which optimizer, with its constants; the learning rate is an input of the step. */
export type OptimizerConfig =
  | {
      readonly name: "adam";
      readonly beta1?: number;
      readonly beta2?: number;
      readonly epsilon?: number;
      readonly weightDecay?: number;
    }
  | {
      readonly name: "sgd";
      readonly momentum?: number;
      readonly nesterov?: boolean;
      readonly weightDecay?: number;
    };

/** The variable that counts an optimizer's steps. */
const STEP_COUNT = "optimizer/step";

/** What the packed gradients of an arena are handed out as (`Graph.handOut`). */
export const gradientName = (arena: Arena) => `gradients/${arena.name}`;

const momentName = (arena: Arena, moment: string) => `optimizer/${moment}/${arena.name}`;

/** The moments that an optimizer keeps of arenas of parameters, laid out like these. */
export function momentArenas(config: OptimizerConfig, arenas: readonly Arena[]): Arena[] {
  const moments = config.name === "adam" ? ["m", "v"] : ["velocity"];
  return arenas.flatMap((arena) => moments.map((moment) => ({ ...arena, name: momentName(arena, moment) })));
}

/** The variables an optimizer keeps: all start at zero. */
export function optimizerVariables(config: OptimizerConfig, arenas: readonly Arena[]): VariableSpec[] {
  const specs = momentArenas(config, arenas).map(
    ({ name, elements }): VariableSpec => ({ name, shape: [elements], dtype: "f32" }),
  );
  return config.name === "adam" ? [...specs, { name: STEP_COUNT, shape: [1], dtype: "f32" }] : specs;
}

/**
 * Adds the update of all parameters in the arenas, in the segment `update`. The packed gradients are handed out by
 * `gradientName`, so that they can be read and replaced before.
 * @param gradients by the name of the parameter; every member of an arena must have one.
 * @param learningRate [1].
 * @param isScaled whether the gradients are those of a scaled loss.
 * @returns of a scaled loss, what `lossScaleVerdict` returns.
 */
export function applyOptimizer(
  graph: Graph,
  config: OptimizerConfig,
  arenas: readonly Arena[],
  gradients: ReadonlyMap<string, Tensor>,
  learningRate: Tensor,
  isScaled = false,
): Tensor | undefined {
  const packed = arenas.map((arena) => packGradients(graph, arena, gradients));
  return graph.inSegment("update", () => {
    const verdict = isScaled ? lossScaleVerdict(graph, arenas, packed) : undefined;
    const update = { graph, arenas, packed, learningRate, verdict };
    if (config.name === "adam") applyAdam(update, config);
    else applySgd(update, config);
    return verdict;
  });
}

interface Update {
  readonly graph: Graph;
  readonly arenas: readonly Arena[];
  /** The gradients of each arena. */
  readonly packed: readonly Tensor[];
  readonly learningRate: Tensor;
  readonly verdict: Tensor | undefined;
}

function applyAdam(update: Update, { name: _, ...attrs }: OptimizerConfig & { readonly name: "adam" }): void {
  const { graph, arenas, packed, learningRate, verdict } = update;
  const counter = graph.variable(STEP_COUNT, [1]);
  const stepCount = graph.applyOne(increment, { x: counter, verdict }, {}, STEP_COUNT);
  graph.assign(counter, stepCount);
  for (const [i, arena] of arenas.entries()) {
    const param = graph.variable(arena.name, [arena.elements]);
    const m = graph.variable(momentName(arena, "m"), [arena.elements]);
    const v = graph.variable(momentName(arena, "v"), [arena.elements]);
    const inputs = { param, grad: packed[i], m, v, learningRate, stepCount, verdict };
    const { newParam, newM, newV } = graph.apply(adam, inputs, attrs, `adam ${arena.name}`);
    if (!newParam || !newM || !newV) throw new Error("adam lacks an output");
    graph.assign(param, newParam);
    graph.assign(m, newM);
    graph.assign(v, newV);
  }
}

function applySgd(update: Update, { name: _, ...attrs }: OptimizerConfig & { readonly name: "sgd" }): void {
  const { graph, arenas, packed, learningRate, verdict } = update;
  for (const [i, arena] of arenas.entries()) {
    const param = graph.variable(arena.name, [arena.elements]);
    const velocity = graph.variable(momentName(arena, "velocity"), [arena.elements]);
    const inputs = { param, grad: packed[i], velocity, learningRate, verdict };
    const { newParam, newVelocity } = graph.apply(sgd, inputs, attrs, `sgd ${arena.name}`);
    if (!newParam || !newVelocity) throw new Error("sgd lacks an output");
    graph.assign(param, newParam);
    graph.assign(velocity, newVelocity);
  }
}

function packGradients(graph: Graph, arena: Arena, gradients: ReadonlyMap<string, Tensor>): Tensor {
  const present = arena.members.flatMap(({ name, offset }) => {
    const gradient = gradients.get(name);
    return gradient ? [{ gradient, offset }] : [];
  });
  if (present.length < arena.members.length) {
    const missing = arena.members.find(({ name }) => !gradients.has(name));
    throw new Error(`the loss does not depend on ${missing?.name}; leave it out of the trainable arenas`);
  }
  const inputs = Object.fromEntries(present.map(({ gradient }, i) => [`x${i}`, gradient]));
  const attrs = { offsets: present.map(({ offset }) => offset), elements: arena.elements };
  const packed = graph.applyOne(pack, inputs, attrs, `gradients ${arena.name}`);
  graph.handOut(gradientName(arena), packed);
  return packed;
}
