// The built library: one module without Node in it, and Node's part beside it.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { buildLibrary } from "../../src/cli/build.mjs";

const DIST = join(import.meta.dirname, "../../dist");
const addressOf = (name: string) => pathToFileURL(join(DIST, name)).href;

beforeAll(async () => {
  await buildLibrary();
});

describe("dist/weft.js", () => {
  it("imports nothing", () => {
    const code = readFileSync(join(DIST, "weft.js"), "utf8");
    const imports = [...code.matchAll(/^(?:import|export)\b[^;]*?\bfrom\s*"([^"]+)"/gm)].map(
      ([, from]) => from,
    );
    expect(imports).toEqual([]);
    expect(code).not.toMatch(/\bimport\("(?!\.)|\brequire\("node:/);
  });

  it("computes in Node with what dist/node.js opens, sharing one WeftError", async () => {
    const weft: typeof import("../../src/index.ts") = await import(addressOf("weft.js"));
    const node: typeof import("../../src/platform/node/node.ts") = await import(addressOf("node.js"));
    const device = await node.openDevice({ adapter: process.env.WEFT_TEST_ADAPTER ?? "auto" });
    const graph = new weft.Graph();
    const layers = new weft.Layers(graph, { training: false });
    const y = layers.reLU(graph.input("x", [1, 2, 2, 4]));
    const plan = await weft.Plan.compile(
      device,
      weft.layOutPlan(graph, { y }, device.facts),
      new weft.VariableStore(device),
    );
    const x = Float32Array.from({ length: 16 }, (_, i) => i - 8);
    expect((await plan.run({ x })).y).toEqual(x.map((value) => Math.max(0, value)));
    plan.destroy();
    device.destroy();
    await expect(node.nodeFiles.readFile("/nowhere")).rejects.toBeInstanceOf(weft.WeftError);
  });
});
