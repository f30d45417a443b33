// Models written as Keras' files: their configurations hold together, and what is written is read back.

import { createHash } from "node:crypto";
import { afterEach, describe, expect, it, vi } from "vitest";
import { openHdf } from "../../src/formats/hdf5.ts";
import { keras3ModelConfig, writeKerasArchive } from "../../src/formats/keras_archive_writer.ts";
import { legacyModelConfig, writeKerasH5 } from "../../src/formats/keras_h5_writer.ts";
import { type KerasModel, kerasModel } from "../../src/formats/keras_model.ts";
import { openWeights } from "../../src/training/weights_file.ts";
import { modelWith, network, weights } from "./keras_layers.ts";

interface Graphed {
  readonly config: {
    readonly layers: readonly { name: string; inbound_nodes: readonly unknown[] }[];
    readonly input_layers: readonly unknown[];
    readonly output_layers: readonly unknown[];
  };
}

/** Names of the layers that a layer's call refers to, in either of Keras' forms. */
function referencesIn(node: unknown): string[] {
  if (Array.isArray(node)) {
    const isReference = typeof node[0] === "string" && node[1] === 0 && node[2] === 0;
    return isReference ? [node[0]] : node.flatMap(referencesIn);
  }
  if (typeof node !== "object" || node === null) return [];
  return Object.values(node).flatMap(referencesIn);
}

describe("the configuration", () => {
  const forms = { legacy: legacyModelConfig, "Keras 3": keras3ModelConfig };

  it.each(Object.entries(forms))("in the %s form refers to layers that are there", (_, form) => {
    const { config }: Graphed = JSON.parse(JSON.stringify(form(modelWith("caffe"))));
    const names = config.layers.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    for (const [i, { name, inbound_nodes: nodes }] of config.layers.entries()) {
      const references = nodes.flatMap(referencesIn);
      expect(nodes, name).toHaveLength(name === "image" ? 0 : 1);
      expect(references.length > 0, name).toBe(name !== "image");
      for (const reference of references) expect(names.slice(0, i), name).toContain(reference);
    }
    expect(config.input_layers).toEqual(["image", 0, 0]);
    expect(config.output_layers).toEqual([
      ["coat", 0, 0],
      ["neck", 0, 0],
    ]);
  });

  it("of one head names it without a list, as Keras does", () => {
    const { input, records } = network;
    const model = kerasModel({ input, records, outputs: records.slice(-1) }, weights, {
      name: "one",
      preprocessing: "tf",
    });
    expect(legacyModelConfig(model)).toMatchObject({ config: { output_layers: ["neck", 0, 0] } });
    expect(keras3ModelConfig(model)).toMatchObject({ config: { output_layers: ["neck", 0, 0] } });
  });
});

const joined = (pieces: readonly Uint8Array[]) => new Uint8Array(Buffer.concat(pieces));
const hashOf = (bytes: Uint8Array) => createHash("sha256").update(bytes).digest("hex");

describe("the files", () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  const writers = {
    "model.h5": writeKerasH5,
    "model.keras": async (model: KerasModel) => joined(await writeKerasArchive(model)),
  };

  it.each(Object.entries(writers))("%s gives back every weight", async (path, write) => {
    const file = await openWeights(await write(modelWith("caffe")), path);
    const found = new Map(file.tensors.map((tensor) => [tensor.name, tensor]));
    for (const { name, shape } of network.records.flatMap((record) => record.weights)) {
      expect(found.get(name)?.shape, name).toEqual(shape);
      const isCount = name.endsWith("/count");
      const wanted = weights.get(name)?.map((value) => (isCount ? Math.round(value) : value));
      expect(found.get(name)?.load(), name).toEqual(wanted);
    }
    const extra = [...found.keys()].filter((name) => !weights.has(name));
    expect(extra.sort()).toEqual(["preprocessing/bias", "preprocessing/kernel"]);
    file.close();
  });

  it.each(Object.entries(writers))("%s is the same bytes at any time", async (_, write) => {
    const first = await write(modelWith("tf"));
    vi.useFakeTimers({ toFake: ["Date"], now: new Date("2031-05-06T07:08:09Z") });
    const second = await write(modelWith("tf"));
    expect(hashOf(second)).toBe(hashOf(first));
    expect(new Date().getUTCFullYear()).toBe(2031);
  });

  it("h5 names its version and its model", async () => {
    const session = await openHdf(await writeKerasH5(modelWith("tf")), "model.h5");
    const { attrs } = session.file;
    expect(attrs.keras_version?.value).toMatch(/^3\.\d+\.\d+$/);
    expect(attrs.backend?.value).toBe("tensorflow");
    expect(JSON.parse(String(attrs.model_config?.value))).toEqual(
      JSON.parse(JSON.stringify(legacyModelConfig(modelWith("tf")))),
    );
    session.close();
  });
});
