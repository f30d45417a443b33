// The golden set: every case that real Keras computed, on the test device.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { testDevice } from "../device.ts";
import { parseGoldenCase } from "./runner/golden_case.ts";
import { runCase } from "./runner/run_case.ts";

const FOLDER = import.meta.dirname;
const files = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .filter((path) => path.endsWith(".safetensors"))
  .sort();

const noWeightFiles = () => Promise.reject(new Error("the project's own cases have procedural weights"));

describe("golden set", () => {
  it("is complete: operators with gradients, networks, short trainings", () => {
    const kinds = files.map((path) => path.split(/[\\/]/)[0]);
    expect(kinds.filter((kind) => kind === "ops").length).toBeGreaterThanOrEqual(261);
    expect(kinds.filter((kind) => kind === "models").length).toBeGreaterThanOrEqual(34);
    expect(kinds.filter((kind) => kind === "trainings").length).toBeGreaterThanOrEqual(4);
  });

  it.for(files)("%s", async (path, context) => {
    const golden = parseGoldenCase(readFileSync(join(FOLDER, path)), path);
    const outcome = await runCase(await testDevice(), golden, noWeightFiles);
    if (outcome.status === "skipped") context.skip(outcome.message);
    expect(outcome).toMatchObject({ status: "passed" });
  });
});

describe("golden trainings in mixed precision", async () => {
  const device = await testDevice();
  const hasF16 = device.facts.features.has("shader-f16");
  const trainings = files.filter((path) => path.startsWith("trainings"));

  it.skipIf(!hasF16).each(trainings)("%s (requires shader-f16)", async (path) => {
    const golden = parseGoldenCase(readFileSync(join(FOLDER, path)), path);
    expect(await runCase(device, golden, noWeightFiles, "mixed")).toMatchObject({ status: "passed" });
  });
});
