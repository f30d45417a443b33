// A file system of a few files in memory.

import { WeftError } from "../../src/base/errors.ts";
import type { FileSystem } from "../../src/base/platform.ts";

/** Files by path; folders exist where a path goes through them. */
export function memoryFiles(texts: Record<string, string>): FileSystem {
  const contents = new Map(
    Object.entries(texts).map(([path, text]) => [path, new TextEncoder().encode(text)]),
  );
  const unused = () => Promise.reject(new Error("memoryFiles only reads"));
  return {
    readFile: async (path) => {
      const bytes = contents.get(path);
      if (!bytes) throw new WeftError(`${path}: no such file or folder`);
      return bytes;
    },
    exists: async (path) => [...contents.keys()].some((file) => file === path || file.startsWith(`${path}/`)),
    writeFile: unused,
    appendFile: unused,
    list: unused,
    makeFolder: unused,
    remove: unused,
  };
}
