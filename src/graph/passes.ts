// Passes over a graph, before differentiation (fusion) and before planning (dead nodes).

import { sameShape } from "../base/tensors.ts";
import type { Graph, GraphNode, Tensor } from "./graph.ts";

/**
 * Fuses an activation into the node before it, where that node's operator can (convolution, batch norm)
 * and nothing else reads the value in between. Tensors in `keep` stay readable.
 */
export function fuseActivations(graph: Graph, keep: Iterable<Tensor> = []): void {
  const kept = new Set(keep);
  const consumers = graph.consumerCounts();
  const fused = new Set<GraphNode>();
  for (const node of graph.nodes) {
    const { activation } = node.operator;
    const [x] = Object.values(node.inputs);
    const before = x?.node;
    if (!activation || !x || !before?.operator.fusesActivation || before.outputs.y !== x) continue;
    if (!isPlain(before) || consumers.get(x) !== 1 || kept.has(x)) continue;
    before.attrs = { ...before.attrs, activation };
    handOver(before, node);
    fused.add(node);
  }
  removeNodes(graph, fused);
}

/**
 * Fuses rows and columns of zeros (zeroPad2d) into the convolution behind them, where nothing else reads the
 * padded tensor. Tensors in `keep` stay readable.
 */
export function fuseZeroPadding(graph: Graph, keep: Iterable<Tensor> = []): void {
  const kept = new Set(keep);
  const consumers = graph.consumerCounts();
  for (const node of graph.nodes) {
    const { x } = node.inputs;
    const before = x?.node;
    const zeros = before?.operator.zeroPadding?.(before.attrs);
    const padded = before?.inputs.x;
    const isValid = "padding" in node.attrs && node.attrs.padding === "valid";
    if (!x || !zeros || !padded || !node.operator.fusesZeroPadding || !isValid) continue;
    if (consumers.get(x) !== 1 || kept.has(x)) continue;
    node.attrs = { ...node.attrs, padding: zeros };
    node.inputs = { ...node.inputs, x: padded };
  }
}

/**
 * Lets one node stand for all that do the same cheap thing to the same tensors: a cell of NASNet takes the ReLU of
 * its input once for each of its branches. Tensors in `keep` stay readable.
 */
export function mergeDuplicates(graph: Graph, keep: Iterable<Tensor> = []): void {
  const kept = new Set(keep);
  const first = new Map<string, GraphNode>();
  const replaced = new Map<Tensor, Tensor>();
  const merged = new Set<GraphNode>();
  for (const node of graph.nodes) {
    node.inputs = mapValues(node.inputs, (tensor) => replaced.get(tensor) ?? tensor);
    const { operator, attrs, inputs, outputs, segment } = node;
    if (!operator.isCheap || operator.inPlace || Object.values(outputs).some((tensor) => kept.has(tensor)))
      continue;
    const ids = Object.entries(inputs).map(([role, { id }]) => [role, id]);
    const key = JSON.stringify([operator.name, segment, attrs, ids]);
    const same = first.get(key);
    if (same) merged.add(node);
    else first.set(key, node);
    for (const [role, tensor] of Object.entries(outputs)) {
      const standIn = same?.outputs[role];
      if (standIn) replaced.set(tensor, standIn);
    }
  }
  removeNodes(graph, merged);
}

function removeNodes(graph: Graph, removed: ReadonlySet<GraphNode>): void {
  graph.nodes.splice(0, graph.nodes.length, ...graph.nodes.filter((node) => !removed.has(node)));
}

function mapValues<T>(record: Readonly<Record<string, T>>, change: (value: T) => T): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}

/**
 * Folds batch norms by moving averages into the convolutions before them, where nothing else reads what is in
 * between: for graphs that are not differentiated.
 */
export function foldBatchNorms(graph: Graph, keep: Iterable<Tensor> = []): void {
  const kept = new Set(keep);
  const consumers = graph.consumerCounts();
  const normOf = new Map<GraphNode, GraphNode>();
  for (const norm of graph.nodes) {
    const { x } = norm.inputs;
    const before = x?.node;
    if (!norm.operator.scaleAndShift || !x || !before?.operator.applyScaleAndShift) continue;
    if (isPlain(before) && isPlain(norm) && consumers.get(x) === 1 && !kept.has(x)) normOf.set(before, norm);
  }
  const nodes = graph.nodes.splice(0);
  const folded = new Set<GraphNode>();
  for (const node of nodes) {
    if (folded.has(node)) continue;
    const norm = normOf.get(node);
    const statistics = norm?.operator.scaleAndShift?.(graph, norm);
    if (norm && statistics) {
      node.operator.applyScaleAndShift?.(graph, node, statistics);
      handOver(node, norm);
      folded.add(norm);
    }
    graph.nodes.push(node);
  }
}

/** Fuses the sum of a residual branch and its shortcut into the convolution that ends the branch. */
export function fuseResiduals(graph: Graph, keep: Iterable<Tensor> = []): void {
  const kept = new Set(keep);
  const consumers = graph.consumerCounts();
  const order = new Map(graph.nodes.map((node, index) => [node, index]));
  const fused = new Set<GraphNode>();
  for (const node of graph.nodes) {
    for (const { addend, branch, scale } of node.operator.residuals?.(node.attrs) ?? []) {
      const sum = node.inputs[addend];
      const x = node.inputs[branch];
      const before = x?.node;
      if (!sum || !x || !before?.operator.fusesResidual || before.inputs.addend || !isPlain(before)) continue;
      if (consumers.get(x) !== 1 || kept.has(x) || !sameShape(sum.shape, x.shape)) continue;
      const made = sum.node ? (order.get(sum.node) ?? Number.POSITIVE_INFINITY) : -1;
      if (made >= (order.get(before) ?? 0)) continue;
      before.inputs = { ...before.inputs, addend: sum };
      before.attrs = { ...before.attrs, residualScale: scale };
      handOver(before, node);
      fused.add(node);
      break;
    }
  }
  removeNodes(graph, fused);
}

/** Lets operators that can add up do so themselves, where nothing else reads the sum: after differentiation. */
export function fuseSums(graph: Graph): void {
  const consumers = graph.consumerCounts();
  const fused = new Set<GraphNode>();
  for (const node of graph.nodes) {
    const { x0, ...rest } = node.inputs;
    const before = x0?.node;
    if (!node.operator.fusesSum || !x0 || !before?.operator.isSum || consumers.get(x0) !== 1) continue;
    if (Object.keys(rest).some((role) => role.startsWith("x"))) continue;
    node.inputs = { ...rest, ...before.inputs };
    fused.add(before);
  }
  removeNodes(graph, fused);
}

const isPlain = ({ attrs }: GraphNode) => "activation" in attrs && attrs.activation === "none";

/** Lets a node make the output y of the node that was fused into it. */
function handOver(node: GraphNode, fused: GraphNode): void {
  const { y } = fused.outputs;
  if (!y) throw new Error(`${fused.name} has no output y`);
  node.outputs.y = y;
  y.node = node;
}

/** The passes of a graph that is going to be differentiated. */
export function fuse(graph: Graph, keep: Iterable<Tensor> = []): void {
  const kept = [...keep];
  mergeDuplicates(graph, kept);
  fuseResiduals(graph, kept);
  fuseActivations(graph, kept);
  fuseZeroPadding(graph, kept);
}

/** The passes of a graph that is not: batch norms by moving averages go into the convolutions. */
export function fuseForInference(graph: Graph, keep: Iterable<Tensor> = []): void {
  const kept = [...keep];
  foldBatchNorms(graph, kept);
  fuse(graph, kept);
}

/** The nodes that the wanted tensors and the graph's assignments need, in the order they run. */
export function liveNodes(graph: Graph, wanted: Iterable<Tensor>): GraphNode[] {
  const needed = new Set<Tensor>(wanted);
  for (const { value } of graph.assignments) needed.add(value);
  const live: GraphNode[] = [];
  for (let i = graph.nodes.length - 1; i >= 0; i--) {
    const node = graph.nodes[i];
    if (!node || !Object.values(node.outputs).some((output) => needed.has(output))) continue;
    for (const input of Object.values(node.inputs)) needed.add(input);
    live.push(node);
  }
  return live.reverse();
}
