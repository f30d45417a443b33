// `npm run golden -- FOLDER`: bundles the runner and its page for browsers when a source is newer, and starts it.

import { buildKerasWorker, bundle, isStale } from "../../src/cli/build.mjs";

if (isStale("tools/golden.js", ["src", "shaders", "test/golden/runner"])) {
  await buildKerasWorker("dist/tools");
  await bundle({
    entryPoints: { golden_page: "test/golden/runner/page.ts" },
    outdir: "dist/tools",
    platform: "browser",
    mainFields: ["module", "main"],
  });
  await bundle({
    entryPoints: { golden: "test/golden/runner/main.ts" },
    outdir: "dist/tools",
    platform: "node",
    packages: "external",
  });
}
await import("../../dist/tools/golden.js");
