// Writes gpu-kernels.md: `npm run kernel-table`.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const folder = dirname(fileURLToPath(import.meta.url));
const scratch = await mkdtemp(join(folder, ".kernel_table-"));
try {
  const outfile = join(scratch, "kernel_table.mjs");
  await build({
    entryPoints: [join(folder, "table.ts")],
    outfile,
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
    loader: { ".wgsl": "text", ".wesl": "text" },
    logLevel: "warning",
  });
  const { kernelTable } = await import(pathToFileURL(outfile).href);
  await writeFile(join(folder, "gpu-kernels.md"), kernelTable());
} finally {
  await rm(scratch, { recursive: true });
}
