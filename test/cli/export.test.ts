// `weft export` on a run of procedural weights: files that read back, and faults as one line.

import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Command } from "commander";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { exportCommand } from "../../src/cli/export.ts";
import { openHdf } from "../../src/formats/hdf5.ts";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { openZip } from "../../src/formats/zip_archive.ts";
import { nodeFiles } from "../../src/platform/node/files.ts";
import { networkName, networkWeights } from "../../src/training/network.ts";
import { type RunConfig, writeRun as writeRunFolder } from "../../src/training/run_folder.ts";
import { loadExactWeights, loadWeights } from "../../src/training/weights_file.ts";
import { proceduralWeight } from "../golden/runner/procedural_weights.ts";
import { smallRunConfig } from "../training/run_config.ts";
import { temporaryFolder, writeIn } from "./tiny_data.ts";

const config = smallRunConfig({ second: "sleeve length", training: { dropout: 0.25 } });
const { network } = config;
const specs = networkWeights(network);
const values = new Map(
  [...specs.backbone, ...specs.heads].map(({ name, shape }) => [name, proceduralWeight(name, shape, 7)]),
);

let folder: string;
let run: string;

const writeRun = (path: string, of: RunConfig) => writeRunFolder(nodeFiles, path, of, values);

beforeAll(async () => {
  folder = temporaryFolder();
  run = join(folder, "run");
  await writeRun(run, config);
});

afterEach(() => {
  vi.restoreAllMocks();
});

/** Runs the command in this process and returns what it said on stderr. */
async function exported(...args: string[]): Promise<string> {
  let said = "";
  vi.spyOn(process.stderr, "write").mockImplementation((text) => {
    said += String(text);
    return true;
  });
  const command = exportCommand();
  command.exitOverride();
  const weft = new Command("weft").addCommand(command);
  await weft.parseAsync(["export", ...args], { from: "user" });
  return said;
}

const bytesOf = (path: string) => new Uint8Array(readFileSync(path));

/** The names of the layers in a Keras file's configuration. */
interface SavedConfig {
  readonly config: {
    readonly name: string;
    readonly layers: readonly {
      readonly class_name: string;
      readonly name: string;
      readonly config: Readonly<Record<string, unknown>>;
    }[];
    readonly output_layers: readonly unknown[];
  };
}

async function configOfH5(path: string): Promise<SavedConfig> {
  const { file, close } = await openHdf(bytesOf(path), path);
  const text = String(file.attrs.model_config?.value);
  close();
  return JSON.parse(text);
}

describe("weft export", () => {
  it.each(["h5", "keras"])(
    "writes a model as %s, from which weft takes the weights again",
    async (format) => {
      const path = join(folder, `out.${format}`);
      const said = await exported("--model", run, "--format", format, "--out", path);
      expect(said).toContain(`MB written to ${path}`);
      expect(said).toContain("images [N,32,32,3], RGB from 0 to 255");
      expect(said).toContain("colour [N,3], sleeve_length [N,2]");
      expect(said).toContain("the head sleeve length is called sleeve_length there");
      expect(said).toContain(`keras.models.load_model(${JSON.stringify(path)}, compile=False)`);
      const required = specs.backbone;
      const optional = specs.heads.filter(({ layer }) => layer === "colour");
      const taken = await loadWeights(nodeFiles, path, { network: networkName(network), required, optional });
      for (const { name } of [...required, ...optional])
        expect(taken.values.get(name), name).toEqual(values.get(name));
      expect(taken.report.leftOver.map(({ name }) => name).sort()).toEqual([
        "sleeve_length/bias",
        "sleeve_length/kernel",
      ]);
    },
  );

  it("puts preprocessing and heads into the model", async () => {
    const path = join(folder, "whole.h5");
    await exported("--model", run, "--out", path);
    const { config: model } = await configOfH5(path);
    expect(model.name).toBe("MobileNetV2");
    const first = model.layers.slice(0, 2).map(({ class_name: kind, name }) => [kind, name]);
    expect(first).toEqual([
      ["InputLayer", "image"],
      ["Rescaling", "preprocessing"],
    ]);
    expect(model.layers[1]?.config).toMatchObject({ scale: 1 / 127.5, offset: -1 });
    const last = model.layers.slice(-3).map(({ class_name: kind, name, config: own }) => {
      return [kind, name, own.rate ?? own.activation];
    });
    expect(last).toEqual([
      ["Dropout", "dropout", 0.25],
      ["Dense", "colour", "softmax"],
      ["Dense", "sleeve_length", "softmax"],
    ]);
    expect(model.output_layers).toEqual([
      ["colour", 0, 0],
      ["sleeve_length", 0, 0],
    ]);
  });

  it("leaves preprocessing out where asked", async () => {
    const path = join(folder, "bare.h5");
    const said = await exported("--model", run, "--out", path, "--no-preprocessing");
    expect(said).toContain("images [N,32,32,3], RGB / 127.5 - 1");
    const { config: model } = await configOfH5(path);
    expect(model.layers.map(({ name }) => name)).not.toContain("preprocessing");
  });

  it("marks a backbone as untrained where the run froze it", async () => {
    const frozen = join(folder, "frozen");
    await writeRun(frozen, { ...config, training: { ...config.training, freeze: "backbone" } });
    const path = join(folder, "frozen.h5");
    await exported("--model", frozen, "--out", path);
    const { config: model } = await configOfH5(path);
    const trained = model.layers.filter(({ config: own }) => own.trainable === true).map(({ name }) => name);
    expect(trained).toEqual(["preprocessing", "dropout", "colour", "sleeve_length"]);
  });

  it("stores a .keras archive's three files as they are", async () => {
    const path = join(folder, "stored.keras");
    await exported("--model", run, "--out", path);
    const bytes = bytesOf(path);
    const archive = openZip(bytes, path);
    expect(archive.names).toEqual(["metadata.json", "config.json", "model.weights.h5"]);
    const metadata = JSON.parse(new TextDecoder().decode(archive.read("metadata.json")));
    expect(metadata).toEqual({ keras_version: "3.15.1", date_saved: "2000-01-01@00:00:00" });
    expect(archive.read("model.weights.h5").buffer).toBe(bytes.buffer);
  });

  it("writes safetensors that say what they are of", async () => {
    const path = join(folder, "weights.safetensors");
    const said = await exported("--model", run, "--format", "safetensors", "--out", path);
    expect(said).toContain(`safetensors.numpy.load_file(${JSON.stringify(path)})`);
    expect(said).not.toContain("takes");
    const { metadata, tensors } = readSafetensors(bytesOf(path), path);
    expect(metadata).toEqual({
      backbone: "MobileNetV2",
      alpha: "0.35",
      size: "32",
      heads: JSON.stringify([
        { name: "colour", classes: 3 },
        { name: "sleeve length", classes: 2 },
      ]),
    });
    expect([...tensors.keys()]).toEqual([...values.keys()]);
    const wanted = [...specs.backbone, ...specs.heads];
    const read = await loadExactWeights(nodeFiles, path, wanted, networkName(network));
    for (const [name, value] of values) expect(read.get(name), name).toEqual(value);
  });

  it("writes ONNX with the heads' own names", async () => {
    const path = join(folder, "out.onnx");
    const said = await exported("--model", run, "--out", path);
    expect(said).toContain("colour [N,3], sleeve length [N,2]");
    expect(said).toContain(`onnxruntime.InferenceSession(${JSON.stringify(path)})`);
    const strings = readFileSync(path, "latin1");
    for (const text of ["colour", "sleeve length", "MobileNetV2"]) expect(strings).toContain(text);
  });

  it("goes to model.h5 in the run's folder where nothing else is said", async () => {
    await exported("--model", run);
    expect(existsSync(join(run, "model.h5"))).toBe(true);
    await exported("--model", run, "--format", "keras");
    expect(readdirSync(run)).toContain("model.keras");
  });

  it("replaces what was there, by the same bytes each time", async () => {
    const path = join(folder, "again.keras");
    writeIn(folder, "again.keras", "something else");
    await exported("--model", run, "--out", path);
    const first = readFileSync(path);
    await exported("--model", run, "--out", path);
    expect(Buffer.compare(first, readFileSync(path))).toBe(0);
    expect(readdirSync(folder).filter((name) => name.includes("partial"))).toEqual([]);
  });
});

describe("weft export refuses", () => {
  const refusal = (...args: string[]) =>
    exported(...args).then(
      () => "nothing",
      (fault: unknown) => (fault instanceof Error ? fault.message : String(fault)),
    );

  it("a run that is not named, or is none", async () => {
    expect(await refusal()).toBe("--model is missing; expected the output folder of a training");
    const none = join(folder, "none");
    const fault = `${none}: no such folder; expected the output folder of a training`;
    expect(await refusal("--model", none)).toBe(fault);
    expect(await refusal("--model", none, "--out", join(folder, "x.h5"))).toBe(fault);
  });

  it("formats and endings that it does not know", async () => {
    expect(await refusal("--model", run, "--format", "pickle")).toMatch(
      /^--format expects h5, keras, .*safetensors, received "pickle"$/,
    );
    expect(await refusal("--model", run, "--out", "model.pt")).toMatch(
      /^--out expects a file name that ends in \.h5, \.keras, .*\.safetensors, received "model\.pt"$/,
    );
    expect(await refusal("--model", run, "--format", "h5", "--out", "model.keras")).toBe(
      '--format h5 writes files that end in .h5, received --out "model.keras"',
    );
    expect(await refusal("--model", run, "--format", "keras", "--out", "model")).toBe(
      '--out expects a file name that ends in .keras, received "model"',
    );
    expect(await refusal("--model", run, "--out", "model.H5")).toMatch(/received "model\.H5"$/);
    expect(await refusal("--model", run, "--out", "model.weights.h5")).toMatch(
      /^--out model\.weights\.h5: to Keras .* leave "\.weights" out$/,
    );
  });

  it("a folder that is not there", async () => {
    const path = join(folder, "nowhere", "model.h5");
    expect(await refusal("--model", run, "--out", path)).toBe(
      `${path}: there is no folder ${join(folder, "nowhere")}; make it first`,
    );
    expect(existsSync(join(folder, "nowhere"))).toBe(false);
  });

  it("a folder in place of a file", async () => {
    const path = join(folder, "folder.h5");
    mkdirSync(path);
    expect(await refusal("--model", run, "--out", path)).toMatch(
      /^.*folder\.h5: is a folder; expected a file$/,
    );
  });

  it("to leave preprocessing out of a file that has none", async () => {
    const path = join(folder, "w.safetensors");
    expect(await refusal("--model", run, "--out", path, "--no-preprocessing")).toBe(
      "--no-preprocessing: a .safetensors file holds weights only; leave it out",
    );
  });
});
