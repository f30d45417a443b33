// Who imports whom, read from the sources: statements of every form, those that import types alone included.

import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";

export interface Import {
  /** Paths from the root, with slashes. */
  readonly from: string;
  readonly to: string;
}

const SOURCE = /\.(ts|mts|mjs)$/;
const LEFT_OUT = /(^|\/)node_modules\//;
/** `… from "./x.ts"` at the end of an import or export, `import "./x.ts"`, `import("./x.ts")`, typeof import as well. */
const RELATIVE_IMPORT =
  /^\s*(?:import|export)\b[^;"'`]*?\bfrom\s*"(\.[^"]+)"|^\s*import\s*"(\.[^"]+)"|\bimport\(\s*"(\.[^"]+)"\s*\)/gm;

/** Every relative import of a text. @param path the text's, from the root */
export function importsOfText(path: string, text: string): Import[] {
  return [...text.matchAll(RELATIVE_IMPORT)].map(([, ...targets]) => {
    const target = targets.find((found) => found !== undefined) ?? "";
    return { from: path, to: posix.join(posix.dirname(path), target) };
  });
}

/** Every relative import of the sources below some folders. @param root their parent */
export function importsBelow(root: string, folders: readonly string[]): Import[] {
  return folders.flatMap((folder) => {
    const names = readdirSync(posix.join(root, folder), { recursive: true, encoding: "utf8" });
    const paths = names.map((name) => posix.join(folder, name.replaceAll("\\", "/")));
    return paths
      .filter((path) => SOURCE.test(path) && !LEFT_OUT.test(path))
      .flatMap((path) => importsOfText(path, readFileSync(posix.join(root, path), "utf8")));
  });
}

/** Groups of files that import one another in a circle, each sorted by name (Tarjan 1972). */
export function importCycles(imports: readonly Import[]): string[][] {
  const targets = new Map<string, string[]>();
  for (const { from, to } of imports) targets.set(from, [...(targets.get(from) ?? []), to]);
  const order = new Map<string, number>();
  const open: string[] = [];
  const cycles: string[][] = [];
  /** Returns the earliest open file that the file reaches, by its place in the order of visits. */
  const visit = (file: string): number => {
    const place = order.size;
    order.set(file, place);
    open.push(file);
    let earliest = place;
    for (const target of targets.get(file) ?? []) {
      if (!order.has(target)) earliest = Math.min(earliest, visit(target));
      else if (open.includes(target)) earliest = Math.min(earliest, order.get(target) ?? place);
    }
    if (earliest === place) {
      const group = open.splice(open.indexOf(file));
      if (group.length > 1 || targets.get(file)?.includes(file)) cycles.push(group.sort());
    }
    return earliest;
  };
  for (const file of targets.keys()) if (!order.has(file)) visit(file);
  return cycles;
}
