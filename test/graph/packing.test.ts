// Packing: nothing overlaps, what conflicts lies apart, and little is wasted.

import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.ts";
import { type LiveBlock, packBlocks } from "../../src/graph/packing.ts";

const UNIT = 256;
const NONE = new Map<LiveBlock, ReadonlySet<LiveBlock>>();
const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);

function drawBlocks(count: number): LiveBlock[] {
  const random = new RandomStream(1, "packing");
  return Array.from({ length: count }, () => {
    const first = Math.floor(random.between(0, 100));
    const last = first + Math.floor(random.between(0, 20));
    return { bytes: UNIT * Math.ceil(random.between(0, 50)), first, last };
  });
}

describe("packing", () => {
  it("gives blocks that live one after the other the same bytes", () => {
    const blocks = [0, 10, 20].map((first) => ({ bytes: 1000, first, last: first + 9 }));
    expect(packBlocks(blocks, NONE, 1e9).slotBytes).toEqual([1024]);
  });

  it("never lets live blocks overlap, and wastes less than a tenth", () => {
    const blocks = drawBlocks(300);
    const { places, slotBytes } = packBlocks(blocks, NONE, 1e9);
    for (const a of blocks) {
      for (const b of blocks) {
        if (a === b || a.last < b.first || b.last < a.first) continue;
        const [at, bt] = [places.get(a), places.get(b)];
        if (!at || !bt) throw new Error("a block has no place");
        const apart =
          at.slot !== bt.slot || at.offset + a.bytes <= bt.offset || bt.offset + b.bytes <= at.offset;
        expect(apart).toBe(true);
      }
    }
    const live = Array.from({ length: 120 }, (_, at) =>
      sum(blocks.filter(({ first, last }) => first <= at && at <= last).map(({ bytes }) => bytes)),
    );
    expect(sum(slotBytes)).toBeLessThan(1.1 * Math.max(...live));
  });

  it("keeps conflicting blocks in buffers of their own, and every offset on a binding's alignment", () => {
    const blocks = drawBlocks(60);
    const [a, b, c] = blocks;
    if (!a || !b || !c) throw new Error("too few blocks");
    const conflicts = new Map([
      [a, new Set([b, c])],
      [b, new Set([a])],
      [c, new Set([a])],
    ]);
    const { places } = packBlocks(blocks, conflicts, 1e9);
    expect(places.get(a)?.slot).not.toBe(places.get(b)?.slot);
    expect(places.get(a)?.slot).not.toBe(places.get(c)?.slot);
    for (const { offset } of places.values()) expect(offset % UNIT).toBe(0);
  });

  it("lets no buffer grow beyond the limit", () => {
    const { slotBytes } = packBlocks(drawBlocks(300), NONE, 100 * UNIT);
    expect(Math.max(...slotBytes)).toBeLessThanOrEqual(100 * UNIT);
  });
});
