// `npm run bench`: bundles the bench when a source is newer, and starts it.

import { buildKerasWorker, bundle, isStale } from "../src/cli/build.mjs";

if (isStale("tools/bench.js", ["src", "shaders", "kernels-bench", "test/reference", "test/golden/runner"])) {
  await buildKerasWorker("dist/tools");
  await bundle({
    entryPoints: { bench: "kernels-bench/runner/main.ts" },
    outdir: "dist/tools",
    platform: "node",
    packages: "external",
  });
}
await import("../dist/tools/bench.js");
