// Memory planning: which tensors share memory. By liveness: a tensor lives from the first command that writes it to the
// last command that reads it. packing.ts then places all of them in slots; a slot is one GPU buffer.

import { byteSize, ELEMENT_BYTES } from "../base/tensors.ts";
import { writableVariables } from "../gpu/shader_linking.ts";
import type { Assignment, Graph, Tensor } from "./graph.ts";
import type { LoweredCommand, LoweredNode } from "./lowering.ts";
import { SEGMENTS, type Segment } from "./node.ts";
import { packBlocks } from "./packing.ts";
import type { Placements } from "./placements.ts";

/** The memory of a tensor: in a slot of the plan, or in a variable's buffer. */
export type Place =
  | { readonly kind: "slot"; readonly slot: number; readonly offset: number }
  | { readonly kind: "variable"; readonly name: string };

export interface MemoryLayout {
  readonly commands: readonly LoweredCommand[];
  /** The number of commands up to the end of each segment. */
  readonly segmentEnds: Readonly<Record<Segment, number>>;
  readonly places: ReadonlyMap<Tensor, Place>;
  readonly slotBytes: readonly number[];
  /** The largest workspace that a single node needs, in bytes. */
  readonly workspaceBytes: number;
}

/** A run of bytes that one or several tensors share. */
interface Block {
  bytes: number;
  first: number;
  last: number;
  variable: string | undefined;
  readonly members: { tensor: Tensor; offset: number }[];
}

/**
 * Places the value tensors of lowered nodes.
 * @param placements tensors that are parts of other tensors, as the nodes were lowered with.
 * @param kept tensors that must still be readable after the step.
 * @param maxSlotBytes the largest buffer that the adapter allows.
 */
export function planMemory(
  graph: Graph,
  lowered: readonly LoweredNode[],
  { flat }: Placements,
  kept: ReadonlySet<Tensor>,
  maxSlotBytes: number,
): MemoryLayout {
  const reads = lastReads(lowered, kept);
  const blocks = new Map<Tensor, Block>();
  const commands: LoweredCommand[] = [];
  const segments: Segment[] = [];

  for (const [index, entry] of lowered.entries()) {
    const { node } = entry;
    const entryCommands = [...entry.commands];
    for (const [outputRole, inputRole] of Object.entries(node.operator.inPlace ?? {})) {
      const output = node.outputs[outputRole];
      const input = node.inputs[inputRole];
      if (!output || !input) continue;
      const isPlaced = flat.has(input) || flat.has(output);
      const isReadTwice = Object.values(node.inputs).filter((tensor) => tensor === input).length > 1;
      if (isPlaced || isReadTwice || !shareInPlace(graph, blocks, reads, index, input, output)) {
        entryCommands.unshift({ kind: "copy", node, from: input, to: output, toOffset: 0 });
      }
    }
    for (const command of entryCommands) {
      commands.push(command);
      segments.push(node.segment);
    }
  }
  const stored = appendAssignments(graph.assignments, blocks, commands);
  const segmentEnds = cutSegments(segments, commands.length);
  spanLives(commands, blocks, flat, new Set([...kept, ...stored]));
  for (const tensor of graph.handedOut.values()) {
    // The host may read and write it until the update begins.
    const block = blocks.get(tensor);
    if (block) block.last = Math.max(block.last, segmentEnds.exchange);
  }
  const conflicts = findConflicts(commands, blocks);
  const { places, slotBytes } = placeBlocks(new Set(blocks.values()), conflicts, maxSlotBytes);
  const workspaceBytes = Math.max(
    0,
    ...lowered.map(({ workspaces }) => [...workspaces].reduce((sum, tensor) => sum + byteSize(tensor), 0)),
  );
  return { commands, segmentEnds, places, slotBytes, workspaceBytes };
}

/** The index of the last node that reads each tensor; infinite for kept tensors. */
function lastReads(lowered: readonly LoweredNode[], kept: ReadonlySet<Tensor>): Map<Tensor, number> {
  const last = new Map<Tensor, number>();
  lowered.forEach(({ node }, index) => {
    for (const tensor of Object.values(node.inputs)) last.set(tensor, index);
  });
  for (const tensor of kept) last.set(tensor, Number.POSITIVE_INFINITY);
  return last;
}

/** Tries to let an in-place output share its input's memory; false if the value must be copied. */
function shareInPlace(
  graph: Graph,
  blocks: Map<Tensor, Block>,
  reads: ReadonlyMap<Tensor, number>,
  index: number,
  input: Tensor,
  output: Tensor,
): boolean {
  if ((reads.get(input) ?? -1) > index) return false;
  if (input.kind === "variable") {
    const isStored = graph.assignments.some(({ variable, value }) => variable === input && value === output);
    if (!isStored) return false;
    const block = blocks.get(input) ?? newBlock(input.name);
    block.members.push({ tensor: output, offset: 0 });
    blocks.set(input, block);
    blocks.set(output, block);
    return true;
  }
  if (input.kind !== "value" || blocks.get(input)?.variable !== undefined) return false;
  const block = blocks.get(input) ?? newBlock(undefined);
  const offset = block.members.find((member) => member.tensor === input)?.offset ?? 0;
  if (block.members.length === 0) block.members.push({ tensor: input, offset: 0 });
  block.members.push({ tensor: output, offset });
  blocks.set(input, block);
  blocks.set(output, block);
  return true;
}

function newBlock(variable: string | undefined): Block {
  return { bytes: 0, first: Number.POSITIVE_INFINITY, last: -1, variable, members: [] };
}

/** Where segments end. Copies into variables at the end of the step belong to its last segment. */
function cutSegments(segments: readonly Segment[], commandCount: number): Record<Segment, number> {
  const ends: Record<Segment, number> = { forwardBackward: 0, exchange: 0, update: 0 };
  let last = 0;
  for (const [index, segment] of segments.entries()) {
    const at = SEGMENTS.indexOf(segment);
    if (at < last) throw new Error(`a node of ${segment} runs after one of ${SEGMENTS[last]}`);
    last = at;
    ends[segment] = index + 1;
  }
  let end = 0;
  for (const [at, segment] of SEGMENTS.entries()) {
    end = at === last ? commandCount : Math.max(end, ends[segment]);
    ends[segment] = end;
  }
  return ends;
}

/** Copies assigned values that are not in place already; returns the values that must live until then. */
function appendAssignments(
  assignments: readonly Assignment[],
  blocks: ReadonlyMap<Tensor, Block>,
  commands: LoweredCommand[],
): Tensor[] {
  const stored: Tensor[] = [];
  for (const { variable, value } of assignments) {
    if (blocks.get(value)?.variable === variable.name) continue;
    commands.push({ kind: "copy", node: undefined, from: value, to: variable, toOffset: 0 });
    stored.push(value);
  }
  return stored;
}

/** Gives every value tensor a block, and every block its size and its first and last command. */
function spanLives(
  commands: readonly LoweredCommand[],
  blocks: Map<Tensor, Block>,
  flat: Placements["flat"],
  kept: ReadonlySet<Tensor>,
): void {
  const blockOf = (tensor: Tensor): Block => {
    const known = blocks.get(tensor);
    if (known) return known;
    const { whole, first } = flat.get(tensor) ?? { whole: undefined, first: 0 };
    const block = whole ? blockOf(whole) : newBlock(undefined);
    block.members.push({ tensor, offset: whole ? ELEMENT_BYTES[whole.dtype] * first : 0 });
    blocks.set(tensor, block);
    return block;
  };
  commands.forEach((command, index) => {
    const tensors = command.kind === "dispatch" ? Object.values(command.tensors) : [command.from, command.to];
    for (const tensor of tensors) {
      if (tensor.kind !== "value") continue;
      const block = blockOf(tensor);
      block.first = Math.min(block.first, index);
      block.last = Math.max(block.last, index);
    }
  });
  for (const tensor of kept) {
    if (tensor.kind === "value") blockOf(tensor).last = commands.length;
  }
  for (const block of new Set(blocks.values())) {
    block.bytes = Math.max(0, ...block.members.map(({ tensor, offset }) => offset + byteSize(tensor)));
  }
}

/** Conflicts: pairs of blocks such that one command reads one of them and writes the other. */
function findConflicts(
  commands: readonly LoweredCommand[],
  blocks: ReadonlyMap<Tensor, Block>,
): Map<Block, Set<Block>> {
  const conflicts = new Map<Block, Set<Block>>();
  const add = (a: Block, b: Block) => {
    const known = conflicts.get(a);
    if (known) known.add(b);
    else conflicts.set(a, new Set([b]));
  };
  for (const command of commands) {
    const { read, written } = accesses(command);
    for (const from of read.flatMap((tensor) => blocks.get(tensor) ?? [])) {
      for (const to of written.flatMap((tensor) => blocks.get(tensor) ?? [])) {
        if (from === to) continue;
        add(from, to);
        add(to, from);
      }
    }
  }
  return conflicts;
}

function accesses(command: LoweredCommand): { readonly read: Tensor[]; readonly written: Tensor[] } {
  if (command.kind === "copy") return { read: [command.from], written: [command.to] };
  const writable = writableVariables(command.kernel.source);
  const read: Tensor[] = [];
  const written: Tensor[] = [];
  for (const [name, tensor] of Object.entries(command.tensors)) {
    (writable.has(name) ? written : read).push(tensor);
  }
  return { read, written };
}

function placeBlocks(
  blocks: ReadonlySet<Block>,
  conflicts: ReadonlyMap<Block, ReadonlySet<Block>>,
  maxSlotBytes: number,
): { places: Map<Tensor, Place>; slotBytes: readonly number[] } {
  const packing = packBlocks(
    [...blocks].filter(({ variable }) => variable === undefined),
    conflicts,
    maxSlotBytes,
  );
  const places = new Map<Tensor, Place>();
  for (const block of blocks) {
    for (const { tensor, offset } of block.members) {
      if (block.variable !== undefined) {
        places.set(tensor, { kind: "variable", name: block.variable });
        continue;
      }
      const place = packing.places.get(block);
      if (!place) throw new Error(`${tensor.name} was not packed`);
      places.set(tensor, { kind: "slot", slot: place.slot, offset: place.offset + offset });
    }
  }
  return { places, slotBytes: packing.slotBytes };
}
