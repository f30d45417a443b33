// What an entry of the library exports, and the doc comment of each name, read from the sources. Biome's format is relied
// on: a declaration begins a line, and its comment ends on the line before it.

import { readFileSync } from "node:fs";
import { posix } from "node:path";

export interface ExportedName {
  readonly name: string;
  /** The file that declares it, from the root; undefined where no declaration was found. */
  readonly declaredIn: string | undefined;
  /** The text of the comment in front of the declaration; undefined where there is none. */
  readonly comment: string | undefined;
}

/** Reads a file by its path from the root. */
export type ReadSource = (path: string) => string;

export function readBelow(root: string): ReadSource {
  return (path) => readFileSync(posix.join(root, path), "utf8");
}

const EXPORT_LIST = /^export\s+(?:type\s+)?\{([^}]*)\}\s+from\s+"(\.[^"]+)";/gm;
const EXPORT_ALL = /^export\s+\*/m;
/** A declaration, or one that takes an object apart: `export const { operator: relu, gradient: reluGradient } = …`. */
const DECLARATION =
  /^export (?:declare )?(?:abstract )?(?:async )?(?:(?:function\*?|class|interface|type|enum|const|let) (\w+)|const \{([^}]*)\})/gm;
const DOC_COMMENT = /\/\*\*(?:(?!\*\/)[\s\S])*\*\/\n$/;

/** The names of `a, type b, c as d`, each as it is known inside and outside. */
function namesOf(list: string): { readonly inside: string; readonly outside: string }[] {
  const items = list.split(",").map((item) => item.replace(/^\s*type\s/, "").trim());
  return items.filter(Boolean).map((item) => {
    const [inside = "", outside = inside] = item.split(/\s+as\s+/);
    return { inside, outside };
  });
}

/** The names that `{ a, b: c }` declares: a and c. */
function namesTakenApart(pattern: string): string[] {
  return pattern.split(",").map((item) => (item.split(":")[1] ?? item).trim());
}

/** What a file declares and exports. */
function declarationsOf(path: string, text: string): ExportedName[] {
  return [...text.matchAll(DECLARATION)].flatMap(({ 1: single, 2: pattern, index }) => {
    const comment = DOC_COMMENT.exec(text.slice(0, index))?.[0];
    const names = single === undefined ? namesTakenApart(pattern ?? "") : [single];
    return names.map((name) => ({ name, declaredIn: path, comment }));
  });
}

/**
 * All that a file exports. Lists of other files' names are followed to the declarations.
 * @throws Error for `export *`, which hides from the reader what there is
 */
export function exportsOf(path: string, read: ReadSource): ExportedName[] {
  const text = read(path);
  if (EXPORT_ALL.test(text)) throw new Error(`${path}: export * hides what is exported; name it`);
  const handedOn = [...text.matchAll(EXPORT_LIST)].flatMap(([, list = "", target = ""]) => {
    const source = posix.join(posix.dirname(path), target);
    const there = exportsOf(source, read);
    return namesOf(list).map(({ inside, outside }) => {
      const found = there.find(({ name }) => name === inside);
      return { name: outside, declaredIn: found?.declaredIn, comment: found?.comment };
    });
  });
  return [...declarationsOf(path, text), ...handedOn];
}
