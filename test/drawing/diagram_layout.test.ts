// Layouts: cards do not overlap, lines end at cards, long networks become pages.

import { describe, expect, it } from "vitest";
import type { Edge, Size } from "../../src/drawing/diagram_columns.ts";
import { type DiagramLayout, layOutDiagram } from "../../src/drawing/diagram_layout.ts";
import { cardSize } from "../../src/drawing/diagram_svg.ts";
import { networkDiagram } from "../../src/drawing/network_picture.ts";
import { backboneNamed } from "../../src/models/backbones.ts";
import { describeBackbone } from "../../src/training/network_layers.ts";

function overlaps({ cards }: DiagramLayout): string[] {
  const found: string[] = [];
  cards.forEach((a, i) => {
    cards.slice(i + 1).forEach((b, k) => {
      const apart =
        a.x + a.width <= b.x + 0.5 ||
        b.x + b.width <= a.x + 0.5 ||
        a.y + a.height <= b.y + 0.5 ||
        b.y + b.height <= a.y + 0.5;
      if (!apart) found.push(`${i} and ${i + 1 + k}`);
    });
  });
  return found;
}

function isInside({ width, height, cards }: DiagramLayout): boolean {
  return cards.every(
    (card) =>
      card.x >= -0.5 &&
      card.y >= -0.5 &&
      card.x + card.width <= width + 0.5 &&
      card.y + card.height <= height + 0.5,
  );
}

const chain = (count: number): { sizes: Size[]; edges: Edge[] } => ({
  sizes: Array.from({ length: count }, () => ({ width: 150, height: 80 })),
  edges: Array.from({ length: count - 1 }, (_, i): Edge => [i, i + 1]),
});

describe("layOutDiagram", () => {
  it("leaves a short chain in one column", async () => {
    const { sizes, edges } = chain(5);
    const layout = await layOutDiagram(sizes, edges, new Set());
    expect(new Set(layout.cards.map(({ x }) => Math.round(x))).size).toBe(1);
    expect(layout.routes).toHaveLength(4);
    const ys = layout.cards.map(({ y }) => y);
    expect(ys).toEqual(ys.toSorted((a, b) => a - b));
  });

  it("breaks a long chain into the columns of a page, with one line between two of them", async () => {
    const { sizes, edges } = chain(60);
    const layout = await layOutDiagram(sizes, edges, new Set());
    const columns = new Set(layout.cards.map(({ x }) => Math.round(x))).size;
    expect(columns).toBeGreaterThan(3);
    expect(layout.routes.filter(({ form }) => form === "path")).toHaveLength(columns - 1);
    expect(layout.width / layout.height).toBeGreaterThan(0.8);
    expect(layout.width / layout.height).toBeLessThan(2.2);
    expect(overlaps(layout)).toEqual([]);
    expect(isInside(layout)).toBe(true);
  });

  it("puts outputs that read one card into a row below everything", async () => {
    const { sizes, edges } = chain(20);
    const heads = Array.from({ length: 8 }, (_, i): Edge => [19, 20 + i]);
    const all = [...sizes, ...heads.map(() => ({ width: 140, height: 70 }))];
    const layout = await layOutDiagram(all, [...edges, ...heads], new Set());
    const row = layout.cards.slice(20);
    expect(new Set(row.map(({ y }) => y)).size).toBe(1);
    const bottom = Math.max(...layout.cards.slice(0, 20).map(({ y, height }) => y + height));
    expect(row[0]?.y).toBeGreaterThan(bottom);
    expect(overlaps(layout)).toEqual([]);
    expect(isInside(layout)).toBe(true);
    for (const { x, y, width } of row) {
      const ends = layout.routes.map(({ points }) => points.at(-1));
      expect(ends).toContainEqual([x + width / 2, y]);
    }
  });

  it.each(["blocks", "layers"] as const)("lays NASNetLarge out by %s without overlaps", async (level) => {
    const backbone = backboneNamed("NASNetLarge");
    const { records, input } = describeBackbone({ backbone, size: 331, includeTop: false });
    const diagram = networkDiagram({ name: backbone.name, records, input, heads: [] }, level);
    const layout = await layOutDiagram(diagram.cards.map(cardSize), diagram.edges, diagram.begins);
    expect(diagram.cards).toHaveLength(level === "layers" ? records.length + 1 : 16);
    expect(layout.cards).toHaveLength(diagram.cards.length);
    expect(overlaps(layout)).toEqual([]);
    expect(isInside(layout)).toBe(true);
  });
});
