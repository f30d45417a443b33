// Files that real Keras wrote, in every form: their lists of weights, their values, and what the network
// predicts with them. test/golden/keras_files.py wrote them. WEFT_KERAS_FILES names a folder of further
// ones, which the same script writes with --all: gigabytes, hence not here.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Group } from "h5wasm";
import { describe, expect, it } from "vitest";
import type { Shape } from "../../src/base/tensors.ts";
import { matchWeights } from "../../src/formats/weight_matching.ts";
import { openZip } from "../../src/formats/zip_archive.ts";
import { BACKBONES } from "../../src/models/backbones.ts";
import { headProbabilities, multiTaskHeads } from "../../src/models/multi_task.ts";
import { preprocess } from "../../src/ops/image/preprocess.ts";
import { fuse } from "../../src/passes/passes.ts";
import { Model, type ModelDefinition } from "../../src/training/model.ts";
import { describeBackbone } from "../../src/training/network_layers.ts";
import { type OpenWeights, openWeights, takeWeights } from "../../src/training/weights_file.ts";
import { kerasLayerOrder } from "../../src/training/weights_fit.ts";
import { testDevice } from "../device.ts";
import { proceduralWeight } from "../golden/runner/procedural_weights.ts";

/** What keras_files.py says of the files of one model. */
interface Description {
  readonly files: readonly string[];
  readonly seed: number;
  /** By `layer/weight`, auto-named layers numbered from 0. */
  readonly weights: Readonly<Record<string, Shape>>;
  readonly network?: string;
  readonly size?: number;
  readonly alpha?: number;
  /** Bytes in base 64. */
  readonly image?: string;
  readonly features?: readonly number[];
  readonly heads?: Readonly<Record<string, readonly number[]>>;
  readonly probabilities?: readonly number[];
}

function readDescription(folder: string, name: string): Description {
  return JSON.parse(readFileSync(join(folder, name), "utf8"));
}

/** The file without the names that newer versions of Keras give layers in `.weights.h5`. */
async function withoutNames(bytes: Uint8Array): Promise<Uint8Array> {
  const { ready, File } = await import("h5wasm");
  const { FS } = await ready;
  FS.writeFile("/named.h5", bytes);
  const file = new File("/named.h5", "a");
  const visit = (group: Group) => {
    for (const key of group.keys()) {
      const below = group.get(key);
      if (below === null || !("keys" in below) || typeof below.keys !== "function") continue;
      if (key === "vars" && "name" in below.attrs) below.delete_attribute("name");
      else visit(below as Group);
    }
  };
  visit(file);
  file.close();
  const changed = Uint8Array.from(FS.readFile("/named.h5"));
  FS.unlink("/named.h5");
  return changed;
}

const expectedOf = ({ weights }: Description) =>
  Object.entries(weights).map(([name, shape]) => ({ name, shape }));

/** Checks that each weight of the description is in the file with its own values, and nothing else. */
async function expectAllWeights(file: OpenWeights, description: Description): Promise<void> {
  const report = matchWeights(expectedOf(description), file.tensors);
  expect([report.missing, report.misshapen, report.leftOver]).toEqual([[], [], []]);
  const wrong: string[] = [];
  for (const { expected, found } of report.matched) {
    const { name, shape } = expected;
    const values = await found.load();
    const isWrong = proceduralWeight(name, shape, description.seed).some((value, i) => value !== values[i]);
    if (isWrong) wrong.push(`${name} is not ${found.name}`);
  }
  expect(wrong).toEqual([]);
}

/** The network of a description, without a GPU. */
function describedNetwork({ network = "", size = 0, alpha, probabilities }: Description) {
  const backbone = BACKBONES.get(network);
  if (!backbone) throw new Error(`no backbone ${network}`);
  const includeTop = probabilities !== undefined;
  const described = describeBackbone({ backbone, alpha, size, includeTop, pooling: "avg" });
  const required = described.records.flatMap(({ weights }) => weights);
  return { backbone, required, layerOrder: kerasLayerOrder(described) };
}

function definitionOf(description: Description): ModelDefinition {
  const { size = 0, alpha, heads = {}, probabilities } = description;
  const { backbone } = describedNetwork(description);
  const ownHeads = Object.entries(heads).map(([name, values]) => ({ name, classes: values.length }));
  return {
    inputs: { bytes: { shape: [1, size, size, 3], dtype: "u8" } },
    build(layers, { bytes }) {
      const image = layers.graph.applyOne(preprocess, { bytes }, { mode: backbone.preprocessing }, "image");
      const includeTop = probabilities !== undefined;
      const config = { includeTop, pooling: "avg", ...(alpha !== undefined && { alpha }) } as const;
      const features = backbone.build(layers, image, config);
      if (includeTop) return { probabilities: features };
      const predictions = headProbabilities(
        layers.graph,
        multiTaskHeads(layers, features, ownHeads, 0),
        ownHeads,
      );
      const named = predictions.map((tensor, i) => [`heads/${ownHeads[i]?.name}`, tensor] as const);
      fuse(layers.graph, [features, ...predictions]);
      return { features, ...Object.fromEntries(named) };
    },
  };
}

/** Loads the file as a training would, runs the network on the image and compares with Keras. */
async function expectSamePredictions(file: OpenWeights, description: Description): Promise<void> {
  const { required, layerOrder } = describedNetwork(description);
  const names = Object.keys(description.heads ?? {});
  const optional = expectedOf(description).filter(({ name }) =>
    names.some((head) => name.startsWith(`${head}/`)),
  );
  const { values } = await takeWeights(file, { network: "the network", required, optional, layerOrder });
  const model = await Model.forInference(await testDevice(), definitionOf(description), values);
  const outputs = await model.step({
    bytes: Uint8Array.from(Buffer.from(description.image ?? "", "base64")),
  });
  model.destroy();
  const { features, probabilities, heads = {} } = description;
  const isHeadless = values.size === required.length;
  const wanted = { features, probabilities };
  for (const [name, list] of Object.entries({
    ...wanted,
    ...(isHeadless ? {} : Object.fromEntries(Object.entries(heads).map(([head, p]) => [`heads/${head}`, p]))),
  })) {
    if (list === undefined) continue;
    const most = Math.max(...list.map(Math.abs));
    const worst = Math.max(...list.map((value, i) => Math.abs(value - (outputs[name]?.[i] ?? Number.NaN))));
    expect(worst / most, name).toBeLessThan(1e-4);
  }
}

const OWN = join(import.meta.dirname, "../golden/keras_files");

describe("every kind of layer", () => {
  const description = readDescription(OWN, "every_kind.json");

  it.each(description.files.filter((name) => !name.endsWith(".weights.h5")))("%s", async (name) => {
    const file = await openWeights(readFileSync(join(OWN, name)), name);
    await expectAllWeights(file, description);
    file.close();
  });

  it("every_kind.weights.h5: a batch norm with three variables is taken for one without scale", async () => {
    const name = "every_kind.weights.h5";
    const file = await openWeights(readFileSync(join(OWN, name)), name);
    const guessed = Object.entries(description.weights).map(([full, shape]) => {
      return [full === "no_beta/gamma" ? "no_beta/beta" : full, shape] as const;
    });
    const { matched, leftOver } = matchWeights(
      guessed.map(([full, shape]) => ({ name: full, shape })),
      file.tensors,
    );
    expect([matched.length, leftOver.length]).toEqual([guessed.length, 0]);
    file.close();
  });

  it("tells form, element types and the model's configuration", async () => {
    const facts = await Promise.all(
      description.files.map(async (name) => {
        const file = await openWeights(readFileSync(join(OWN, name)), name);
        const { form, modelConfig, tensors } = file;
        const count = tensors.find((tensor) => tensor.name.endsWith("own_normalization/count"));
        file.close();
        return [form, modelConfig?.class_name, count?.dtype, count?.shape];
      }),
    );
    expect(facts).toEqual([
      ["legacy-model", "Functional", "int64", []],
      ["weights.h5", undefined, "int64", []],
      ["keras", "Functional", "int64", []],
      ["legacy-weights", undefined, "int64", []],
    ]);
  });
});

describe("a model as the reference's: MobileNetV2 nested in a model with heads", () => {
  const description = readDescription(OWN, "mobilenet_v2_heads.json");
  const archive = () => {
    const path = join(OWN, "mobilenet_v2_heads.keras");
    return openZip(readFileSync(path), path).read("model.weights.h5");
  };

  it.each([
    ["mobilenet_v2_heads.h5", async (path: string) => readFileSync(path)],
    ["mobilenet_v2_heads.keras", async (path: string) => readFileSync(path)],
    ["the .weights.h5 of mobilenet_v2_heads.keras", async () => archive()],
  ])("%s", async (name, read) => {
    const file = await openWeights(await read(join(OWN, name)), name);
    await expectAllWeights(file, description);
    await expectSamePredictions(file, description);
    file.close();
  });

  it("a .weights.h5 without names: the backbone's layers by their order, the heads not at all", async () => {
    const file = await openWeights(await withoutNames(archive()), "nameless.weights.h5");
    expect(file.tensors.every(({ position }) => position !== undefined)).toBe(true);
    await expectSamePredictions(file, description);
    file.close();
  });
});

const MORE = process.env.WEFT_KERAS_FILES ?? "";

describe.skipIf(!existsSync(MORE))("all networks (requires WEFT_KERAS_FILES)", () => {
  const descriptions = existsSync(MORE) ? readdirSync(MORE).filter((name) => name.endsWith(".json")) : [];
  const cases = descriptions.flatMap((json) => {
    const description = readDescription(MORE, json);
    return description.files.map((name) => ({ name, description }));
  });

  it.each(cases)("$name", async ({ name, description }) => {
    const file = await openWeights(readFileSync(join(MORE, name)), name);
    await expectAllWeights(file, description);
    await expectSamePredictions(file, description);
    file.close();
  });

  const numbered = cases.filter(({ name }) => name.endsWith(".weights.h5"));
  it.each(numbered)("$name without its names", async ({ name, description }) => {
    const bytes = await withoutNames(readFileSync(join(MORE, name)));
    const file = await openWeights(bytes, name);
    const { required, layerOrder } = describedNetwork(description);
    const { values } = await takeWeights(file, { network: description.network ?? "", required, layerOrder });
    const wrong = Array.from(values).filter(([weight, found]) => {
      const shape = description.weights[weight] ?? [];
      return proceduralWeight(weight, shape, description.seed).some((value, i) => value !== found[i]);
    });
    expect(wrong.map(([weight]) => weight)).toEqual([]);
    file.close();
  });
});
