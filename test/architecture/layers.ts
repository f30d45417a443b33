// The order of folders, read from a table in Markdown: a row's folders import from those of the rows above it alone.

import type { Import } from "./imports.ts";

/** Folders (with a slash at the end) and files that stand in one row, and so know nothing of each other. */
export type Layer = readonly string[];

const FIRST_CELL = /^\|\s*((?:`[^`|]+`[, ]*)+)\|/;

/**
 * The rows of the table below a heading, from top to bottom.
 * @param base what the table's paths are below: "" or a folder with a slash
 * @throws Error where there is no such heading, or no such table
 */
export function layersOf(markdown: string, heading: string, base = ""): Layer[] {
  const lines = markdown.split("\n");
  const start = lines.indexOf(heading);
  if (start < 0) throw new Error(`no heading "${heading}"`);
  const end = lines.findIndex((line, i) => i > start && line.startsWith("#"));
  const layers = lines.slice(start, end < 0 ? undefined : end).flatMap((line) => {
    const cell = FIRST_CELL.exec(line)?.[1];
    return cell === undefined ? [] : [[...cell.matchAll(/`([^`]+)`/g)].map(([, path]) => `${base}${path}`)];
  });
  if (layers.length === 0) throw new Error(`no table of folders below "${heading}"`);
  return layers;
}

/** The longest path of the table that a file lies in, and its row; undefined where no row has it. */
function placeOf(path: string, layers: readonly Layer[]): { folder: string; row: number } | undefined {
  const places = layers.flatMap((layer, row) => layer.map((folder) => ({ folder, row })));
  return places
    .filter(({ folder }) => (folder.endsWith("/") ? path.startsWith(folder) : path === folder))
    .sort((a, b) => b.folder.length - a.folder.length)[0];
}

/** A line for every import that goes down the table or sideways, and for every file that no row has. */
export function layerFaults(imports: readonly Import[], layers: readonly Layer[]): string[] {
  const faults = imports.flatMap(({ from, to }) => {
    const [source, target] = [placeOf(from, layers), placeOf(to, layers)];
    if (!source) return [`${from} is in no row of the table`];
    if (!target) return [`${from} imports ${to}, which is in no row of the table`];
    if (source.folder === target.folder || target.row < source.row) return [];
    const where = target.row === source.row ? "beside it in one row" : "below it";
    return [`${from} imports ${to}: ${target.folder} stands ${where}, not above ${source.folder}`];
  });
  return [...new Set(faults)];
}
