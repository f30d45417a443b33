// A file system of a few files in memory.

import { createHash } from "node:crypto";
import { WeftError } from "../../src/base/errors.ts";
import type { FileContent, FileSystem } from "../../src/base/platform.ts";

/** Where relative paths begin. */
export const MEMORY_ROOT = "/memory";

export interface MemoryOptions {
  /** Capitals and Unicode forms of names do not matter, as on macOS and Windows. */
  readonly foldsNames?: boolean;
}

function bytesOf(content: FileContent): Uint8Array {
  if (typeof content === "string") return new TextEncoder().encode(content);
  if (content instanceof Uint8Array) return content;
  return Uint8Array.from(content.flatMap((piece) => [...piece]));
}

/** The path relative to the root, without `.`, `//` and `..`. */
function plain(path: string): string {
  const parts: string[] = [];
  for (const part of path.replace(`${MEMORY_ROOT}/`, "").split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "." && part !== "") parts.push(part);
  }
  return parts.join("/");
}

/** Files by path; folders exist where a path goes through them. */
export function memoryFiles(
  given: Record<string, string | Uint8Array>,
  { foldsNames = false }: MemoryOptions = {},
): FileSystem {
  const contents = new Map(Object.entries(given).map(([path, content]) => [path, bytesOf(content)]));
  const inodes = new Map<string, bigint>();
  const key = (path: string) => {
    const name = plain(path);
    return foldsNames ? name.normalize("NFD").toLowerCase() : name;
  };
  const isIn = (folder: string, path: string) => key(path).startsWith(`${key(folder)}/`);
  const contentOf = (path: string) => [...contents].find(([name]) => key(name) === key(path))?.[1];
  const exists = (path: string) => [...contents.keys()].some((n) => key(n) === key(path) || isIn(path, n));
  const read = (path: string) => {
    const bytes = contentOf(path);
    if (!bytes) throw new WeftError(`${path}: no such file or folder`);
    return bytes;
  };
  return {
    readFile: async (path) => read(path),
    readPart: async (path, start, bytes) => read(path).subarray(start, start + bytes),
    sha256: async (path) => createHash("sha256").update(read(path)).digest("hex"),
    exists: async (path) => exists(path),
    facts: async (path) => {
      if (!exists(path)) return undefined;
      const content = contentOf(path);
      const inode = inodes.get(key(path)) ?? BigInt(inodes.size + 1);
      inodes.set(key(path), inode);
      const isRegularFile = content !== undefined;
      return { bytes: content?.byteLength ?? 0, modifiedMs: 0, isRegularFile, device: 1n, inode };
    },
    writeFile: async (path, content) => {
      contents.set(path, bytesOf(content));
    },
    appendFile: async (path, text) => {
      contents.set(path, Uint8Array.from([...(contentOf(path) ?? []), ...bytesOf(text)]));
    },
    list: async (folder) => {
      if (!exists(folder)) throw new WeftError(`${folder}: no such file or folder`);
      const below = [...contents.keys()].map(plain).filter((path) => isIn(folder, path));
      return [
        ...new Set(below.map((path) => path.slice(plain(folder).length + 1).split("/")[0] ?? "")),
      ].sort();
    },
    makeFolder: async () => {},
    remove: async (path) => {
      for (const file of [...contents.keys()]) {
        if (key(file) === key(path) || isIn(path, file)) contents.delete(file);
      }
    },
  };
}
