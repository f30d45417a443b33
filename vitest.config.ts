import { defineConfig } from "vitest/config";
import { SummaryReporter } from "./test/summary_reporter.ts";

/** Imports .wgsl and .wesl files as text, as esbuild's text loader does in the bundle. */
const shadersAsText = {
  name: "shaders-as-text",
  transform(code: string, id: string) {
    return /\.(wgsl|wesl)$/.test(id) ? `export default ${JSON.stringify(code)};` : undefined;
  },
};

// One process and no isolation: a software adapter uses every core by itself, and an engine that is
// opened once keeps its compiled pipelines for all test files.
export default defineConfig({
  plugins: [shadersAsText],
  test: {
    include: ["test/**/*.test.ts"],
    reporters: ["default", new SummaryReporter()],
    pool: "forks",
    maxWorkers: 1,
    isolate: false,
    fileParallelism: false,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
