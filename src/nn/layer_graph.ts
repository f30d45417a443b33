// The layers' records as a graph: which layer reads which, by name. For summaries, pictures and exported files.

import { WeftError } from "../base/errors.ts";
import type { Tensor } from "../graph/graph.ts";
import type { LayerRecord } from "./layer_scope.ts";

/** A layer or an input of the network. */
export interface LayerNode {
  /** Its position in the order of creation; the inputs come first. */
  readonly id: number;
  /** The layer's name, or the input tensor's; unique in the network. */
  readonly name: string;
  /** Undefined for an input. */
  readonly record: LayerRecord | undefined;
  readonly output: Tensor;
  /** Names of the nodes that it reads, in the order of its inputs. */
  readonly predecessors: readonly string[];
}

/**
 * Finds the layers that each layer reads. If several layers have the same output tensor (as dropout outside training
 * passes its input on), the tensor stands for the latest of them before the reader.
 * @param inputs the tensors that no layer makes.
 * @returns the inputs, then the layers in the records' order, so that each comes after those it reads.
 * @throws WeftError if two layers share a name; Error if a layer reads a tensor that is neither an input nor a layer's.
 */
export function layerGraph(records: readonly LayerRecord[], inputs: readonly Tensor[]): LayerNode[] {
  const nodes: LayerNode[] = [];
  const names = new Set<string>();
  const makers = new Map<Tensor, string>();
  const add = (node: Omit<LayerNode, "id">) => {
    if (names.has(node.name)) {
      throw new WeftError(
        `two layers are called ${node.name}; if an attribute of the data is called like a layer, rename it`,
      );
    }
    names.add(node.name);
    makers.set(node.output, node.name);
    nodes.push({ id: nodes.length, ...node });
  };
  for (const output of inputs) add({ name: output.name, record: undefined, output, predecessors: [] });
  for (const record of records) {
    const predecessors = record.inputs.map((tensor) => {
      const maker = makers.get(tensor);
      if (maker === undefined) throw new Error(`${record.name} reads ${tensor.name}, which no layer makes`);
      return maker;
    });
    add({ name: record.name, record, output: record.output, predecessors });
  }
  return nodes;
}

/** The nodes that read each node, by name, in order; those that nothing reads have an empty list. */
export function layerReaders(nodes: readonly LayerNode[]): Map<string, LayerNode[]> {
  const readers = new Map<string, LayerNode[]>(nodes.map(({ name }) => [name, []]));
  for (const node of nodes) {
    for (const name of new Set(node.predecessors)) readers.get(name)?.push(node);
  }
  return readers;
}
