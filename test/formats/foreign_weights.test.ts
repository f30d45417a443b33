import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { WeftError } from "../../src/base/errors.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { openWeights, openWeightsFile } from "../../src/training/weights_file.ts";
import { memoryFiles } from "../data/memory_files.ts";

const bytesOf = (text: string, length = text.length) => {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
  return bytes;
};

async function faultOf(bytes: Uint8Array, path: string): Promise<string> {
  const thrown = await openWeights(bytes, path).catch((fault: unknown) => fault);
  expect(thrown).toBeInstanceOf(WeftError);
  return (thrown as WeftError).message;
}

const archive = (...names: string[]) =>
  zipSync(Object.fromEntries(names.map((name) => [name, new Uint8Array([1])])));

describe("weights of other programs are named for what they are", () => {
  it.each([
    ["model.onnx", bytesOf("\x08\x07\x12\x07pytorch\x1a\x052.1.0:\xf0\x03"), "an ONNX model"],
    ["model.bin", bytesOf("\x08\x08\x3a\x90\x4e"), "an ONNX model"],
    ["empty.onnx", bytesOf("\x00\x01\x02"), "an ONNX model"],
    ["model.tflite", bytesOf("\x1c\x00\x00\x00TFL3\x14\x00"), "a TFLite model"],
    [
      "model.json",
      bytesOf('{"format": "layers-model", "generatedBy": "keras v2"'),
      "a model of TensorFlow.js (JSON)",
    ],
    ["model.json", bytesOf('{"modelTopology": {"node": []}}'), "a model of TensorFlow.js (JSON)"],
    ["group1-shard1of4.bin", bytesOf("\x3d\x0a\x17\x3f\x00\x00"), "a part of a TensorFlow.js model"],
    [
      "arch.json",
      bytesOf('{"class_name": "Functional"}'),
      "a model's description (JSON) without its weights",
    ],
    [
      "model.safetensors.index.json",
      bytesOf('{"weight_map": {}}'),
      "an index of several safetensors files (JSON)",
    ],
    ["model.pth", archive("model/data.pkl", "model/data/0"), "a file of PyTorch"],
    ["old.pt", bytesOf("\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."), "a file of PyTorch"],
    ["weights.h5", archive("archive/data.pkl"), "a file of PyTorch"],
    ["x.pkl", bytesOf("\x80\x04\x95\x10"), "a pickle of Python"],
    ["w.npz", archive("arr_0.npy"), "a file of NumPy"],
    ["w.npy", bytesOf("\x93NUMPY\x01\x00"), "a file of NumPy"],
    ["saved_model.pb", bytesOf("\x08\x01\x12\x80\x01"), "an ONNX model"],
    ["frozen.pb", bytesOf("\x0a\x20\x0a\x05"), "a graph of TensorFlow"],
    ["model.ckpt.data-00000-of-00001", bytesOf("\x00\x00"), "a checkpoint"],
    ["weights.h5.gz", bytesOf("\x1f\x8b\x08"), "a gzip archive (unpack it first)"],
    ["all.zip", archive("weights.h5"), "a zip archive (unpack it first)"],
    ["w.h5", bytesOf("version https://git-lfs.github.com/spec/v1\noid"), "a pointer of Git LFS"],
    ["w.h5", bytesOf("<!DOCTYPE html><html>"), "a page of HTML"],
    ["w.gguf", bytesOf("GGUF\x03"), "a GGUF file"],
  ])("%s", async (path, bytes, kind) => {
    const fault = await faultOf(bytes, path);
    expect(fault.startsWith(`${path}: this is ${kind}`), fault).toBe(true);
    expect(fault).toMatch(
      /; weft takes weights from Keras' \.h5, \.weights\.h5 and \.keras files, and from \.safetensors/,
    );
  });

  it("leaves safetensors alone, whatever they are called", async () => {
    const bytes = writeSafetensors([["a", { dtype: "U8", shape: [1], data: Uint8Array.of(1) }]]);
    for (const path of ["w.safetensors", "w.pt", "w.bin"]) {
      expect((await openWeights(bytes, path)).form).toBe("safetensors");
    }
  });

  it("names folders too", async () => {
    const files = memoryFiles({
      "saved/saved_model.pb": "x",
      "run/weights.safetensors": "x",
      "other/file": "x",
    });
    const faultOfFolder = (path: string) => openWeightsFile(files, path).catch((fault) => fault.message);
    expect(await faultOfFolder("saved")).toMatch(/^saved: this is a SavedModel of TensorFlow; weft takes/);
    expect(await faultOfFolder("run")).toBe(
      "run: is the folder of a run; expected a file, such as run/weights.safetensors",
    );
    expect(await faultOfFolder("other")).toMatch(/^other: is a folder or no regular file/);
  });
});
