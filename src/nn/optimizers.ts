// Optimizers as graph nodes: one node per arena of parameters, however many weights are in it.

import type { Arena, VariableSpec } from "../gpu/variables.ts";
import { AttributeReader } from "../graph/attributes.ts";
import type { Graph, Tensor } from "../graph/graph.ts";
import type { Operator } from "../graph/operator.ts";
import { pack } from "../ops/layout/pack.ts";
import { increment } from "../ops/optimizers/increment.ts";
import { type Optimizer, renewed } from "../ops/optimizers/optimizer.ts";
import { OPTIMIZERS, type OptimizerName } from "../ops/optimizers/optimizers.ts";
import { lossScaleVerdict } from "./mixed_precision.ts";

type Constants<T> = T extends Optimizer<infer A> ? Partial<Omit<A, "lr" | "step">> : never;

/** Which optimizer, with its constants under Keras' names; the learning rate is an input of the step. */
export type OptimizerConfig = {
  readonly [Name in OptimizerName]: { readonly name: Name } & Constants<(typeof OPTIMIZERS)[Name]>;
}[OptimizerName];

/** The variable that counts an optimizer's steps. */
const STEP_COUNT = "optimizer/step";

/** The name under which the packed gradients of an arena are handed out (`Graph.handOut`). */
export const gradientName = (arena: Arena) => `gradients/${arena.name}`;

const momentName = (arena: Arena, moment: string) => `optimizer/${moment}/${arena.name}`;

/** An optimizer with its constants, the absent ones filled in. */
function settled(config: OptimizerConfig) {
  const optimizer: Optimizer = OPTIMIZERS[config.name];
  const operator: Operator = optimizer.operator;
  const { name, ...given } = config;
  const read = new AttributeReader(name, given);
  const attrs = optimizer.operator.attributes(read);
  read.finish();
  return { optimizer, operator, given, moments: optimizer.moments(attrs) };
}

/** The moments that an optimizer keeps of arenas of parameters, laid out like these. */
export function momentArenas(config: OptimizerConfig, arenas: readonly Arena[]): Arena[] {
  const { moments } = settled(config);
  return arenas.flatMap((arena) => moments.map((moment) => ({ ...arena, name: momentName(arena, moment) })));
}

/** The variables that an optimizer keeps: all start at zero. */
export function optimizerVariables(config: OptimizerConfig, arenas: readonly Arena[]): VariableSpec[] {
  const specs = momentArenas(config, arenas).map(
    ({ name, elements }): VariableSpec => ({ name, shape: [elements], dtype: "f32" }),
  );
  const count: VariableSpec = { name: STEP_COUNT, shape: [1], dtype: "f32" };
  return settled(config).optimizer.countsSteps ? [...specs, count] : specs;
}

/** What an optimizer updates, and by what. */
export interface UpdateInputs {
  readonly arenas: readonly Arena[];
  /** By the name of the parameter; every member of an arena must have one. */
  readonly gradients: ReadonlyMap<string, Tensor>;
  /** [1]. */
  readonly learningRate: Tensor;
  /** Whether the gradients are those of a scaled loss. */
  readonly isScaled?: boolean;
}

/**
 * Adds the update of all parameters in the arenas, in the segment `update`. The packed gradients are handed out under
 * `gradientName`, so that they can be read and replaced before the update.
 * @returns for a scaled loss, the result of `lossScaleVerdict`.
 */
export function applyOptimizer(
  graph: Graph,
  config: OptimizerConfig,
  { arenas, gradients, learningRate, isScaled = false }: UpdateInputs,
): Tensor | undefined {
  const packed = arenas.map((arena) => packGradients(graph, arena, gradients));
  return graph.inSegment("update", () => {
    const verdict = isScaled ? lossScaleVerdict(graph, arenas, packed) : undefined;
    updateArenas({ graph, arenas, packed, learningRate, verdict }, config);
    return verdict;
  });
}

interface Update {
  readonly graph: Graph;
  readonly arenas: readonly Arena[];
  /** The packed gradients of each arena. */
  readonly packed: readonly Tensor[];
  readonly learningRate: Tensor;
  readonly verdict: Tensor | undefined;
}

function updateArenas(update: Update, config: OptimizerConfig): void {
  const { graph, arenas, packed, learningRate, verdict } = update;
  const { optimizer, operator, given, moments } = settled(config);
  const stepCount = optimizer.countsSteps ? countStep(graph, verdict) : undefined;
  for (const [i, arena] of arenas.entries()) {
    const shape = [arena.elements];
    const kept = { param: graph.variable(arena.name, shape) };
    for (const moment of moments) {
      Object.assign(kept, { [moment]: graph.variable(momentName(arena, moment), shape) });
    }
    const inputs = { ...kept, grad: packed[i], learningRate, stepCount, verdict };
    const outputs = graph.apply(operator, inputs, given, `${config.name} ${arena.name}`);
    for (const [role, variable] of Object.entries(kept)) {
      const value = outputs[renewed(role)];
      if (!value) throw new Error(`${config.name} has no output ${renewed(role)}`);
      graph.assign(variable, value);
    }
  }
}

/** The number of this step, counted on the GPU; a step that loss scaling leaves out does not count. */
function countStep(graph: Graph, verdict: Tensor | undefined): Tensor {
  const counter = graph.variable(STEP_COUNT, [1]);
  const stepCount = graph.applyOne(increment, { x: counter, verdict }, {}, STEP_COUNT);
  graph.assign(counter, stepCount);
  return stepCount;
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
