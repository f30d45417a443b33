// A file system of a few files in memory.

import { WeftError } from "../../src/base/errors.ts";
import type { FileContent, FileSystem } from "../../src/base/platform.ts";

function bytesOf(content: FileContent): Uint8Array {
  if (typeof content === "string") return new TextEncoder().encode(content);
  if (content instanceof Uint8Array) return content;
  return Uint8Array.from(content.flatMap((piece) => [...piece]));
}

/** Files by path; folders exist where a path goes through them. */
export function memoryFiles(given: Record<string, string | Uint8Array>): FileSystem {
  const contents = new Map(Object.entries(given).map(([path, content]) => [path, bytesOf(content)]));
  return {
    readFile: async (path) => {
      const bytes = contents.get(path);
      if (!bytes) throw new WeftError(`${path}: no such file or folder`);
      return bytes;
    },
    exists: async (path) => [...contents.keys()].some((file) => file === path || file.startsWith(`${path}/`)),
    facts: async (path) => {
      const names = [...contents.keys()];
      const index = names.findIndex((file) => file === path || file.startsWith(`${path}/`));
      if (index < 0) return undefined;
      const content = contents.get(path);
      const isRegularFile = content !== undefined;
      const inode = isRegularFile ? BigInt(names.indexOf(path) + 1) : 0n;
      return { bytes: content?.byteLength ?? 0, modifiedMs: 0, isRegularFile, device: 1n, inode };
    },
    writeFile: async (path, content) => {
      contents.set(path, bytesOf(content));
    },
    appendFile: async (path, text) => {
      contents.set(path, Uint8Array.from([...(contents.get(path) ?? []), ...bytesOf(text)]));
    },
    list: async (folder) => {
      const below = [...contents.keys()].filter((path) => path.startsWith(`${folder}/`));
      return [...new Set(below.map((path) => path.slice(folder.length + 1).split("/")[0] ?? ""))].sort();
    },
    makeFolder: async () => {},
    remove: async (path) => {
      for (const file of [...contents.keys()]) {
        if (file === path || file.startsWith(`${path}/`)) contents.delete(file);
      }
    },
  };
}
