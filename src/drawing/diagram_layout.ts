// The placement of a diagram's cards and of the lines between them: columns from left to right, lines that are routed
// around the columns to later ones, and a row below them for outputs that fan out from one card, such as the heads of a
// multi-task network.

import { CARD_GAP, COLUMN_GAP, columnStarts, type Edge, ROW_GAP, type Size } from "./diagram_columns.ts";
import {
  Column,
  type Placed,
  type PlacedColumn,
  type Point,
  placeColumn,
  type Route,
} from "./graphviz_column.ts";

export interface DiagramLayout extends Size {
  readonly cards: readonly Placed[];
  readonly routes: readonly Route[];
}

/** The distance between a column and the lines that pass around it, and between two such lines. */
const LANE_START = 20;
const LANE_STEP = 12;
/** The overlap of lines around columns with lines inside them, so that no gap shows. */
const OVERLAP = 1.5;
/** Space above the row of outputs for the line that leads to all of them. */
const FAN_GAP = 44;

/** Outputs at the end of a diagram that all read one card. */
interface Fan {
  readonly source: number;
  /** The place of the first; the others follow it. */
  readonly start: number;
}

/**
 * Lays out a diagram.
 * @param sizes of the cards, each after those it reads.
 * @param goodBreaks cards with which a new column should preferably begin.
 */
export async function layOutDiagram(
  sizes: readonly Size[],
  edges: readonly Edge[],
  goodBreaks: ReadonlySet<number>,
): Promise<DiagramLayout> {
  const { Graphviz } = await import("@hpcc-js/wasm-graphviz"); // loaded on use, as it is large
  const graphviz = await Graphviz.load();
  const fan = fanOf(sizes.length, edges);
  const end = fan?.start ?? sizes.length;
  const upper = edges.filter(([, to]) => to < end);
  const upperSizes = sizes.slice(0, end);
  const fanSizes = sizes.slice(end);
  const starts = columnStarts(upperSizes, upper, rowSize(fanSizes), goodBreaks);
  const columns = starts.map((start, i) => new Column(start, starts[i + 1] ?? end, upper));
  const page = assemble(
    columns,
    columns.map((column) => placeColumn(column, sizes, graphviz)),
  );
  return fan ? withFan(page, fan, fanSizes) : page;
}

/** The outputs that fan out from one card, if there are at least two of them and nothing comes after them. */
function fanOf(count: number, edges: readonly Edge[]): Fan | undefined {
  const sources = new Map<number, number[]>();
  for (const [from, to] of edges) sources.set(to, [...(sources.get(to) ?? []), from]);
  const read = new Set(edges.map(([from]) => from));
  const source = sources.get(count - 1)?.[0];
  if (source === undefined) return undefined;
  let start = count;
  while (start > 0 && !read.has(start - 1) && sources.get(start - 1)?.join() === String(source)) start--;
  return count - start >= 2 ? { source, start } : undefined;
}

/** Cards side by side. */
function rowSize(sizes: readonly Size[]): Size {
  const width = sizes.reduce((sum, size) => sum + size.width + CARD_GAP, -CARD_GAP);
  return { width: Math.max(0, width), height: Math.max(0, ...sizes.map(({ height }) => height)) };
}

/** Columns side by side, and the lines that lead from one to a later one. */
function assemble(columns: readonly Column[], placed: readonly PlacedColumn[]): DiagramLayout {
  const lefts: number[] = [];
  let right = 0;
  placed.forEach(({ width }, i) => {
    const lanes = Math.max(0, (columns[i]?.entries.length ?? 0) - 1) * LANE_STEP;
    lefts.push(i === 0 ? 0 : right + COLUMN_GAP + lanes);
    right = (lefts[i] ?? 0) + width;
  });
  const lanes = Math.max(...columns.map(({ entries }) => entries.length));
  const top = lanes === 0 ? 0 : LANE_START + (lanes - 1) * LANE_STEP;
  // No line enters the first column from above; its first card is level with the first cards of the others.
  const tops = columns.map(({ entries }) => (lanes > 0 && entries.length === 0 ? top + ROW_GAP : top));
  const bottoms = placed.map(({ height }, i) => (tops[i] ?? 0) + height);

  const cards: Placed[] = [];
  const routes: Route[] = [];
  placed.forEach(({ cards: own, routes: ownRoutes }, i) => {
    const [left = 0, down = 0] = [lefts[i], tops[i]];
    for (const [card, place] of own) cards[card] = { ...place, x: place.x + left, y: place.y + down };
    for (const route of ownRoutes) {
      routes.push({ ...route, points: route.points.map(([x, y]): Point => [x + left, y + down]) });
    }
  });
  let lowest = Math.max(...bottoms);
  columns.forEach(({ entries }, to) => {
    entries.forEach((card, lane) => {
      const from = placed.findIndex(({ exits }) => exits.has(card));
      const offset = LANE_START + lane * LANE_STEP;
      const bottom = bottoms[from] ?? 0;
      const below = from === to - 1 ? bottom : Math.max(...bottoms.slice(from, to));
      const start = (lefts[from] ?? 0) + (placed[from]?.exits.get(card) ?? 0);
      const end = (lefts[to] ?? 0) + (placed[to]?.entries.get(card) ?? 0);
      const around = { x: (lefts[to] ?? 0) - offset, below: below + offset, above: top - offset };
      routes.push({
        form: "path",
        points: aroundColumn([start, bottom - OVERLAP], [end, top + OVERLAP], around),
        hasArrow: false,
      });
      lowest = Math.max(lowest, around.below);
    });
  });
  return { width: right, height: lowest, cards, routes };
}

/** Down, to the right, up left of the next column, and down into it. */
function aroundColumn(
  [startX, startY]: Point,
  [endX, endY]: Point,
  { x, below, above }: { readonly x: number; readonly below: number; readonly above: number },
): Point[] {
  return [
    [startX, startY],
    [startX, below],
    [x, below],
    [x, above],
    [endX, above],
    [endX, endY],
  ];
}

/** Adds the row of outputs below the columns, and the line that forks to them. */
function withFan(page: DiagramLayout, { source, start }: Fan, sizes: readonly Size[]): DiagramLayout {
  const row = rowSize(sizes);
  const width = Math.max(page.width, row.width);
  const shift = (width - page.width) / 2;
  const cards = page.cards.map((card) => ({ ...card, x: card.x + shift }));
  const routes = page.routes.map((route) => {
    return { ...route, points: route.points.map(([x, y]): Point => [x + shift, y]) };
  });
  const from = cards[source];
  if (!from) throw new Error(`card ${source} has no place`);
  const startX = from.x + from.width / 2;
  const top = page.height + FAN_GAP;
  const fork = top - FAN_GAP / 2;
  let x = (width - row.width) / 2;
  const centers = sizes.map((size, i) => {
    cards[start + i] = { ...size, x, y: top };
    x += size.width + CARD_GAP;
    return x - CARD_GAP - size.width / 2;
  });
  const [leftmost = startX, rightmost = startX] = [centers[0], centers.at(-1)];
  for (const center of centers) {
    const isOuter = (center === leftmost && center < startX) || (center === rightmost && center > startX);
    const stem: Point[] = [
      [startX, from.y + from.height],
      [startX, fork],
    ];
    const points: Point[] = [...(isOuter ? stem : []), [center, fork], [center, top]];
    routes.push({ form: "path", points, hasArrow: true });
  }
  return { width, height: top + row.height, cards, routes };
}
