// One column of a diagram, laid out by Graphviz: cards are boxes of known size; lines from earlier columns enter at the
// top, and lines to later columns leave at the bottom.

import { CARD_GAP, type Edge, ROW_GAP, type Size } from "./diagram_columns.ts";

export type Point = readonly [x: number, y: number];

/** A card's place: its upper left corner. */
export interface Placed extends Size {
  readonly x: number;
  readonly y: number;
}

/** A line between two cards: cubic Bézier pieces (`curve`), or straight pieces with rounded corners (`path`). */
export interface Route {
  readonly form: "curve" | "path";
  readonly points: readonly Point[];
  readonly hasArrow: boolean;
}

/** A column on its own, its upper left corner at the origin. */
export interface PlacedColumn extends Size {
  readonly cards: ReadonlyMap<number, Placed>;
  /** The horizontal positions at which lines enter and leave, by the card that they come from. */
  readonly entries: ReadonlyMap<number, number>;
  readonly exits: ReadonlyMap<number, number>;
  readonly routes: readonly Route[];
}

/** A range of cards and the connections that enter and leave it. */
export class Column {
  readonly inner: readonly Edge[];
  /** Cards of earlier columns that cards of this column read. */
  readonly entries: readonly number[];
  /** Cards of this column that later ones read. */
  readonly exits: readonly number[];
  readonly entering: readonly Edge[];

  /** Takes the cards from `start` up to, not including, `end`. */
  constructor(
    readonly start: number,
    readonly end: number,
    edges: readonly Edge[],
  ) {
    const isHere = (card: number) => card >= start && card < end;
    const ascending = (cards: Iterable<number>) => [...new Set(cards)].sort((a, b) => a - b);
    this.inner = edges.filter(([from, to]) => isHere(from) && isHere(to));
    this.entering = edges.filter(([from, to]) => !isHere(from) && isHere(to));
    this.entries = ascending(this.entering.map(([from]) => from));
    const leaving = edges.filter(([from, to]) => isHere(from) && !isHere(to));
    this.exits = ascending(leaving.map(([from]) => from));
  }
}

const POINTS_PER_INCH = 72;
const inches = (pixels: number) => (pixels / POINTS_PER_INCH).toFixed(4);

/** What is used of Graphviz, written out: its own declarations ask more of TypeScript than programs that use weft do. */
interface Graphviz {
  layout(dot: string, format: "json", engine: "dot"): string;
}

/** The column in Graphviz' language. */
function dotOf({ start, end, inner, entries, exits, entering }: Column, sizes: readonly Size[]): string {
  const boxes = sizes.slice(start, end).map(({ width, height }, i) => {
    return `n${start + i} [width=${inches(width)}, height=${inches(height)}];`;
  });
  const ports = (kind: "in" | "out", rank: "source" | "sink", cards: readonly number[]) => {
    if (cards.length === 0) return [];
    return [
      `{ rank=${rank}; ${cards.map((card) => `${kind}${card} [width=0.01, height=0.01];`).join(" ")} }`,
    ];
  };
  return [
    "digraph {",
    `graph [nodesep=${inches(CARD_GAP)}, ranksep=${inches(ROW_GAP)}, margin=0, pad=0];`,
    'node [shape=box, fixedsize=true, label=""];',
    "edge [dir=none];",
    ...ports("in", "source", entries),
    ...ports("out", "sink", exits),
    ...boxes,
    ...inner.map(([from, to]) => `n${from} -> n${to};`),
    ...entering.map(([from, to]) => `in${from} -> n${to};`),
    ...exits.map((card) => `n${card} -> out${card};`),
    "}",
  ].join("\n");
}

/** Lays a column out. */
export function placeColumn(column: Column, sizes: readonly Size[], graphviz: Graphviz): PlacedColumn {
  const { objects, edges, bb } = readLayout(graphviz.layout(dotOf(column, sizes), "json", "dot"));
  const [, , width = 0, height = 0] = numbersOf(bb);
  const cards = new Map<number, Placed>();
  const entries = new Map<number, number>();
  const exits = new Map<number, number>();
  for (const { name, pos } of objects) {
    const [, kind, text] = name.match(/^(n|in|out)(\d+)$/) ?? [];
    if (kind === undefined || pos === undefined) continue;
    const card = Number(text);
    const [x = 0, y = 0] = numbersOf(pos);
    const size = sizes[card] ?? { width: 0, height: 0 };
    if (kind === "n") cards.set(card, { ...size, x: x - size.width / 2, y: height - y - size.height / 2 });
    else (kind === "in" ? entries : exits).set(card, x);
  }
  const routes = edges.map(({ pos, head }): Route => {
    const points = pos.split(" ").map((pair): Point => {
      const [x = 0, y = 0] = numbersOf(pair);
      return [x, height - y];
    });
    return { form: "curve", points, hasArrow: !objects[head]?.name.startsWith("out") };
  });
  return { width, height, cards, entries, exits, routes };
}

const numbersOf = (text: string) => text.split(",").map(Number);

/** The part of Graphviz' JSON that is read here. */
interface GraphvizLayout {
  readonly bb: string;
  /** Nodes and subgraphs; the latter have no place. */
  readonly objects: readonly { readonly name: string; readonly pos?: string }[];
  /** `head` is a place in `objects`. */
  readonly edges: readonly { readonly head: number; readonly pos: string }[];
}

function readLayout(json: string): GraphvizLayout {
  const { bb, objects = [], edges = [] }: Partial<GraphvizLayout> = JSON.parse(json);
  if (bb === undefined) throw new Error("Graphviz returned no layout");
  return { bb, objects, edges };
}
