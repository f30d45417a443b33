// movingStatistics and foldWeights: a network with its batch norms folded computes what it computes without.

import { describe, expect, it } from "vitest";
import { VariableStore } from "../../../src/gpu/variables.ts";
import { Graph, type Tensor } from "../../../src/graph/graph.ts";
import { liveNodes } from "../../../src/graph/live_nodes.ts";
import { Plan } from "../../../src/graph/plan.ts";
import { layOutPlan } from "../../../src/graph/plan_layout.ts";
import { initialValues } from "../../../src/nn/initializers.ts";
import { Layers } from "../../../src/nn/layers.ts";
import { fuseForInference } from "../../../src/passes/passes.ts";
import { testDevice } from "../../device.ts";
import { expectMatch } from "../../reference/compare.ts";

const SHAPE = [2, 9, 7, 5];

/** A convolution with a bias, a depthwise one and a residual sum, each with a batch norm behind it. */
function network(channels: number) {
  const graph = new Graph();
  const layers = new Layers(graph, { training: false });
  const normalise = (x: Tensor) => layers.batchNormalization(x, { momentum: 0.9, epsilon: 1e-3 });
  const image = graph.input("x", SHAPE);
  let x = layers.reLU(normalise(layers.conv2D(image, { filters: channels, kernelSize: 3, padding: "same" })));
  const shortcut = x;
  x = layers.reLU(normalise(layers.depthwiseConv2D(x, { kernelSize: 3, padding: "same" })), { maxValue: 6 });
  x = normalise(layers.conv2D(x, { filters: channels, kernelSize: 1, useBias: false }));
  x = layers.reLU(layers.add([shortcut, x]));
  x = layers.customScale(x, layers.conv2D(x, { filters: channels, kernelSize: 1 }), { scale: 0.2 });
  return { graph, layers, y: layers.reLU(x) };
}

async function run(channels: number, isFolded: boolean) {
  const device = await testDevice();
  const { graph, layers, y } = network(channels);
  if (isFolded) fuseForInference(graph, [y]);
  const store = new VariableStore(device);
  for (const [index, spec] of layers.weights.entries()) {
    store.declare(spec);
    const drawn = initialValues({ ...spec, initializer: "glorotUniform" }, 7);
    store.write(
      spec.name,
      spec.name.endsWith("variance") ? drawn.map((v) => 1 + v * v) : drawn.map((v) => v + index / 50),
    );
  }
  const plan = await Plan.compile(device, layOutPlan(graph, { y }, device.facts), store);
  try {
    plan.poison();
    const x = Float32Array.from({ length: 630 }, (_, i) => Math.sin(i) * 2);
    const data = (await plan.run({ x })).y ?? new Float32Array();
    return { data, operators: liveNodes(graph, [y]).map(({ operator }) => operator.name) };
  } finally {
    plan.destroy();
    store.destroy();
  }
}

describe("movingStatistics", () => {
  it.each([8, 6])(
    "folds batch norms and residuals of %i channels into the convolutions",
    async (channels) => {
      const plain = await run(channels, false);
      const folded = await run(channels, true);
      const shape = [2, 9, 7, channels];
      expectMatch("y", { shape, data: folded.data }, { shape, data: Float64Array.from(plain.data) });
      expect(Math.max(...plain.data)).toBeGreaterThan(0.1);
      expect(plain.operators).toContain("batchNorm");
      expect(folded.operators.filter((name) => !/Statistics|foldWeights/.test(name))).toEqual([
        "conv2d",
        "depthwiseConv2d",
        "conv2d",
        "conv2d",
      ]);
    },
  );
});
