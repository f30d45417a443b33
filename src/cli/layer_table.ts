// The table of a network's layers, as Keras' users know it, as wide as the terminal.

import type { LayerNode } from "../nn/layer_graph.ts";
import { countParameters, type ParameterCounts } from "../nn/parameters.ts";
import { grouped, type Style } from "./terminal.ts";

/** A layer as a row of the table. */
export interface LayerRow {
  readonly layer: string;
  readonly class: string;
  /** The batch is null. */
  readonly outputShape: readonly (number | null)[];
  readonly parameters: ParameterCounts;
  readonly connectedTo: readonly string[];
}

const HEADINGS = ["Layer (class)", "Output shape", "Param #", "Connected to"] as const;
const GAP = 2;
const ELLIPSIS = "…";
/** Columns of names are not made narrower than this. */
const NARROWEST = 12;
const BYTES_PER_PARAMETER = 4;

/** The rows of a network's layers. */
export function layerRows(nodes: readonly LayerNode[]): LayerRow[] {
  return nodes.map(({ name, record, output, predecessors }) => ({
    layer: name,
    class: record?.className ?? "InputLayer",
    outputShape: [null, ...output.shape.slice(1)],
    parameters: countParameters(record?.weights ?? []),
    connectedTo: predecessors,
  }));
}

/**
 * The table's lines.
 * @param width characters a line may have; names lose their middle where they do not fit. Undefined for as
 * many as it takes.
 */
export function layerTable(rows: readonly LayerRow[], width: number | undefined, style: Style): string[] {
  const [layerHeading, shapeHeading, parametersHeading, readsHeading] = HEADINGS;
  const widest = (heading: string, cell: (row: LayerRow) => string) =>
    Math.max(displayWidth(heading), ...rows.map((row) => displayWidth(cell(row))));
  const widths = fitted(
    {
      layer: widest(layerHeading, ({ layer, class: className }) => `${layer} (${className})`),
      shape: widest(shapeHeading, shapeCell),
      parameters: widest(parametersHeading, parametersCell),
      reads: widest(readsHeading, ({ connectedTo }) => connectedTo.join(", ")),
    },
    width,
  );
  const line = (layer: string, shape: string, parameters: string, reads: string) =>
    [
      padded(layer, widths.layer),
      shape.padEnd(widths.shape),
      parameters.padStart(widths.parameters),
      shortened(reads, widths.reads),
    ]
      .join(" ".repeat(GAP))
      .trimEnd();
  const lines = rows.flatMap((row) => {
    const [first = "", ...more] = wrapped(row.connectedTo, widths.reads);
    const layer = layerCell(row, widths.layer);
    return [
      line(layer, shapeCell(row), parametersCell(row), first),
      ...more.map((reads) => line("", "", "", reads)),
    ];
  });
  const rule = style.dim("─".repeat(Math.max(...lines.map(displayWidth))));
  return [style.bold(line(...HEADINGS)), rule, ...lines, rule];
}

/** What Keras prints below its table. */
export function totalLines(rows: readonly LayerRow[]): string[] {
  const sum = (kind: keyof ParameterCounts) => rows.reduce((total, row) => total + row.parameters[kind], 0);
  const line = (what: string, count: number) => `${what}: ${grouped(count)} (${sizeText(count)})`;
  return [
    line("Total params", sum("total")),
    line("Trainable params", sum("trainable")),
    line("Non-trainable params", sum("nonTrainable")),
  ];
}

const KILO = 1024;

/** Bytes that float32 parameters take, in Keras' units. */
function sizeText(parameters: number): string {
  const units = ["B", "KB", "MB", "GB"];
  let value = parameters * BYTES_PER_PARAMETER;
  let unit = 0;
  while (value >= KILO && unit < units.length - 1) {
    value /= KILO;
    unit++;
  }
  return `${value.toFixed(2)} ${units[unit]}`;
}

/** `(None, 112, 112, 32)`, as Keras writes it. */
function shapeCell({ outputShape }: LayerRow): string {
  return `(${outputShape.map((extent) => extent ?? "None").join(", ")})`;
}

const parametersCell = ({ parameters }: LayerRow) => grouped(parameters.total);

/** The name with its class; the class gives way first, as the name often says what it is. */
function layerCell({ layer, class: className }: LayerRow, width: number): string {
  const whole = `${layer} (${className})`;
  if (displayWidth(whole) <= width) return whole;
  const room = width - displayWidth(`${layer} (${ELLIPSIS})`);
  return room >= 2 ? `${layer} (${className.slice(0, room)}${ELLIPSIS})` : shortened(layer, width);
}

interface Widths {
  readonly layer: number;
  readonly shape: number;
  readonly parameters: number;
  readonly reads: number;
}

/** Widths of the columns; where they are too wide, the two columns of names share what is left. */
function fitted(natural: Widths, width: number | undefined): Widths {
  const { layer, shape, parameters, reads } = natural;
  if (width === undefined) return natural;
  const left = Math.max(2 * NARROWEST, width - shape - parameters - 3 * GAP);
  if (layer + reads <= left) return natural;
  // The layer's own column is the one that people search.
  const share = Math.max(Math.floor(0.6 * left), left - reads);
  const forLayer = Math.min(layer, share);
  return { layer: forLayer, shape, parameters, reads: Math.min(reads, left - forLayer) };
}

/** Names side by side where they fit, else one below the other. */
function wrapped(names: readonly string[], width: number): readonly string[] {
  const all = names.join(", ");
  return displayWidth(all) <= width ? [all] : names;
}

/** Leaves out the middle: names of layers differ at both ends. */
function shortened(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  const letters = Array.from(text);
  let start = letters.length >> 1;
  let end = start;
  const joined = () => letters.slice(0, start).join("") + ELLIPSIS + letters.slice(end).join("");
  while (displayWidth(joined()) > width && (start > 0 || end < letters.length)) {
    if (letters.length - end > start) end++;
    else start--;
  }
  return joined();
}

const padded = (text: string, width: number) => text + " ".repeat(Math.max(0, width - displayWidth(text)));

/** Letters of East Asia take two columns of a terminal. */
const WIDE =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe4f\uff00-\uff60\uffe0-\uffe6]/g;

function displayWidth(text: string): number {
  return text.length + (text.match(WIDE)?.length ?? 0);
}
