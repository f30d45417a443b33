// Which layers a picture shows as one: the repeated blocks of a network, runs of equal blocks, and outside blocks a
// convolution with its padding, batch norm and activation.

import { type LayerNode, layerReaders } from "../nn/layer_graph.ts";

/** Layers drawn as one. */
export interface LayerGroup {
  /** In order; for a run of blocks, the layers of all of them. */
  readonly nodes: readonly LayerNode[];
  /** Names of the blocks that it represents; none if the layers belong to no block. */
  readonly blocks: readonly string[];
}

/** Every layer by itself. */
export function singleLayers(nodes: readonly LayerNode[]): LayerGroup[] {
  return nodes.map((node) => ({ nodes: [node], blocks: [] }));
}

/** Blocks as one group, runs of equal blocks as one, and elsewhere convolutions with the layers after them. */
export function foldedBlocks(nodes: readonly LayerNode[]): LayerGroup[] {
  const readers = layerReaders(nodes);
  const groups: LayerNode[][] = [];
  for (const node of nodes) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    const block = node.record?.block;
    const isSameBlock = block !== undefined && last?.record?.block === block;
    if (group && last && (isSameBlock || continuesChain(last, node, readers))) group.push(node);
    else groups.push([node]);
  }
  return joinRuns(groups);
}

/** Edges between groups as indices into the list, each once. */
export function groupEdges(groups: readonly LayerGroup[]): [from: number, to: number][] {
  const places = new Map<string, number>();
  groups.forEach(({ nodes }, place) => {
    for (const { name } of nodes) places.set(name, place);
  });
  return groups.flatMap(({ nodes }, to) => {
    const from = new Set(
      nodes.flatMap(({ predecessors }) => predecessors.map((name) => places.get(name) ?? to)),
    );
    from.delete(to);
    return [...from].map((place): [number, number] => [place, to]);
  });
}

/** A block's name without its number: `block35_3` is of the kind `block35`, `mixed_5b` of `mixed`. */
export function blockKind(name: string): string {
  return name.replace(/_?\d+[a-z]?$/, "") || name;
}

/**
 * The position of each class in a chain of layers that is drawn as one; classes that are not listed are drawn alone.
 */
const CHAIN_PLACES: Readonly<Record<string, number>> = {
  ZeroPadding2D: 0,
  Conv2D: 1,
  DepthwiseConv2D: 1,
  SeparableConv2D: 1,
  MaxPooling2D: 1,
  AveragePooling2D: 1,
  BatchNormalization: 2,
  ReLU: 3,
  Activation: 3,
};

function continuesChain(
  last: LayerNode,
  node: LayerNode,
  readers: ReadonlyMap<string, readonly LayerNode[]>,
): boolean {
  if (node.record?.block !== undefined || last.record?.block !== undefined) return false;
  const isOnly = node.predecessors.length === 1 && node.predecessors[0] === last.name;
  if (!isOnly || readers.get(last.name)?.length !== 1) return false;
  const before = CHAIN_PLACES[last.record?.className ?? ""];
  const place = CHAIN_PLACES[node.record?.className ?? ""];
  if (before === undefined || place === undefined) return false;
  return before === 0 ? place === 1 : place > before;
}

function joinRuns(pieces: readonly (readonly LayerNode[])[]): LayerGroup[] {
  const outputs = new Map(pieces.flat().map(({ name, output }) => [name, output.shape]));
  const groups: LayerGroup[] = [];
  let lastSignature: string | undefined;
  for (const nodes of pieces) {
    const block = nodes[0]?.record?.block;
    const signature = block === undefined ? undefined : signatureOf(nodes, blockKind(block), outputs);
    const last = groups.at(-1);
    if (block === undefined) groups.push({ nodes, blocks: [] });
    else if (last && signature === lastSignature) {
      groups[groups.length - 1] = { nodes: [...last.nodes, ...nodes], blocks: [...last.blocks, block] };
    } else groups.push({ nodes, blocks: [block] });
    lastSignature = signature;
  }
  return groups;
}

/** Equal for blocks of one kind with the same layers, shapes and connections. */
function signatureOf(
  nodes: readonly LayerNode[],
  kind: string,
  outputs: ReadonlyMap<string, readonly number[]>,
): string {
  const places = new Map(nodes.map(({ name }, place) => [name, place]));
  const outside = new Map<string, string>();
  const sourceOf = (name: string) => {
    const place = places.get(name);
    if (place !== undefined) return place;
    if (!outside.has(name)) outside.set(name, `input ${outside.size} ${outputs.get(name)?.join(" ")}`);
    return outside.get(name);
  };
  const layers = nodes.map(({ record, output, predecessors }) => {
    // The dropout rate of a block grows with its depth; blocks that differ only in it are equal.
    const config = record?.className === "Dropout" ? {} : record?.config;
    return [record?.className, config, output.shape, predecessors.map(sourceOf)];
  });
  return JSON.stringify([kind, layers]);
}
