// A classifier answers with probabilities, or says why it has none.

import { expect, it } from "vitest";
import { Graph } from "../../src/graph/graph.ts";
import { backboneNamed } from "../../src/models/backbones.ts";
import { initialValues } from "../../src/nn/initializers.ts";
import { Layers } from "../../src/nn/layers.ts";
import { Classifier } from "../../src/training/classifier.ts";
import { testDevice } from "../device.ts";

const CONFIG = { backbone: backboneNamed("MobileNetV2"), alpha: 0.35, size: 32, classes: 5 };
const IMAGE = Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (i * 7) % 256);

function drawnWeights(): Map<string, Float32Array> {
  const layers = new Layers(new Graph(), { training: false });
  const image = layers.graph.input("image", [1, 32, 32, 3]);
  CONFIG.backbone.build(layers, image, { alpha: 0.35, includeTop: true, classes: 5 });
  return new Map(layers.weights.map((spec) => [spec.name, initialValues(spec, 1)]));
}

async function classify(weights: ReadonlyMap<string, Float32Array>): Promise<Float32Array[]> {
  const classifier = await Classifier.create(await testDevice(), CONFIG, weights, 2);
  return classifier.classify([IMAGE, IMAGE]).finally(() => classifier.destroy());
}

it("gives each image probabilities that add up to one", async () => {
  const answers = await classify(drawnWeights());
  expect(answers).toHaveLength(2);
  for (const answer of answers) {
    expect(answer).toHaveLength(5);
    expect(answer.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
  }
});

it("refuses weights that are finite but compute what is not", async () => {
  const weights = drawnWeights();
  const fill = (name: string, value: number) => {
    const values = weights.get(name);
    if (!values) throw new Error(`MobileNetV2 without ${name}`);
    weights.set(
      name,
      values.map(() => value),
    );
  };
  fill("Conv_1_bn/beta", 6); // no feature is zero
  fill("predictions/kernel", 3e38); // infinite logits, whose softmax is NaN
  await expect(classify(weights)).rejects.toThrow(
    /^the network computes NaN for an image's classes: its weights/,
  );
});
