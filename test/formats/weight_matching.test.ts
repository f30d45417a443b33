import { existsSync, readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openKerasH5 } from "../../src/formats/keras_h5.ts";
import {
  formatWeightReport,
  matchWeights,
  type OfferedWeight,
  requireFinite,
  requireFit,
} from "../../src/formats/weight_matching.ts";

/** A file's tensor `layer/weight`. */
function offer(name: string, shape: number[] = [1]): OfferedWeight {
  const slash = name.lastIndexOf("/");
  return { name, shape, layer: name.slice(0, slash), weight: name.slice(slash + 1) };
}

function expectOf(name: string, shape: number[] = [1]) {
  return { name, shape };
}

function pairs(expected: string[], offered: string[]): string[][] {
  const report = matchWeights(
    expected.map((name) => expectOf(name)),
    offered.map((name) => offer(name)),
  );
  return report.matched.map(({ expected: weight, found }) => [weight.name, found.name]);
}

describe("matchWeights", () => {
  it("matches layers with names of their own by name, in any order", () => {
    expect(pairs(["a/kernel", "b/1/kernel", "a/bias"], ["b/1/kernel", "a/bias", "a/kernel"])).toEqual([
      ["a/kernel", "a/kernel"],
      ["b/1/kernel", "b/1/kernel"],
      ["a/bias", "a/bias"],
    ]);
  });

  it("matches auto-named layers by creation order, whatever number they start at", () => {
    const expected = [
      "conv2d/kernel",
      "batch_normalization/beta",
      "conv2d_1/kernel",
      "conv2d_2/kernel",
      "conv_7b/kernel",
    ];
    const offered = [
      "conv2d_11/kernel",
      "conv_7b/kernel",
      "conv2d_10/kernel",
      "conv2d_9/kernel",
      "batch_normalization_204/beta",
    ];
    expect(pairs(expected, offered)).toEqual([
      ["conv2d/kernel", "conv2d_9/kernel"],
      ["batch_normalization/beta", "batch_normalization_204/beta"],
      ["conv2d_1/kernel", "conv2d_10/kernel"],
      ["conv2d_2/kernel", "conv2d_11/kernel"],
      ["conv_7b/kernel", "conv_7b/kernel"],
    ]);
  });

  it("does not take a shifted number for a name: conv2d_1 is the second layer only where conv2d is there", () => {
    expect(pairs(["conv2d/kernel", "conv2d_1/kernel"], ["conv2d_1/kernel", "conv2d_2/kernel"])).toEqual([
      ["conv2d/kernel", "conv2d_1/kernel"],
      ["conv2d_1/kernel", "conv2d_2/kernel"],
    ]);
  });

  it("finds a depthwise kernel under both of its names, the exact one first", () => {
    expect(pairs(["dw/depthwise_kernel"], ["dw/kernel"])).toEqual([["dw/depthwise_kernel", "dw/kernel"]]);
    expect(pairs(["dw/depthwise_kernel"], ["dw/kernel", "dw/depthwise_kernel"])).toEqual([
      ["dw/depthwise_kernel", "dw/depthwise_kernel"],
    ]);
    expect(pairs(["conv/kernel"], ["conv/depthwise_kernel"])).toEqual([]);
  });

  it("reports every weight and every tensor once", () => {
    const report = matchWeights(
      [expectOf("a/kernel", [3, 3]), expectOf("a/bias", [4]), expectOf("b/kernel"), expectOf("c/kernel")],
      [
        offer("a/kernel", [3, 3]),
        offer("a/bias", [5]),
        offer("c/kernel"),
        offer("d/kernel"),
        offer("c/extra"),
      ],
    );
    expect(report.matched.map(({ found }) => found.name)).toEqual(["a/kernel", "c/kernel"]);
    expect(report.misshapen.map(({ found }) => found.name)).toEqual(["a/bias"]);
    expect(report.missing.map(({ name }) => name)).toEqual(["b/kernel"]);
    expect(report.leftOver.map(({ name }) => name)).toEqual(["d/kernel", "c/extra"]);
  });
});

describe("reports", () => {
  const fitting = matchWeights(
    [expectOf("a/kernel")],
    [offer("a/kernel"), offer("predictions/kernel"), offer("predictions/bias")],
  );

  it("says what matched and what is left over", () => {
    expect(formatWeightReport(fitting)).toBe(
      "1 tensors matched, 2 left over: predictions/kernel, predictions/bias",
    );
    expect(formatWeightReport(fitting, 1)).toBe("1 tensors matched, 2 left over: predictions/kernel, …");
    expect(formatWeightReport(matchWeights([expectOf("a/kernel")], [offer("a/kernel")]))).toBe(
      "1 tensors matched, 0 left over",
    );
    expect(() => requireFit(fitting, "f.h5", "MobileNetV2")).not.toThrow();
  });

  it("counts matched, missing and left over and names the first where another network's weights come", () => {
    const report = matchWeights(
      [expectOf("Conv1/kernel"), expectOf("Conv1/bias"), expectOf("x/kernel")],
      [offer("conv1/uniform1"), offer("x/kernel")],
    );
    expect(() => requireFit(report, "f.h5", "MobileNetV2")).toThrow(
      /^f\.h5: these weights do not fit MobileNetV2: 1 tensors matched, 2 missing \(first Conv1\/kernel\), 1 left over \(first conv1\/uniform1\)$/,
    );
  });

  it("names layer, expected and found shape", () => {
    const report = matchWeights(
      [expectOf("Conv1/kernel", [3, 3, 3, 16])],
      [offer("Conv1/kernel", [3, 3, 3, 32])],
    );
    expect(() => requireFit(report, "f.h5", "MobileNetV2")).toThrow(
      "0 tensors matched, 0 missing, 0 left over, 1 of another shape, " +
        "first layer Conv1: weight kernel expects [3,3,3,16] but the file has [3,3,3,32]",
    );
    expect(formatWeightReport(report)).toBe("0 tensors matched, 1 of another shape, 0 left over");
  });
});

it("requireFinite names file, tensor and element of a NaN or an infinity", () => {
  expect(() => requireFinite(Float32Array.of(0, -1, 3e38), "a/kernel", "f.h5")).not.toThrow();
  expect(() => requireFinite(Float32Array.of(0, Number.NaN), "a/kernel", "f.h5")).toThrow(
    "f.h5: tensor a/kernel has NaN at element 1; expected finite numbers",
  );
  expect(() => requireFinite(Float32Array.of(-Infinity), "a/kernel", "f.h5")).toThrow(
    /has -Infinity at element 0/,
  );
});

const WEIGHTS = new URL("../../../shared/weights/", import.meta.url);

describe.skipIf(!existsSync(WEIGHTS))("real files (requires ../shared/weights)", () => {
  async function weightsOf(name: string) {
    const file = await openKerasH5(readFileSync(new URL(name, WEIGHTS)), name);
    file.close();
    return file.weights;
  }

  it("fits a file to its own network and neither another width nor another network", async () => {
    const narrow = await weightsOf("mobilenet_v2_0.35_224_no_top.imagenet.h5");
    const wide = await weightsOf("mobilenet_v2_1.0_224_with_top.dequant_qat.h5");
    const other = await weightsOf("squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5");
    expect(formatWeightReport(matchWeights(narrow, narrow))).toBe("260 tensors matched, 0 left over");
    const widened = matchWeights(narrow, wide);
    expect([widened.missing.length, widened.leftOver.length]).toEqual([0, 2]);
    expect(() => requireFit(widened, "w.h5", "MobileNetV2")).toThrow(
      /2 left over \(first .*\), \d+ of another shape, first layer Conv1: weight kernel expects \[3,3,3,16\] but the file has \[3,3,3,32\]$/,
    );
    expect(() => requireFit(matchWeights(narrow, other), "s.h5", "MobileNetV2")).toThrow(
      "s.h5: these weights do not fit MobileNetV2: 0 tensors matched, 260 missing (first Conv1/kernel), " +
        "50 left over (first conv1/uniform1)",
    );
  });
});
