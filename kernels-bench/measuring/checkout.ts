// Where the bench's files are at run time: it runs from the sources, from dist/tools/ and from gpu-pack/.

import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

function folderAbove(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, "kernels-bench")) && folder !== dirname(folder)) folder = dirname(folder);
  return folder;
}

/** The root of the source tree. */
export const CHECKOUT = folderAbove();
