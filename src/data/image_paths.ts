// Which file the first column of a label file means, where its text alone does not tell: spaces around it,
// back-slashes, another Unicode form of é, `..`, the whole path, capitals on a file system that folds them.
// Two spellings of one file are one image, so this comes before rows merge.

import { WeftError } from "../base/errors.ts";
import { type FileFacts, type FileSystem, joinPath } from "../base/platform.ts";
import { isAbsolutePath, normalImagePath } from "../formats/image_path.ts";
import { concurrentMap } from "./concurrent_map.ts";

const FILES_AT_ONCE = 64;

/** The paths of images by their first columns, and what was done to find them. */
export interface ResolvedPaths {
  /** By the first column as it is in the file; relative to the data folder unless it begins at the root. */
  readonly pathOf: ReadonlyMap<string, string>;
  readonly notes: readonly string[];
}

/**
 * Finds the files that first columns mean. Of plain paths nothing is asked of the file system; where no spelling
 * names a file, the path is that of the text.
 * @param columns first columns as they are in the file
 */
export async function resolveImagePaths(
  files: FileSystem,
  folder: string,
  columns: Iterable<string>,
): Promise<ResolvedPaths> {
  const resolver = new PathResolver(files, folder);
  const pathOf = new Map<string, string>();
  for (const column of columns) pathOf.set(column, normalImagePath(column));
  const odd = [...pathOf.keys()].filter((column) => !isPlain(column));
  const found = await concurrentMap(odd, FILES_AT_ONCE, (column) => resolver.resolve(column));
  for (const [index, column] of odd.entries()) pathOf.set(column, found[index] ?? column);
  const notes = [...resolver.notes(), ...(await mergeFolded(files, folder, pathOf))];
  return { pathOf, notes };
}

/** Whether the text can mean one file only: no spaces around it, no other way to write it. */
function isPlain(column: string): boolean {
  return (
    column === column.trim() &&
    !column.includes("\\") &&
    !column.split("/").includes("..") &&
    !isAbsolutePath(column) &&
    column.normalize("NFC") === column.normalize("NFD")
  );
}

/** Whether two names are one file. File systems without inodes say 0. */
const isSameFile = (a: FileFacts | undefined, b: FileFacts | undefined) =>
  a !== undefined && b !== undefined && a.inode !== 0n && a.inode === b.inode && a.device === b.device;

/** Counts what was done, with the first case as an example. */
class Remark {
  private count = 0;
  private example = "";

  add(example: string): void {
    if (this.count++ === 0) this.example = example;
  }

  text(what: string): string[] {
    if (this.count === 0) return [];
    return [`${this.count} path${this.count === 1 ? "" : "s"} ${what}, first ${this.example}`];
  }
}

class PathResolver {
  private readonly slashed = new Remark();
  private readonly composed = new Remark();
  private readonly factsOf = new Map<string, Promise<FileFacts | undefined>>();
  private readonly foldersByForm = new Map<string, Promise<Map<string, string[]>>>();

  constructor(
    private readonly files: FileSystem,
    private readonly folder: string,
  ) {}

  notes(): string[] {
    return [
      ...this.slashed.text("with back-slashes taken for slashes, as the files are there"),
      ...this.composed.text("found under a name in another Unicode form (composed or decomposed letters)"),
    ];
  }

  async resolve(column: string): Promise<string> {
    const trimmed = column.trim();
    const texts = [column, trimmed];
    if (column.includes("\\")) texts.push(trimmed.replaceAll("\\", "/"));
    const candidates: string[] = [];
    for (const text of texts) candidates.push(await this.insideFolder(text));
    const chosen = await this.firstFile(candidates);
    if (chosen !== undefined) {
      if (chosen === 2) this.slashed.add(column.trim());
      return candidates[chosen] ?? trimmed;
    }
    for (const [index, candidate] of candidates.entries()) {
      const path = await this.inOtherForm(candidate);
      if (path === undefined) continue;
      if (index === 2) this.slashed.add(trimmed);
      this.composed.add(path);
      return path;
    }
    return candidates[1] ?? trimmed;
  }

  /** The first candidate that is a file; of later ones that are the same file, the last. */
  private async firstFile(candidates: readonly string[]): Promise<number | undefined> {
    const facts: (FileFacts | undefined)[] = [];
    for (const path of candidates) facts.push(await this.files.facts(joinPath(this.folder, path)));
    const first = facts.findIndex((found) => found !== undefined);
    if (first < 0) return undefined;
    return facts.findLastIndex((found, i) => i === first || isSameFile(found, facts[first]));
  }

  /** Facts of a folder, asked once. */
  private folderFacts(path: string): Promise<FileFacts | undefined> {
    let facts = this.factsOf.get(path);
    if (!facts) {
      facts = this.files.facts(path);
      this.factsOf.set(path, facts);
    }
    return facts;
  }

  /**
   * The normal form of a path. One that begins at the root or with `..` and leads into the data folder becomes
   * relative to it; one whose `..` follows a link, so that the file system understands it otherwise, stays as it is.
   */
  private async insideFolder(text: string): Promise<string> {
    const normal = normalImagePath(text);
    if (isAbsolutePath(normal) || normal.startsWith("..")) {
      const whole = joinPath(this.folder, normal);
      const own = await this.folderFacts(this.folder);
      for (let end = whole.lastIndexOf("/"); end > 0; end = whole.lastIndexOf("/", end - 1)) {
        if (!isSameFile(own, await this.folderFacts(whole.slice(0, end)))) continue;
        return normalImagePath(whole.slice(end + 1));
      }
      return normal;
    }
    if (!text.split("/").includes("..")) return normal;
    const literal = await this.files.facts(joinPath(this.folder, text));
    if (!literal) return normal;
    const short = await this.files.facts(joinPath(this.folder, normal));
    return isSameFile(literal, short) ? normal : text;
  }

  /** The path as the file system has it, where a part of it is there in another Unicode form only. */
  private async inOtherForm(path: string): Promise<string | undefined> {
    let found = isAbsolutePath(path) ? "" : this.folder;
    const parts: string[] = [];
    for (const part of path.split("/")) {
      const names = part === "" || part === ".." ? [part] : await this.namesLike(found, part);
      const name = names.find((other) => other === part) ?? (names.length === 1 ? names[0] : undefined);
      if (name === undefined) return undefined;
      parts.push(name);
      found = parts.length === 1 && isAbsolutePath(path) ? `${name}/` : joinPath(found, name);
    }
    return parts.join("/");
  }

  /** The names in a folder that are this one in some Unicode form; each folder is listed once. */
  private async namesLike(folder: string, name: string): Promise<readonly string[]> {
    let listed = this.foldersByForm.get(folder);
    if (!listed) {
      listed = this.listByForm(folder);
      this.foldersByForm.set(folder, listed);
    }
    return (await listed).get(name.normalize("NFC")) ?? [];
  }

  private async listByForm(folder: string): Promise<Map<string, string[]>> {
    const byForm = new Map<string, string[]>();
    const facts = await this.folderFacts(folder);
    if (!facts || facts.isRegularFile) return byForm;
    let names: readonly string[] = [];
    try {
      names = await this.files.list(folder);
    } catch (thrown) {
      if (!(thrown instanceof WeftError)) throw thrown; // it may not be listed; its files may be read all the same
    }
    for (const name of names) {
      const form = name.normalize("NFC");
      byForm.set(form, [...(byForm.get(form) ?? []), name]);
    }
    return byForm;
  }
}

/** The path without capitals, Unicode forms and the kind of slash. */
const folded = (path: string) =>
  path.normalize("NFC").toUpperCase().toLowerCase().normalize("NFC").replaceAll("\\", "/");

/** Where paths fold to the same and the file system says that they are one file, all get the first one's. */
async function mergeFolded(
  files: FileSystem,
  folder: string,
  pathOf: Map<string, string>,
): Promise<string[]> {
  const byFold = new Map<string, string[]>();
  for (const path of new Set(pathOf.values())) {
    const key = folded(path);
    const group = byFold.get(key);
    if (group) group.push(path);
    else byFold.set(key, [path]);
  }
  const firstOf = new Map<string, string>();
  const groups = [...byFold.values()].filter(({ length }) => length > 1);
  await concurrentMap(groups, FILES_AT_ONCE, async (group) => {
    const facts = await Promise.all(group.map((path) => files.facts(joinPath(folder, path))));
    for (const [i, path] of group.entries()) {
      const first = facts.findIndex((found) => isSameFile(found, facts[i]));
      if (first >= 0 && first < i) firstOf.set(path, group[first] ?? path);
    }
  });
  const remark = new Remark();
  for (const [path, first] of firstOf) remark.add(`${path} and ${first}`);
  for (const [column, path] of pathOf) pathOf.set(column, firstOf.get(path) ?? path);
  return remark.text("name a file that another path names too, as this file system folds names");
}
