import { describe, expect, it } from "vitest";
import { float32Tensor, writeSafetensors } from "../../src/formats/safetensors.ts";
import { loadExactWeights, loadWeights } from "../../src/training/weights_file.ts";
import { memoryFiles } from "../data/memory_files.ts";

const required = [
  { name: "conv/kernel", shape: [1, 1, 2, 2] },
  { name: "conv/bias", shape: [2] },
];
const optional = [
  { name: "colour/kernel", shape: [2, 3] },
  { name: "colour/bias", shape: [3] },
];

function filesWith(tensors: Record<string, readonly number[]>) {
  const entries = Object.entries(tensors).map(([name, shape]) => {
    const count = shape.reduce((product, extent) => product * extent, 1);
    return [
      name,
      float32Tensor(
        Float32Array.from({ length: count }, (_, i) => i),
        shape,
      ),
    ] as const;
  });
  return memoryFiles({ "w.safetensors": writeSafetensors(entries) });
}

const load = (tensors: Record<string, readonly number[]>) =>
  loadWeights(filesWith(tensors), "w.safetensors", { network: "net", required, optional });

describe("loadWeights", () => {
  it("takes the backbone and a head that fits", async () => {
    const { values, report } = await load({
      "conv/kernel": [1, 1, 2, 2],
      "conv/bias": [2],
      "colour/kernel": [2, 3],
      "colour/bias": [3],
      "top/kernel": [4],
    });
    expect([...values.keys()]).toEqual(["conv/kernel", "conv/bias", "colour/kernel", "colour/bias"]);
    expect(values.get("conv/kernel")).toEqual(Float32Array.of(0, 1, 2, 3));
    expect(report.leftOver.map(({ name }) => name)).toEqual(["top/kernel"]);
  });

  it("leaves a head with other classes out as a whole", async () => {
    const { values, report } = await load({
      "conv/kernel": [1, 1, 2, 2],
      "conv/bias": [2],
      "colour/kernel": [2, 4],
      "colour/bias": [3],
    });
    expect([...values.keys()]).toEqual(["conv/kernel", "conv/bias"]);
    expect(report.leftOver.map(({ name }) => name)).toEqual(["colour/kernel", "colour/bias"]);
  });

  it("refuses a file that lacks a weight, or has another shape", async () => {
    await expect(load({ "conv/kernel": [1, 1, 2, 2] })).rejects.toThrow(
      "w.safetensors: these weights do not fit net: 1 tensors matched, 1 missing (first conv/bias), 0 left over",
    );
    await expect(load({ "conv/kernel": [1, 1, 2, 4], "conv/bias": [2] })).rejects.toThrow(
      /first layer conv: weight kernel expects \[1,1,2,2\] but the file has \[1,1,2,4\]/,
    );
  });

  it("refuses NaN by tensor and element", async () => {
    const kernel = float32Tensor(Float32Array.of(0, 1, Number.NaN, 3), [1, 1, 2, 2]);
    const bias = float32Tensor(Float32Array.of(0, 1), [2]);
    const bytes = writeSafetensors([
      ["conv/kernel", kernel],
      ["conv/bias", bias],
    ]);
    const files = memoryFiles({ "w.safetensors": bytes });
    await expect(loadWeights(files, "w.safetensors", { network: "net", required })).rejects.toThrow(
      "w.safetensors: tensor conv/kernel has NaN at element 2",
    );
  });
});

describe("values that nothing can be computed with", () => {
  const wanted = [{ name: "bn/moving_variance", shape: [3] }];
  const loadVariance = (...values: number[]) => {
    const bytes = writeSafetensors([["bn/moving_variance", float32Tensor(Float32Array.of(...values), [3])]]);
    return loadWeights(memoryFiles({ "w.safetensors": bytes }), "w.safetensors", {
      network: "net",
      required: wanted,
    });
  };

  it("a negative variance, by tensor, element and value", async () => {
    await expect(loadVariance(0, 1, 2)).resolves.toBeDefined();
    await expect(loadVariance(1, 2, -0.25)).rejects.toThrow(
      "w.safetensors: tensor bn/moving_variance has -0.25 at element 2; expected a variance of 0 or more",
    );
    await expect(loadVariance(-1, Number.POSITIVE_INFINITY, 0)).rejects.toThrow("has Infinity at element 1");
  });

  it("names of PyTorch are told as such", async () => {
    const files = filesWith({ "features.0.weight": [3], "features.1.running_var": [3] });
    await expect(loadWeights(files, "w.safetensors", { network: "net", required })).rejects.toThrow(
      /left over \(first features\.0\.weight\); these are names of PyTorch/,
    );
  });
});

describe("loadExactWeights", () => {
  it("refuses a tensor that belongs to nothing", async () => {
    const files = filesWith({ "conv/kernel": [1, 1, 2, 2], "conv/bias": [2], "more/kernel": [1] });
    await expect(loadExactWeights(files, "w.safetensors", required, "net")).rejects.toThrow(
      "w.safetensors: tensor more/kernel is none of net",
    );
  });
});
