import { describe, expect, it } from "vitest";
import { layOutArenas, VariableStore } from "../../src/gpu/variables.ts";
import { Graph } from "../../src/graph/graph.ts";
import { Plan } from "../../src/graph/plan.ts";
import { layOutPlan } from "../../src/graph/plan_layout.ts";
import { efficientNetB0, wantsImagenetRescaling } from "../../src/models/efficientnet_b0.ts";
import { Layers } from "../../src/nn/layers.ts";
import { testDevice } from "../device.ts";
import { built } from "./keras_weights.ts";

describe("EfficientNetB0", () => {
  it("names its pools as Keras does", () => {
    const last = (config: object) => built(efficientNetB0, config, 32).layers.records.at(-1)?.name;
    expect(last({ includeTop: false, pooling: "avg" })).toBe("avg_pool");
    expect(last({ includeTop: false, pooling: "max" })).toBe("max_pool");
  });

  it("rescales once more for Keras' ImageNet weights only", () => {
    const rescalings = (config: { imagenetRescaling?: boolean }) =>
      built(efficientNetB0, config, 32).layers.records.filter(({ className }) => className === "Rescaling");
    expect(rescalings({}).map(({ name }) => name)).toEqual(["rescaling"]);
    const both = rescalings({ imagenetRescaling: true });
    expect(both.map(({ name }) => name)).toEqual(["rescaling", "rescaling_1"]);
    // 1 / sqrt([0.229, 0.224, 0.225]).
    expect(both[1]?.config.scale).toEqual([2.0896918976428642, 2.1128856368212916, 2.1081851067789197]);
  });

  it("knows the variance of Keras' ImageNet weights, which is a deviation", () => {
    expect(wantsImagenetRescaling(new Float32Array([0.229, 0.224, 0.225]))).toBe(true);
    expect(wantsImagenetRescaling([0.229 ** 2, 0.224 ** 2, 0.225 ** 2])).toBe(false);
    expect(wantsImagenetRescaling([1, 1, 1])).toBe(false);
    expect(wantsImagenetRescaling([0.229])).toBe(false);
  });

  it("drops residual branches more often the deeper they lie, whole samples at a time", () => {
    const graph = new Graph();
    const layers = new Layers(graph, { training: true, dropoutSeed: graph.input("seed", [2], "u32") });
    efficientNetB0.build(layers, graph.input("image", [2, 32, 32, 3]), {});
    const drops = layers.records.filter(({ className }) => className === "Dropout");
    const deep = { "2b": 2, "3b": 4, "4b": 6, "4c": 7, "5b": 9, "5c": 10, "6b": 12, "6c": 13, "6d": 14 };
    expect(drops.map(({ name, config }) => [name, config.rate, config.noise_shape])).toEqual([
      ...Object.entries(deep).map(([id, block]) => [`block${id}_drop`, (0.2 * block) / 16, [null, 1, 1, 1]]),
      ["top_dropout", 0.2, null],
    ]);
    expect(graph.nodes.filter(({ operator }) => operator.name === "dropout")).toHaveLength(drops.length);
  });

  it("gives Keras' ImageNet weights pixels of mean 0 and deviation 1", async () => {
    const device = await testDevice();
    const graph = new Graph();
    const layers = new Layers(graph, { training: false });
    const image = graph.input("image", [1, 32, 32, 3]);
    efficientNetB0.build(layers, image, { imagenetRescaling: true });
    const layout = layOutPlan(graph, { y: layers.outputOf("rescaling_1") }, device.facts);
    const mean = [0.485, 0.456, 0.406];
    const deviation = [0.229, 0.224, 0.225];
    const y = await VariableStore.with(device, async (store) => {
      const weights = layers.weights.filter(({ layer }) => layer === "normalization");
      store.declareArenas(layOutArenas("fixed", weights, device.facts.maxBindingBytes), weights);
      store.write("normalization/mean", new Float32Array(mean));
      store.write("normalization/variance", new Float32Array(deviation));
      store.write("normalization/count", new Float32Array([7]));
      expect((await store.read(["normalization/count"])).get("normalization/count")).toEqual(
        new Float32Array([7]),
      );
      const plan = await Plan.compile(device, layout, store);
      const values = await plan.run({ image: Float32Array.from({ length: 3072 }, (_, i) => i % 256) });
      plan.destroy();
      store.destroy();
      return values.y;
    });
    const farthest = Array.from(y ?? [], (value, i) => {
      const c = i % 3;
      return Math.abs(value - ((i % 256) / 255 - (mean[c] ?? 0)) / (deviation[c] ?? 1));
    }).reduce((worst, difference) => Math.max(worst, difference));
    expect(y).toHaveLength(3072);
    expect(farthest).toBeLessThan(2e-6);
  });
});
