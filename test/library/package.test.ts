// What `npm pack` packs, as plain Node, TypeScript and a bundler for browsers meet it.

import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";
import { libraryEntries } from "../../src/cli/build.mjs";
import { writeIn } from "../cli/tiny_data.ts";
import { type InstalledPackage, installPackage, ROOT, runNode } from "./installed_package.ts";

/** The names of the entries' bundles; `weft` is the top. */
const ENTRIES = Object.keys(libraryEntries());
const importedFrom = (entry: string) => (entry === "weft" ? "weft" : `weft/${entry}`);

let installed: InstalledPackage;

beforeAll(async () => {
  installed = await installPackage();
}, 300_000);

/** Runs a module of the project by plain Node. */
async function runScript(code: string): Promise<string> {
  writeIn(installed.project, "script.mjs", code);
  const { stdout, errors, code: exitCode } = await runNode(["script.mjs"], installed.project);
  expect(errors).toEqual([]);
  expect(exitCode).toBe(0);
  return stdout;
}

describe("the package", () => {
  it("holds what is built and nothing else", () => {
    const paths = readdirSync(installed.folder, { recursive: true, encoding: "utf8" })
      .map((path) => path.replaceAll("\\", "/"))
      .filter((path) => statSync(join(installed.folder, path)).isFile());
    const rest = paths.filter(
      (path) => !/^dist\/(?:chunks\/)?[\w-]+\.js$|^dist\/types\/[\w/]+\.d\.ts$/.test(path),
    );
    expect(rest.sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json", "src/cli/weft.mjs"]);
    for (const path of paths.filter((name) => name.endsWith(".js"))) {
      const lastLine = readFileSync(join(installed.folder, path), "utf8").trimEnd().split("\n").at(-1);
      expect(lastLine, path).not.toMatch(/^\/\/# sourceMappingURL=/); // the maps are not packed
    }
  });

  it("has the files that its manifest names", () => {
    const { bin, exports } = installed.manifest;
    const targets = Object.values(exports).flatMap((target) =>
      typeof target === "string" ? [target] : [target.types, target.default],
    );
    for (const path of [bin.weft, ...targets])
      expect(existsSync(join(installed.folder, path)), path).toBe(true);
    const program = join(installed.folder, bin.weft);
    expect(readFileSync(program, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
    if (process.platform !== "win32") expect(statSync(program).mode & 0o111).toBe(0o111);
  });

  it("depends on the packages that its files import, and on no others", async () => {
    const { dependencies, optionalDependencies } = installed.manifest;
    const { metafile } = await build({
      entryPoints: ["cli", ...ENTRIES].map((name) => join(installed.folder, "dist", `${name}.js`)),
      bundle: true,
      packages: "external",
      platform: "node",
      format: "esm",
      outdir: installed.project,
      metafile: true,
      write: false,
    });
    const imported = Object.values(metafile.outputs)
      .flatMap(({ imports }) => imports.filter(({ external }) => external))
      .map(({ path }) => path.match(/^(?:@[^/]+\/)?[^/]+/)?.[0] ?? path)
      .filter((name) => !isBuiltin(name));
    expect([...new Set(imported)].sort()).toEqual(Object.keys(dependencies).sort());
    expect(Object.keys(optionalDependencies)).toEqual(["@sparticuz/chromium"]); // resolved, not imported
  });

  it("gives plain Node every export, and one WeftError for all entries", async () => {
    const stdout = await runScript(`
      const names = {};
      for (const path of ${JSON.stringify(ENTRIES.map(importedFrom))}) {
        const values = Object.entries(await import(path)).filter(([, value]) => value !== undefined);
        names[path] = values.map(([name]) => name);
      }
      const [{ WeftError }, { nodeFiles }] = await Promise.all([import("weft"), import("weft/node")]);
      const isFault = await nodeFiles.readFile("/nowhere").catch((fault) => fault instanceof WeftError);
      console.log(JSON.stringify({ names, isFault }));
    `);
    const sources = await Promise.all(
      Object.entries(libraryEntries()).map(async ([entry, path]) => {
        const names = Object.keys((await import(join(ROOT, path))) as object);
        return [importedFrom(entry), names.sort()];
      }),
    );
    expect(JSON.parse(stdout)).toEqual({ names: Object.fromEntries(sources), isFault: true });
  });

  it("computes on a device of weft/node, and reads a Keras file", async () => {
    const file = join(ROOT, "test/golden/keras_files/every_kind_legacy_weights.h5");
    const stdout = await runScript(`
      import { openKerasH5 } from "weft/formats";
      import { VariableStore } from "weft/gpu";
      import { Graph, layOutPlan, Plan } from "weft/graph";
      import { Layers } from "weft/nn";
      import { nodeFiles, openDevice } from "weft/node";
      const device = await openDevice({ adapter: process.env.WEFT_TEST_ADAPTER ?? "auto" });
      const graph = new Graph();
      const layers = new Layers(graph, { training: false });
      const y = layers.reLU(graph.input("x", [1, 2, 2, 4]));
      const plan = await Plan.compile(device, layOutPlan(graph, { y }, device.facts), new VariableStore(device));
      const x = Float32Array.from({ length: 16 }, (_, i) => i - 8);
      const outputs = await plan.run({ x });
      plan.destroy();
      device.destroy();
      const path = ${JSON.stringify(file)};
      const weights = await openKerasH5(await nodeFiles.readFile(path), path);
      console.log(JSON.stringify({ y: [...outputs.y], tensors: weights.weights.length }));
      weights.close();
    `);
    const { y, tensors } = JSON.parse(stdout);
    expect(y).toEqual(Array.from({ length: 16 }, (_, i) => Math.max(0, i - 8)));
    expect(tensors).toBeGreaterThan(10);
  });

  it("reads a Keras file in a thread of its own", async () => {
    const file = join(ROOT, "test/golden/keras_files/every_kind.h5");
    const stdout = await runScript(`
      import { openWeights, WeftError } from "weft";
      import { nodeFiles, openKerasInWorker } from "weft/node";
      const path = ${JSON.stringify(file)};
      const weights = await openWeights(await nodeFiles.readFile(path), path, openKerasInWorker);
      const values = await weights.tensors[0].load();
      const damaged = (await nodeFiles.readFile(path)).subarray(0, 50_000);
      const fault = await openWeights(damaged, "f.h5", openKerasInWorker).catch((thrown) => thrown);
      const { form, tensors } = weights;
      weights.close();
      const isFault = fault instanceof WeftError;
      console.log(JSON.stringify({ form, tensors: tensors.length, isFault, isLoaded: values.length > 0 }));
    `);
    expect(JSON.parse(stdout)).toEqual({ form: "legacy-model", tensors: 36, isFault: true, isLoaded: true });
  });

  it("starts the command line without sources and without esbuild", async () => {
    const program = join(installed.folder, installed.manifest.bin.weft);
    const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    expect(await runNode([program, "--version"], installed.project)).toEqual({
      code: 0,
      stdout: `${version}\n`,
      errors: [],
    });
  });
});

const CONSUMER = `
import { BACKBONES, type GpuDevice, Model, WeftError } from "weft";
import { drawNetwork } from "weft/drawing";
import { readSafetensors } from "weft/formats";
import { VariableStore } from "weft/gpu";
import { defineOperator, type Operator } from "weft/graph";
import { splitImages } from "weft/data";
import { mobileNetV2 } from "weft/models";
import { nodeFiles, openDevice } from "weft/node";
import { addTraining } from "weft/nn";
import { conv2d } from "weft/ops";
import { fuse } from "weft/passes";
import { RunWriter } from "weft/training";
import { tune } from "weft/tune";
import { indexedDbTuningStore } from "weft/browser";

export const operator: Operator = defineOperator(conv2d);
export const parts = [drawNetwork, readSafetensors, VariableStore, splitImages, mobileNetV2, addTraining, fuse, RunWriter];
export const browser = [tune, indexedDbTuningStore];

export async function train(x: Float32Array): Promise<number | undefined> {
  const device: GpuDevice = await openDevice({ adapter: "auto" });
  const model = await Model.forTraining(device, {
    inputs: { x: { shape: [8, 2] } },
    build: (layers, inputs) => ({ loss: layers.dense(inputs.x, { units: 1 }) }),
  });
  const { loss } = await model.step({ x });
  // @ts-expect-error -- inputs are numbers: types are types and not any
  await model.step({ x: ["1", "2"] });
  // @ts-expect-error -- a path is a string
  await nodeFiles.readFile(1).catch((fault: unknown) => fault instanceof WeftError);
  return loss?.[0] ?? BACKBONES.size;
}
`;

describe("the package's types", () => {
  it.each([
    ["node16", "node16"],
    ["bundler", "esnext"],
  ])("compile with moduleResolution %s and without skipLibCheck", async (moduleResolution, module) => {
    writeIn(installed.project, "consumer.ts", CONSUMER);
    const options = { moduleResolution, module, target: "es2022", strict: true, noEmit: true };
    const lib = ["es2023", "dom"];
    const compilerOptions = { ...options, lib, types: [], skipLibCheck: false };
    writeIn(installed.project, "tsconfig.json", JSON.stringify({ compilerOptions, files: ["consumer.ts"] }));
    const compiler = join(ROOT, "node_modules/typescript/bin/tsc");
    const { code, stdout } = await runNode([compiler, "-p", "tsconfig.json"], installed.project);
    expect(stdout).toBe("");
    expect(code).toBe(0);
  });
});

describe("the package in a browser's bundle", () => {
  it("brings all it needs and nothing of Node", async () => {
    const imports = ENTRIES.filter((entry) => entry !== "node").map((entry, i) => {
      return `import * as entry${i} from "${importedFrom(entry)}";\nconsole.log(entry${i});\n`;
    });
    writeIn(installed.project, "page.js", imports.join(""));
    const { outputFiles, metafile, warnings } = await build({
      absWorkingDir: installed.project,
      entryPoints: ["page.js"],
      bundle: true,
      format: "esm",
      platform: "browser",
      outdir: "out",
      metafile: true,
      write: false,
      logLevel: "silent",
    });
    expect(warnings).toEqual([]);
    expect(Object.values(metafile.outputs).flatMap(({ imports }) => imports)).toEqual([]);
    const inputs = Object.keys(metafile.inputs);
    expect(inputs.filter((path) => !/^page\.js$|^node_modules\/weft\/dist\//.test(path))).toEqual([]);
    expect(outputFiles[0]?.text).not.toMatch(/\brequire\(\s*"|\bfrom "node:|\bimport\("node:/);
  });
});
