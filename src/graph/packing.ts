// Packing: assigns each block of memory an offset in a buffer. Blocks whose lives do not overlap may share bytes. Two
// blocks conflict if one dispatch reads one and writes the other: WebGPU does not allow them in one buffer. A greedy
// algorithm, the largest block first, runs with several settings; the smallest result is taken.

import { BINDING_ALIGNMENT_BYTES } from "../gpu/constants.ts";

/** A block to be packed. */
export interface LiveBlock {
  readonly bytes: number;
  /** The first and the last command that use it. */
  readonly first: number;
  readonly last: number;
}

/** The blocks' offsets, and the size of each buffer. */
export interface Packing<B extends LiveBlock> {
  readonly places: ReadonlyMap<B, { readonly slot: number; readonly offset: number }>;
  readonly slotBytes: readonly number[];
}

interface Tenant {
  readonly block: LiveBlock;
  readonly offset: number;
}

interface Slot {
  bytes: number;
  readonly tenants: Tenant[];
}

/** From this number of buffers on, a block goes into an existing buffer even if a new one would cost no more. */
const SLOT_COUNTS = [2, 3, 4, 6, 12, Number.POSITIVE_INFINITY] as const;

const aligned = (bytes: number) => Math.ceil(bytes / BINDING_ALIGNMENT_BYTES) * BINDING_ALIGNMENT_BYTES;

/**
 * Packs blocks into buffers.
 * @param conflicts for each block, the blocks that may not share a buffer with it.
 * @param maxSlotBytes the largest buffer, unless a single block is larger.
 */
export function packBlocks<B extends LiveBlock>(
  blocks: Iterable<B>,
  conflicts: ReadonlyMap<B, ReadonlySet<B>>,
  maxSlotBytes: number,
): Packing<B> {
  const bySize = [...blocks].sort((a, b) => b.bytes - a.bytes || a.first - b.first);
  let smallest: Packing<B> | undefined;
  for (const count of SLOT_COUNTS) {
    const packing = packGreedily(bySize, conflicts, maxSlotBytes, count);
    if (!smallest || total(packing) < total(smallest)) smallest = packing;
  }
  if (!smallest) throw new Error("no way of packing");
  return smallest;
}

const total = ({ slotBytes }: Packing<LiveBlock>) => slotBytes.reduce((sum, bytes) => sum + bytes, 0);

function packGreedily<B extends LiveBlock>(
  bySize: readonly B[],
  conflicts: ReadonlyMap<B, ReadonlySet<B>>,
  maxSlotBytes: number,
  wantedSlots: number,
): Packing<B> {
  const slots: Slot[] = [];
  const places = new Map<B, { slot: number; offset: number }>();
  for (const block of bySize) {
    const taken = new Set<number>();
    for (const other of conflicts.get(block) ?? []) {
      const place = places.get(other);
      if (place) taken.add(place.slot);
    }
    let best: { slot: number; offset: number; growth: number } | undefined;
    for (const [index, slot] of slots.entries()) {
      if (taken.has(index)) continue;
      const offset = lowestOffset(slot, block);
      const growth = Math.max(0, offset + aligned(block.bytes) - slot.bytes);
      if (growth > 0 && slot.bytes + growth > maxSlotBytes) continue;
      if (!best || growth < best.growth) best = { slot: index, offset, growth };
    }
    const isNewAsGood = best !== undefined && best.growth >= aligned(block.bytes);
    if (!best || (isNewAsGood && slots.length < wantedSlots)) {
      best = { slot: slots.length, offset: 0, growth: aligned(block.bytes) };
      slots.push({ bytes: 0, tenants: [] });
    }
    const { slot, offset, growth } = best;
    const target = slots[slot];
    if (!target) throw new Error("a slot is missing");
    target.bytes += growth;
    target.tenants.push({ block, offset });
    places.set(block, { slot, offset });
  }
  return { places, slotBytes: slots.map(({ bytes }) => bytes) };
}

/** The first gap that is large enough, between the blocks of the buffer that live at the same time. */
function lowestOffset({ tenants }: Slot, block: LiveBlock): number {
  const neighbours = tenants.filter((tenant) => {
    return tenant.block.first <= block.last && block.first <= tenant.block.last;
  });
  neighbours.sort((a, b) => a.offset - b.offset);
  let offset = 0;
  for (const tenant of neighbours) {
    if (tenant.offset - offset >= aligned(block.bytes)) return offset;
    offset = Math.max(offset, tenant.offset + aligned(tenant.block.bytes));
  }
  return offset;
}
