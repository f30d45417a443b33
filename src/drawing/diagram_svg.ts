// A diagram as SVG: title, legend, cards and the lines between them. Text is either SVG text, which people can search
// and copy, or drawn lines, for pictures made on machines that may have no fonts.

import type { Size } from "./diagram_columns.ts";
import type { DiagramLayout } from "./diagram_layout.ts";
import type { Placed, Point, Route } from "./graphviz_column.ts";
import type { Card, CardKind } from "./layer_cards.ts";
import { strangers, strokeWidth, textPath, textWidth } from "./stroke_font.ts";

/** How letters are drawn. */
export type TextForm = "text" | "outlines";

interface Colours {
  readonly fill: string;
  readonly ink: string;
}

const KIND_COLOURS: Readonly<Record<Exclude<CardKind, "block">, Colours>> = {
  input: { fill: "#f1f3f5", ink: "#6c757d" },
  convolution: { fill: "#e6f0fd", ink: "#2f6fc6" },
  depthwise: { fill: "#def4f6", ink: "#12838d" },
  normalization: { fill: "#f0ebfc", ink: "#7a5bc2" },
  activation: { fill: "#fff3d1", ink: "#bf8a00" },
  pooling: { fill: "#e4f5e6", ink: "#2c8a43" },
  merge: { fill: "#fde9d9", ink: "#cd641a" },
  shape: { fill: "#eef0f3", ink: "#788593" },
  dropout: { fill: "#f5ecec", ink: "#9c7373" },
  dense: { fill: "#fde6ec", ink: "#c62a52" },
  head: { fill: "#fde6ec", ink: "#c62a52" },
  other: { fill: "#f4f1ea", ink: "#8a7b55" },
};

/** The legend's name for each kind. */
const KIND_NAMES: Readonly<Record<Exclude<CardKind, "block">, string>> = {
  input: "input",
  convolution: "convolution",
  depthwise: "depthwise or separable",
  normalization: "normalization",
  activation: "activation",
  pooling: "pooling",
  merge: "sum, product, join",
  shape: "padding, cropping, scaling",
  dropout: "dropout",
  dense: "dense",
  head: "head",
  other: "other",
};

/** For kinds of blocks, in the order in which they come. */
const BLOCK_COLOURS: readonly Colours[] = [
  { fill: "#e6e9fc", ink: "#4053c8" },
  { fill: "#ddf3ec", ink: "#0f8567" },
  { fill: "#fae6f6", ink: "#a3368f" },
  { fill: "#ecf4d6", ink: "#668818" },
  { fill: "#fbeedb", ink: "#b06f14" },
  { fill: "#ddeffb", ink: "#1a79b0" },
];

const PAPER = "#ffffff";
const INK = "#1b2733";
const SOFT_INK = "#4d5b69";
const LINE_INK = "#8593a1";

const MARGIN = 36;
const PADDING = 13;
const BAR = 6;
const TITLE_SIZE = 15;
const LINE_SIZE = 12.5;
const LINE_HEIGHT = 18;
const HEADING_SIZE = 28;
const FACTS_SIZE = 15;
const LEGEND_SIZE = 13;
const LEGEND_STEP = 24;
const SWATCH = 14;
const CORNER = 8;
const ROUNDING = 10;
/** The edges of further cards behind a card that represents several. */
const STACK_OFFSET = 5;

/** The texts above the picture. */
export interface Heading {
  readonly title: string;
  readonly facts: string;
}

/** The size of a card for its text. */
export function cardSize({ title, lines, repeats }: Card): Size {
  const widths = [textWidth(title, TITLE_SIZE, true), ...lines.map((line) => textWidth(line, LINE_SIZE))];
  const stack = repeats > 1 ? 2 * STACK_OFFSET : 0;
  return {
    width: Math.ceil(Math.max(100, ...widths) + 2 * PADDING + BAR + stack),
    height: Math.ceil(2 * PADDING + TITLE_SIZE + lines.length * LINE_HEIGHT - 3 + stack),
  };
}

/** Draws the diagram. @returns the SVG and its size in pixels. */
export function diagramSvg(
  heading: Heading,
  cards: readonly Card[],
  layout: DiagramLayout,
  form: TextForm,
): Size & { readonly svg: string } {
  const pen = new Pen(form);
  const colours = coloursOf(cards);
  const headWidth = textWidth(heading.title, HEADING_SIZE, true);
  const factsWidth = textWidth(heading.facts, FACTS_SIZE);
  const inner = Math.ceil(Math.max(layout.width, headWidth, factsWidth, 420));
  pen.text(heading.title, MARGIN, MARGIN + 24, { size: HEADING_SIZE, isBold: true, colour: INK });
  pen.text(heading.facts, MARGIN, MARGIN + 52, { size: FACTS_SIZE, isBold: false, colour: SOFT_INK });
  const legendBottom = drawLegend(pen, colours, inner, MARGIN + 84);
  const left = MARGIN + (inner - layout.width) / 2;
  const top = legendBottom + 18;
  pen.element(`<g transform="translate(${round(left)} ${round(top)})">`);
  for (const route of layout.routes) drawRoute(pen, route);
  cards.forEach((card, i) => {
    const place = layout.cards[i];
    if (place) drawCard(pen, card, place, colours.get(colourKey(card))?.colours ?? KIND_COLOURS.other);
  });
  pen.element("</g>");
  const width = inner + 2 * MARGIN;
  const height = Math.ceil(top + layout.height + MARGIN);
  const svg =
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"` +
    ` font-family="Inter, 'Helvetica Neue', Helvetica, Arial, sans-serif">\n<title>${escaped(heading.title)}</title>\n` +
    `<rect width="${width}" height="${height}" fill="${PAPER}"/>\n${pen.content()}</svg>\n`;
  return { svg, width, height };
}

const colourKey = ({ kind, blockKind }: Card) => (kind === "block" ? `block ${blockKind}` : kind);

interface LegendEntry {
  readonly name: string;
  readonly colours: Colours;
}

/** Colours by kind, in the order in which the kinds come. */
function coloursOf(cards: readonly Card[]): Map<string, LegendEntry> {
  const entries = new Map<string, LegendEntry>();
  let blocks = 0;
  for (const card of cards) {
    const { kind, blockKind = "" } = card;
    if (entries.has(colourKey(card))) continue;
    if (kind === "block") {
      const colours = BLOCK_COLOURS[blocks++ % BLOCK_COLOURS.length] ?? KIND_COLOURS.other;
      entries.set(colourKey(card), {
        name: blockKind.includes("block") ? blockKind : `${blockKind} block`,
        colours,
      });
    } else entries.set(kind, { name: KIND_NAMES[kind], colours: KIND_COLOURS[kind] });
  }
  return entries;
}

/** @returns the position at which it ends. */
function drawLegend(pen: Pen, entries: ReadonlyMap<string, LegendEntry>, width: number, top: number): number {
  let x = MARGIN;
  let y = top;
  for (const { name, colours } of entries.values()) {
    const needed = SWATCH + 7 + textWidth(name, LEGEND_SIZE) + 20;
    if (x + needed - 20 > MARGIN + width && x > MARGIN) {
      x = MARGIN;
      y += LEGEND_STEP;
    }
    pen.box({ x, y: y - 11, width: SWATCH, height: SWATCH }, colours, 3);
    pen.text(name, x + SWATCH + 7, y, { size: LEGEND_SIZE, isBold: false, colour: SOFT_INK });
    x += needed;
  }
  return y + 8;
}

function drawCard(pen: Pen, card: Card, place: Placed, colours: Colours): void {
  const stack = card.repeats > 1 ? 2 * STACK_OFFSET : 0;
  const size = { width: place.width - stack, height: place.height - stack };
  for (let offset = stack; offset > 0; offset -= STACK_OFFSET) {
    pen.box({ ...size, x: place.x + offset, y: place.y + offset }, colours, CORNER);
  }
  pen.box({ ...size, x: place.x, y: place.y }, colours, CORNER);
  pen.bar(place.x, place.y, size.height, colours.ink);
  const x = place.x + BAR + PADDING;
  let y = place.y + PADDING + TITLE_SIZE - 3;
  pen.text(card.title, x, y, { size: TITLE_SIZE, isBold: true, colour: INK });
  for (const line of card.lines) {
    y += LINE_HEIGHT;
    pen.text(line, x, y, { size: LINE_SIZE, isBold: false, colour: SOFT_INK });
  }
}

function drawRoute(pen: Pen, { form, points, hasArrow }: Route): void {
  pen.line(form === "curve" ? curveData(points) : roundedData(points), LINE_INK);
  const tip = points.at(-1);
  const before = points.at(-2);
  if (!hasArrow || !tip || !before) return;
  const length = Math.hypot(tip[0] - before[0], tip[1] - before[1]) || 1;
  const [ux, uy] = [(tip[0] - before[0]) / length, (tip[1] - before[1]) / length];
  const wing = (side: number) =>
    pointText([tip[0] - 8 * ux - side * 4 * uy, tip[1] - 8 * uy + side * 4 * ux]);
  pen.element(`<path d="M${pointText(tip)}L${wing(1)}L${wing(-1)}Z" fill="${LINE_INK}"/>`);
}

const round = (value: number) => String(Math.round(value * 100) / 100);
const pointText = ([x, y]: Point) => `${round(x)} ${round(y)}`;

function curveData([start, ...rest]: readonly Point[]): string {
  return start ? `M${pointText(start)}C${rest.map(pointText).join(" ")}` : "";
}

/** Straight segments with rounded corners. */
function roundedData(points: readonly Point[]): string {
  const towards = (from: Point, to: Point): Point => {
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]) || 1;
    const share = Math.min(ROUNDING, length / 2) / length;
    return [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
  };
  return points
    .map((point, i) => {
      const [before, after] = [points[i - 1], points[i + 1]];
      if (!before) return `M${pointText(point)}`;
      if (!after) return `L${pointText(point)}`;
      return `L${pointText(towards(point, before))}Q${pointText(point)} ${pointText(towards(point, after))}`;
    })
    .join("");
}

const ENTITIES: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;" };
const escaped = (text: string) => text.replace(/[&<>"]/g, (letter) => ENTITIES[letter] ?? letter);

interface TextLook {
  readonly size: number;
  readonly isBold: boolean;
  readonly colour: string;
}

/** Collects SVG elements, a line each. */
class Pen {
  private readonly lines: string[] = [];

  constructor(private readonly form: TextForm) {}

  content(): string {
    return `${this.lines.join("\n")}\n`;
  }

  element(text: string): void {
    this.lines.push(text);
  }

  box({ x, y, width, height }: Placed, { fill, ink }: Colours, corner: number): void {
    this.element(
      `<rect x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}" rx="${corner}"` +
        ` fill="${fill}" stroke="${ink}"/>`,
    );
  }

  /** The coloured bar along a card's left side. */
  bar(x: number, y: number, height: number, colour: string): void {
    const down = round(height - 2 * CORNER);
    this.element(
      `<path d="M${round(x + CORNER)} ${round(y)}h${round(BAR - CORNER + 2)}v${round(height)}h${round(CORNER - BAR - 2)}` +
        `a${CORNER} ${CORNER} 0 0 1 -${CORNER} -${CORNER}v-${down}a${CORNER} ${CORNER} 0 0 1 ${CORNER} -${CORNER}Z"` +
        ` fill="${colour}"/>`,
    );
  }

  line(data: string, colour: string): void {
    this.element(`<path d="${data}" fill="none" stroke="${colour}" stroke-width="1.5"/>`);
  }

  /** Letters that the drawn font lacks are drawn with the machine's fonts. */
  text(text: string, x: number, y: number, look: TextLook): void {
    if (this.form === "text") {
      this.letters(text, x, y, look);
      return;
    }
    const { size, isBold, colour } = look;
    this.element(
      `<path d="${textPath(text, x, y, size, isBold)}" fill="none" stroke="${colour}"` +
        ` stroke-width="${round(strokeWidth(size, isBold))}" stroke-linecap="round" stroke-linejoin="round"/>`,
    );
    for (const run of strangers(text, size, isBold)) this.letters(run.text, x + run.offset, y, look);
  }

  private letters(text: string, x: number, y: number, { size, isBold, colour }: TextLook): void {
    const weight = isBold ? ' font-weight="600"' : "";
    this.element(
      `<text x="${round(x)}" y="${round(y)}" font-size="${size}"${weight} fill="${colour}"` +
        ` textLength="${round(textWidth(text, size, isBold))}" lengthAdjust="spacingAndGlyphs">${escaped(text)}</text>`,
    );
  }
}
