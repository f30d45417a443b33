import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { writeOnnx } from "../../src/formats/onnx.ts";
import { BACKBONES } from "../../src/models/backbones.ts";
import { mobileNetV2 } from "../../src/models/mobilenet_v2.ts";
import { describeNetwork } from "../../src/training/network_layers.ts";
import { onnxForExport } from "../../src/training/onnx_export.ts";
import {
  joined,
  largestDifference,
  type PredictedNetwork,
  predictedLayers,
  predictedNetwork,
  preprocessed,
} from "./onnx_networks.ts";

/** The part of onnxruntime-node's interface that the tests use. */
interface OnnxRuntime {
  readonly InferenceSession: {
    create(path: string, options: { readonly intraOpNumThreads: number }): Promise<Session>;
  };
  readonly Tensor: new (type: "float32", data: Float32Array, dims: readonly number[]) => RuntimeTensor;
}

interface RuntimeTensor {
  readonly dims: readonly number[];
  readonly data: Float32Array;
}

interface Session {
  readonly inputNames: readonly string[];
  readonly outputNames: readonly string[];
  run(inputs: Readonly<Record<string, RuntimeTensor>>): Promise<Readonly<Record<string, RuntimeTensor>>>;
  release(): Promise<void>;
}

/** WEFT_PEERS is a folder with another node_modules. */
const PEERS = resolve(process.env.WEFT_PEERS ?? "kernels-bench/peers");
const isThere = existsSync(join(PEERS, "node_modules", "onnxruntime-node"));

const HEADS = [
  { name: "sleeve length", classes: 5 },
  { name: "collar", classes: 3 },
];

/** Writes the file, hands its session to `use`, and removes it again. */
async function withSession(
  pieces: readonly Uint8Array[],
  use: (session: Session, runtime: OnnxRuntime) => Promise<void>,
): Promise<void> {
  const runtime: OnnxRuntime = createRequire(join(PEERS, "package.json"))("onnxruntime-node");
  const folder = mkdtempSync(join(tmpdir(), "weft-onnx-"));
  try {
    const path = join(folder, "model.onnx");
    writeFileSync(path, joined(pieces));
    const session = await runtime.InferenceSession.create(path, { intraOpNumThreads: 1 });
    try {
      await use(session, runtime);
    } finally {
      await session.release();
    }
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** The largest difference of any head for the first `count` images. */
async function differenceFor(
  { network, images, weights, predictions }: PredictedNetwork,
  includePreprocessing: boolean,
  counts: readonly number[],
): Promise<number> {
  const { size, heads, backbone } = network;
  const pieces = onnxForExport({ network, weights }, describeNetwork(network), includePreprocessing);
  const found: number[] = [];
  await withSession(pieces, async (session, { Tensor }) => {
    expect(session.inputNames).toEqual(["image"]);
    expect(session.outputNames).toEqual(heads.map(({ name }) => name));
    for (const count of counts) {
      const pixels = images.subarray(0, count * size * size * 3);
      const mode = includePreprocessing ? "none" : backbone.preprocessing;
      const image = new Tensor("float32", preprocessed(pixels, mode), [count, size, size, 3]);
      const outputs = await session.run({ image });
      for (const { name, classes } of heads) {
        expect(outputs[name]?.dims).toEqual([count, classes]);
        const wanted = predictions[name]?.subarray(0, count * classes) ?? [];
        found.push(largestDifference(outputs[name]?.data ?? [], wanted));
      }
    }
  });
  return Math.max(...found);
}

describe.skipIf(!isThere)("ONNX files in onnxruntime (requires npm ci in kernels-bench/peers)", () => {
  it("predict as weft does, one image or three, preprocessing inside or outside", async () => {
    const predicted = await predictedNetwork(
      { backbone: mobileNetV2, alpha: 0.35, size: 64, heads: HEADS },
      3,
    );
    expect(await differenceFor(predicted, true, [1, 3])).toBeLessThan(1e-4);
    expect(await differenceFor(predicted, false, [1, 3])).toBeLessThan(1e-4);
  });

  it("compute what every layer of weft computes", async () => {
    const { network, weights, images, predictions } = await predictedLayers(3);
    const pieces = writeOnnx(network, weights, { name: "all", preprocessing: "none" });
    await withSession(pieces, async (session, { Tensor }) => {
      const image = new Tensor("float32", Float32Array.from(images), [3, 14, 11, 3]);
      const outputs = await session.run({ image });
      expect(Object.keys(outputs)).toEqual(Object.keys(predictions));
      for (const [name, values] of Object.entries(predictions)) {
        const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        expect(largestDifference(outputs[name]?.data ?? [], values), name).toBeLessThan(1e-4 * largest);
      }
    });
  });

  it.each([...BACKBONES.values()])("predict as weft's $name does", async (backbone) => {
    const network = { backbone, alpha: undefined, size: Math.max(64, backbone.minSize), heads: HEADS };
    const predicted = await predictedNetwork(network, 2);
    // Random networks may hardly tell their images apart: the file must do so as exactly.
    const ofImage = (image: number) =>
      HEADS.flatMap(({ name, classes }) => {
        return [...(predicted.predictions[name] ?? []).slice(image * classes, (image + 1) * classes)];
      });
    const contrast = largestDifference(ofImage(0), ofImage(1));
    expect(contrast).toBeGreaterThan(1e-5);
    expect(await differenceFor(predicted, true, [2])).toBeLessThan(Math.min(1e-4, contrast / 100));
  });
});
