// The committed table of the kernels for GPUs is the one that their constants give.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { kernelTable } from "../../kernels-bench/kernel_table.ts";

const FILE = join(import.meta.dirname, "../../kernels-bench/gpu-kernels.md");

it("gpu-kernels.md is up to date (node kernels-bench/write_kernel_table.mjs)", () => {
  expect(readFileSync(FILE, "utf8")).toBe(kernelTable());
});
