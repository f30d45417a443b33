// The committed table of the kernels for GPUs is the one that their constants give.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { kernelTable } from "../../../kernels-bench/kernel_table/table.ts";

const FILE = join(import.meta.dirname, "../../../kernels-bench/kernel_table/gpu-kernels.md");

it("gpu-kernels.md is up to date (npm run kernel-table)", () => {
  expect(readFileSync(FILE, "utf8")).toBe(kernelTable());
});
