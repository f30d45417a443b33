// Breaks a long network into columns, so that its picture has the shape of a page instead of a strip. Breaks are placed
// where few connections cross them, at best one.

/** Width and height of a card, in pixels. */
export interface Size {
  readonly width: number;
  readonly height: number;
}

export type Edge = readonly [from: number, to: number];

/** Between cards of a column, downwards and sideways, and between columns. */
export const ROW_GAP = 26;
export const CARD_GAP = 18;
export const COLUMN_GAP = 70;

/** Width over height that a page should have. */
const ASPECT = 1.35;
/** A column shorter than this is not broken. */
const SHORTEST_BROKEN = 1200;
/** How far a break may move from its even place to cross fewer connections, as a share of a column. */
const LEEWAY = 0.4;
/** The cost of a crossing connection, in pixels of unevenness. */
const CROSSING_COST = 500;
/** The cost of a break at a place that is not a good one. */
const BAD_BREAK_COST = 800;
/** The height of what is above the columns, roughly. */
const HEADING_HEIGHT = 150;
/** How much larger a page may be for a better shape. */
const MISFIT_COST = 4;

/**
 * Chooses the columns.
 * @param sizes of the cards, in an order in which each comes after those it reads.
 * @param footer the height of what is below the columns.
 * @param goodBreaks places at which a column should preferably begin.
 * @returns the place of each column's first card.
 */
export function columnStarts(
  sizes: readonly Size[],
  edges: readonly Edge[],
  footer: Size,
  goodBreaks: ReadonlySet<number>,
): number[] {
  const tops = rowTops(sizes, edges);
  const height = Math.max(...tops.map((top, i) => top + (sizes[i]?.height ?? 0)));
  if (height + footer.height < SHORTEST_BROKEN) return [0];
  const crossings = crossingCounts(sizes.length, edges);
  let best = { starts: [0], cost: Number.POSITIVE_INFINITY };
  const most = Math.ceil(height / (SHORTEST_BROKEN / 2));
  for (let count = 1; count <= most; count++) {
    const starts = breaksFor(count, height, tops, (place) => {
      return CROSSING_COST * (crossings[place] ?? 0) + (goodBreaks.has(place) ? 0 : BAD_BREAK_COST);
    });
    const columns = pageSize(starts, sizes, tops);
    const width = Math.max(columns.width, footer.width);
    const pageHeight = HEADING_HEIGHT + columns.height + footer.height;
    const misfit = Math.log(width / pageHeight / ASPECT);
    const cost = width * pageHeight * (1 + MISFIT_COST * misfit ** 2);
    if (cost < best.cost) best = { starts, cost };
  }
  return best.starts;
}

/** The least vertical position of each card. */
function rowTops(sizes: readonly Size[], edges: readonly Edge[]): number[] {
  const tops = sizes.map(() => 0);
  const into = new Map<number, number[]>();
  for (const [from, to] of edges) into.set(to, [...(into.get(to) ?? []), from]);
  sizes.forEach((_, i) => {
    for (const from of into.get(i) ?? []) {
      tops[i] = Math.max(tops[i] ?? 0, (tops[from] ?? 0) + (sizes[from]?.height ?? 0) + ROW_GAP);
    }
  });
  return tops;
}

/** For each place, how many cards before it are read at it or after it. */
function crossingCounts(count: number, edges: readonly Edge[]): number[] {
  const lastReaders = new Map<number, number>();
  for (const [from, to] of edges) lastReaders.set(from, Math.max(to, lastReaders.get(from) ?? 0));
  const steps = new Int32Array(count + 1);
  for (const [from, last] of lastReaders) {
    steps[from + 1] = (steps[from + 1] ?? 0) + 1;
    steps[last + 1] = (steps[last + 1] ?? 0) - 1;
  }
  let open = 0;
  return Array.from({ length: count }, (_, i) => {
    open += steps[i] ?? 0;
    return open;
  });
}

function breaksFor(
  count: number,
  height: number,
  tops: readonly number[],
  costOf: (place: number) => number,
): number[] {
  const starts = [0];
  for (let column = 1; column < count; column++) {
    const wanted = (height * column) / count;
    let best = { place: -1, cost: Number.POSITIVE_INFINITY };
    tops.forEach((top, place) => {
      const off = Math.abs(top - wanted);
      if (place <= (starts.at(-1) ?? 0) || off > (LEEWAY * height) / count) return;
      const cost = off + costOf(place);
      if (cost < best.cost) best = { place, cost };
    });
    if (best.place > 0) starts.push(best.place);
  }
  return starts;
}

/** The size of the columns, roughly: cards that begin at the same height are placed side by side. */
function pageSize(starts: readonly number[], sizes: readonly Size[], tops: readonly number[]): Size {
  let width = 0;
  let height = 0;
  starts.forEach((start, column) => {
    const end = starts[column + 1] ?? sizes.length;
    const rows = new Map<number, number>();
    let bottom = 0;
    for (let i = start; i < end; i++) {
      const row = Math.round((tops[i] ?? 0) / 40);
      rows.set(row, (rows.get(row) ?? 0) + (sizes[i]?.width ?? 0) + CARD_GAP);
      bottom = Math.max(bottom, (tops[i] ?? 0) + (sizes[i]?.height ?? 0));
    }
    width += Math.max(...rows.values()) + COLUMN_GAP;
    height = Math.max(height, bottom - (tops[start] ?? 0));
  });
  return { width, height };
}
