import { describe, expect, it } from "vitest";
import { mobileNetV2 } from "../../src/models/mobilenet_v2.ts";
import { classifierWeights, identifyClassifier } from "../../src/training/weights_network.ts";

function offered(alpha: number, classes: number) {
  const config = { backbone: mobileNetV2, alpha, size: 64, classes };
  return classifierWeights(config).map(({ name, shape }) => {
    const [layer = "", weight = ""] = name.split("/");
    return { name, layer, weight, shape };
  });
}

describe("identifyClassifier", () => {
  it.each([0.35, 0.5, 0.75, 1, 1.3, 1.4])("reads alpha %d and the classes off the shapes", (alpha) => {
    const found = identifyClassifier(offered(alpha, 12), "weights.h5", {});
    expect(found).toEqual({ backbone: mobileNetV2, alpha, size: 224, classes: 12 });
  });

  it("reads the size off the file's name, and hints win", () => {
    const path = "/x/mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.5_160.h5";
    expect(identifyClassifier(offered(0.5, 10), path, {}).size).toBe(160);
    expect(identifyClassifier(offered(0.5, 10), path, { size: 96 }).size).toBe(96);
  });

  it("refuses weights without a top, and tensors of nothing that it knows", () => {
    const noTop = offered(0.35, 10).filter(({ layer }) => layer !== "predictions");
    expect(() => identifyClassifier(noTop, "w.h5", {})).toThrow(/^w\.h5: these weights have no top/);
    const top = { name: "predictions/kernel", layer: "predictions", weight: "kernel", shape: [7, 10] };
    const stray = { name: "other/kernel", layer: "other", weight: "kernel", shape: [3] };
    expect(() => identifyClassifier([stray, top], "w.h5", {})).toThrow(
      /none of these tensors belongs to a backbone/,
    );
  });
});
