// Mixed precision: activations are f16. Kernels read weights as f16 copies of the f32 master weights that the optimizer
// updates. Loss scaling multiplies the gradient of the loss, so that small gradients do not underflow in f16.

import { elementCount } from "../base/tensors.ts";
import type { Arena, VariableSpec } from "../gpu/variables.ts";
import type { Graph, Tensor } from "../graph/graph.ts";
import { reshape } from "../ops/layout/reshape.ts";
import { cast } from "../ops/mixed_precision/cast.ts";
import { findInfinite } from "../ops/mixed_precision/find_infinite.ts";
import {
  LOSS_SCALE_STATE,
  lossScaleSeed,
  lossScaleUpdate,
  revertSkipped,
} from "../ops/mixed_precision/loss_scale.ts";

/** The precision of a step: everything in f32, or activations and kernels' inputs in f16. */
export const PRECISIONS = ["f32", "mixed"] as const;
/** A precision of `PRECISIONS`: all in f32, or activations in f16. */
export type Precision = (typeof PRECISIONS)[number];

/** Weights begin at multiples of this number of elements, so that each f16 copy can be bound by itself. */
export const NARROW_ALIGNMENT = 128;

/** The variable of the loss scale; it starts at zero. */
const STATE = "lossScale/state";
export const lossScaleVariables: readonly VariableSpec[] = [{ name: STATE, ...LOSS_SCALE_STATE }];

/** Whether a graph computes in f16 anywhere. */
export function holdsF16(graph: Graph): boolean {
  return graph.nodes.some(({ outputs }) => Object.values(outputs).some(({ dtype }) => dtype === "f16"));
}

/** A weight for a kernel that reads `x`: an f16 copy if `x` is f16. */
export function kernelInput(graph: Graph, x: Tensor, w: Tensor): Tensor {
  if (x.dtype !== "f16") return w;
  // Outside any block: it is computed once a step and never recomputed inside a block.
  return graph.inBlock(undefined, () => graph.applyOne(cast, { x: w }, { dtype: "f16" }, `${w.name}/f16`));
}

/** The gradient with respect to every loss, [count]: the loss scale. */
export function scaledLossGradient(graph: Graph, count: number): Tensor {
  const state = graph.variable(STATE, LOSS_SCALE_STATE.shape);
  return graph.applyOne(lossScaleSeed, { state }, { count }, "loss gradient");
}

/**
 * Adds the check of all gradients for infinities and the update of the loss scale.
 * @param gradients of the arenas.
 * @returns [2]: the factor for the gradients in the optimizer, 0 if it must skip the step; and the scale.
 */
export function lossScaleVerdict(
  graph: Graph,
  arenas: readonly Arena[],
  gradients: readonly Tensor[],
): Tensor {
  let flags: Tensor | undefined;
  arenas.forEach(({ members }, i) => {
    const offsets = members.map(({ offset }) => offset);
    const sizes = members.map(({ name }) => elementCount(graph.declared.get(name)?.shape ?? []));
    flags = graph.applyOne(findInfinite, { x: gradients[i], previous: flags }, { offsets, sizes });
  });
  const state = graph.variable(STATE, LOSS_SCALE_STATE.shape);
  const { newState, verdict } = graph.apply(lossScaleUpdate, { state, flags }, {}, "loss scale");
  if (!newState || !verdict) throw new Error("lossScaleUpdate lacks an output");
  graph.assign(state, newState);
  return verdict;
}

/**
 * If loss scaling skips a step, restores the arenas' variables: the forward pass has already updated the moving
 * averages by then. Arenas that no node assigns to are left alone. Call it when the optimizer has been added.
 * @param verdict as `lossScaleVerdict` returns it.
 */
export function revertSkippedSteps(graph: Graph, arenas: readonly Arena[], verdict: Tensor): void {
  const assigned = new Set(graph.assignments.map(({ variable }) => variable.name));
  for (const { name, elements, members } of arenas) {
    if (!members.some((member) => assigned.has(member.name))) continue;
    const current = graph.variable(name, [elements]);
    // A copy, taken before anything is changed.
    const saved = graph.addBefore(graph.nodes[0], () =>
      graph.applyOne(reshape, { x: current }, { shape: [elements] }, `${name}/saved`),
    );
    const reverted = graph.inSegment("update", () =>
      graph.applyOne(revertSkipped, { current, saved, verdict }, {}, `${name}/revert`),
    );
    graph.assign(current, reverted);
  }
}
