// Reverse-mode differentiation, graph to graph: the gradient is computed by nodes that are added to the graph.

import { WeftError } from "../base/errors.ts";
import { sameShape, shapeText } from "../base/tensors.ts";
import type { Graph, GraphNode, Tensor } from "./graph.ts";
import type { GradientContext } from "./operator.ts";

/** A tensor and the gradient of the objective with respect to it; differentiation starts there. */
export interface Seed {
  readonly tensor: Tensor;
  readonly gradient: Tensor;
}

/**
 * Adds the nodes that compute the gradients of an objective with respect to `targets`.
 * @param seeds the objective's outputs with their upstream gradients.
 * @param sum adds the nodes for a sum, for tensors that are used more than once.
 * @returns gradients by target; a target that the seeds do not depend on has none.
 * @throws WeftError if a path from the seeds to a target contains an operator without a gradient.
 */
export function differentiate(
  graph: Graph,
  seeds: readonly Seed[],
  targets: readonly Tensor[],
  sum: (graph: Graph, tensors: readonly Tensor[]) => Tensor,
): Map<Tensor, Tensor> {
  const contributions = new Map<Tensor, Tensor[]>();
  const contribute = (tensor: Tensor, gradient: Tensor) => {
    if (!sameShape(tensor.shape, gradient.shape)) {
      throw new Error(
        `gradient of ${tensor.name} is ${shapeText(gradient.shape)}, not ${shapeText(tensor.shape)}`,
      );
    }
    const known = contributions.get(tensor);
    if (known) known.push(gradient);
    else contributions.set(tensor, [gradient]);
  };
  // Consumers are visited before producers, so all contributions to a tensor's gradient have been collected by then.
  const gradientOf = (tensor: Tensor): Tensor | undefined => {
    const terms = contributions.get(tensor);
    if (!terms || terms.length === 1) return terms?.[0];
    const total = sum(graph, terms);
    contributions.set(tensor, [total]);
    return total;
  };
  const forward = [...graph.nodes];
  const needed = dependants(forward, targets);
  for (const { tensor, gradient } of seeds) contribute(tensor, gradient);

  for (const node of forward.reverse()) {
    const isReached = Object.values(node.outputs).some((output) => contributions.has(output));
    if (!isReached || !Object.values(node.inputs).some((input) => needed.has(input))) continue;
    if (!node.operator.gradient) {
      throw new WeftError(`${node.name}: ${node.operator.name} has no gradient`);
    }
    const results = node.operator.gradient(gradientContext(graph, node, gradientOf, needed));
    for (const [role, gradient] of Object.entries(results)) {
      const input = node.inputs[role];
      if (gradient && input && needed.has(input)) contribute(input, gradient);
    }
  }
  return new Map(
    targets.flatMap((target) => {
      const gradient = gradientOf(target);
      return gradient ? [[target, gradient]] : [];
    }),
  );
}

/** The targets and every tensor that depends on one of them. */
function dependants(nodes: readonly GraphNode[], targets: readonly Tensor[]): Set<Tensor> {
  const found = new Set(targets);
  for (const node of nodes) {
    if (Object.values(node.inputs).some((input) => found.has(input))) {
      for (const output of Object.values(node.outputs)) found.add(output);
    }
  }
  return found;
}

function gradientContext(
  graph: Graph,
  node: GraphNode,
  gradientOf: (tensor: Tensor) => Tensor | undefined,
  needed: ReadonlySet<Tensor>,
): GradientContext<object> {
  const role = (tensors: Readonly<Record<string, Tensor>>, name: string): Tensor => {
    const tensor = tensors[name];
    if (!tensor) throw new Error(`${node.operator.name} has no tensor ${name}`);
    return tensor;
  };
  return {
    graph,
    attrs: node.attrs,
    input: (name) => role(node.inputs, name),
    output: (name) => role(node.outputs, name),
    hasInput: (name) => node.inputs[name] !== undefined,
    inputRoles: Object.keys(node.inputs),
    dOutput: (name) => gradientOf(role(node.outputs, name)),
    wants: (name) => {
      const tensor = node.inputs[name];
      return tensor !== undefined && needed.has(tensor);
    },
  };
}
