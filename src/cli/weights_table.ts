// A weights file as people and as programs read it: its tensors, and how they fit a network.

import { elementCount } from "../base/tensors.ts";
import { faultOfVariance, type WeightReport } from "../formats/weight_matching.ts";
import type { OfferedTensor } from "../training/weights_file.ts";
import { counted, escapeName, grouped, type Style } from "./terminal.ts";

const INDENT = "  ";
const DIGITS = 4;

/** Where a weight of the network or a tensor of the file is. */
export type FitStatus = "matched" | "missing" | "left over" | "another shape";

/** A weight of the network and the file's tensor for it; one of them may be lacking. */
export interface FitRow {
  readonly status: FitStatus;
  readonly weight: string | undefined;
  readonly shape: readonly number[] | undefined;
  readonly tensor: string | undefined;
  readonly tensorShape: readonly number[] | undefined;
}

/** The finite elements of a tensor and how many are not. */
export interface ValueRange {
  /** Undefined where nothing is finite. */
  readonly min: number | undefined;
  readonly max: number | undefined;
  readonly notFinite: number;
}

function rangeOf(values: Float32Array): ValueRange {
  let min = Number.POSITIVE_INFINITY;
  let max = Number.NEGATIVE_INFINITY;
  let notFinite = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? 0;
    if (!Number.isFinite(value)) notFinite++;
    else {
      if (value < min) min = value;
      if (value > max) max = value;
    }
  }
  return min > max ? { min: undefined, max: undefined, notFinite } : { min, max, notFinite };
}

const shapeText = (shape: readonly number[] | undefined) => {
  if (shape === undefined) return "";
  return shape.length === 0 ? "scalar" : shape.join(" x ");
};

const valueText = (value: number | undefined) =>
  value === undefined ? "-" : String(Number(value.toPrecision(DIGITS)));

/** Aligned columns; `right` has the numbers of those that end in line. */
function align(rows: readonly (readonly string[])[], right: readonly number[]): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  return rows.map((row) => {
    const cells = row.map((cell, column) => {
      const width = widths[column] ?? 0;
      return right.includes(column) ? cell.padStart(width) : cell.padEnd(width);
    });
    return `${INDENT}${cells.join(INDENT)}`.trimEnd();
  });
}

/** A tensor and what its elements are like. */
export interface TensorRow extends Omit<OfferedTensor, "load"> {
  readonly range: ValueRange;
  /** Why no network can use it, beside elements that are not finite. */
  readonly fault: string | undefined;
}

/** Looks at tensors, one after the other. */
export async function tensorRows(tensors: readonly OfferedTensor[]): Promise<TensorRow[]> {
  const rows: TensorRow[] = [];
  for (const tensor of tensors) {
    const values = await tensor.load();
    rows.push({ ...tensor, range: rangeOf(values), fault: faultOfVariance(values, tensor) });
  }
  return rows;
}

/** The table of a file's tensors with their totals. */
export function tensorTable(tensors: readonly TensorRow[], { bold, dim, red }: Style): string {
  const faulty = tensors.reduce((sum, { range }) => sum + range.notFinite, 0);
  const faultText = ({ range, fault }: TensorRow) => {
    if (range.notFinite > 0) return `${grouped(range.notFinite)} not finite`;
    return fault === undefined ? "" : "negative";
  };
  const rows = tensors.map((tensor) => [
    escapeName(tensor.name),
    shapeText(tensor.shape),
    tensor.dtype,
    grouped(elementCount(tensor.shape)),
    valueText(tensor.range.min),
    valueText(tensor.range.max),
    faultText(tensor),
  ]);
  const [head = "", ...lines] = align(
    [["tensor", "shape", "type", "parameters", "min", "max"], ...rows],
    [3, 4, 5],
  );
  const painted = lines.map((line, i) => (rows[i]?.at(-1) === "" ? line : red(line)));
  const layers = new Set(tensors.map(({ layer }) => layer)).size;
  const parameters = tensors.reduce((sum, { shape }) => sum + elementCount(shape), 0);
  const total = `${counted(tensors.length, "tensor")} of ${counted(layers, "layer")}, ${counted(parameters, "parameter")}`;
  const faults = faulty > 0 ? red(`, ${grouped(faulty)} of them not finite`) : "";
  return [dim(head), ...painted, "", INDENT + bold(total) + faults].join("\n");
}

/** A tensor for programs; `min` and `max` are of its finite elements, null where it has none. */
export function tensorLine({ name, layer, weight, shape, dtype, range }: TensorRow): string {
  const { min = null, max = null, notFinite } = range;
  return JSON.stringify({
    tensor: name,
    layer,
    weight,
    shape,
    dtype,
    parameters: elementCount(shape),
    min,
    max,
    notFinite,
  });
}

/** The network's weights in its order, then what is left over of the file. */
export function fitRows(report: WeightReport, expected: readonly { readonly name: string }[]): FitRow[] {
  const rows = new Map<string, FitRow>();
  for (const status of ["matched", "another shape"] as const) {
    for (const { expected: weight, found } of status === "matched" ? report.matched : report.misshapen) {
      rows.set(weight.name, {
        status,
        weight: weight.name,
        shape: weight.shape,
        tensor: found.name,
        tensorShape: found.shape,
      });
    }
  }
  for (const { name, shape } of report.missing) {
    rows.set(name, { status: "missing", weight: name, shape, tensor: undefined, tensorShape: undefined });
  }
  const leftOver = report.leftOver.map(({ name, shape }): FitRow => {
    return { status: "left over", weight: undefined, shape: undefined, tensor: name, tensorShape: shape };
  });
  return [...expected.flatMap(({ name }) => rows.get(name) ?? []), ...leftOver];
}

/** The table of a fit, and its counts. */
export function fitTable(rows: readonly FitRow[], { bold, dim, green, yellow, red }: Style): string {
  const paints = { matched: green, missing: red, "left over": yellow, "another shape": red };
  const cells = rows.map(({ status, weight = "", shape, tensor = "", tensorShape }) => [
    status,
    weight,
    shapeText(shape),
    tensor === weight ? "" : escapeName(tensor),
    status === "matched" ? "" : shapeText(tensorShape),
  ]);
  const [head = "", ...lines] = align(
    [["", "weight", "shape", "in the file as", "shape there"], ...cells],
    [],
  );
  const painted = lines.map((line, i) => {
    const status = rows[i]?.status ?? "matched";
    return line.replace(status, paints[status](status));
  });
  const count = (status: FitStatus) =>
    `${grouped(rows.filter((row) => row.status === status).length)} ${status}`;
  const counts = `${count("matched")}, ${count("missing")}, ${count("left over")}, ${count("another shape").replace("another", "of another")}`;
  return [dim(head), ...painted, "", INDENT + bold(counts)].join("\n");
}

/** A row for programs: absent sides are null. */
export function fitLine({ status, weight, shape, tensor, tensorShape }: FitRow): string {
  const known = { weight: weight ?? null, shape: shape ?? null };
  return JSON.stringify({ status, ...known, tensor: tensor ?? null, tensorShape: tensorShape ?? null });
}
