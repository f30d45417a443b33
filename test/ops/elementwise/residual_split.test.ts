// residualSplit: the gradients of y = relu(addend + scale · convolution) as they are without fusion.

import { describe, expect, it } from "vitest";
import { VariableStore } from "../../../src/gpu/variables.ts";
import { differentiate } from "../../../src/graph/differentiate.ts";
import { Graph, type Tensor } from "../../../src/graph/graph.ts";
import { Plan } from "../../../src/graph/plan.ts";
import { layOutPlan } from "../../../src/graph/plan_layout.ts";
import { initialValues } from "../../../src/nn/initializers.ts";
import { Layers } from "../../../src/nn/layers.ts";
import { sumOf } from "../../../src/ops/elementwise/sum.ts";
import { fuseSums } from "../../../src/passes/fuse_sums.ts";
import { fuse } from "../../../src/passes/passes.ts";
import { testDevice } from "../../device.ts";
import { expectMatch } from "../../reference/compare.ts";

/** Two residual blocks; the first one's output has three readers. */
async function gradients(channels: number, isFused: boolean) {
  const device = await testDevice();
  const graph = new Graph();
  const layers = new Layers(graph, { training: true });
  const shape = [2, 5, 7, channels];
  const block = (x: Tensor) => {
    const inner = layers.conv2D(x, { filters: channels, kernelSize: 3, padding: "same" });
    const other = layers.conv2D(x, { filters: channels, kernelSize: 1 });
    const branch = layers.conv2D(layers.add([inner, other]), { filters: channels, kernelSize: 1 });
    return layers.reLU(layers.customScale(x, branch, { scale: 0.17 }));
  };
  const y = block(block(graph.input("x", shape)));
  if (isFused) fuse(graph, [y]);
  const targets = layers.weights.map((spec) => graph.variable(spec.name, spec.shape));
  const seed = { tensor: y, gradient: graph.input("dy", shape) };
  const found = differentiate(graph, [seed], targets, sumOf);
  if (isFused) fuseSums(graph);
  const outputs = Object.fromEntries([...found].map(([target, tensor]) => [target.name, tensor]));
  const store = new VariableStore(device);
  for (const spec of layers.weights) {
    store.declare(spec);
    store.write(spec.name, initialValues({ ...spec, initializer: "glorotUniform" }, 5));
  }
  const plan = await Plan.compile(device, layOutPlan(graph, outputs, device.facts), store);
  try {
    plan.poison();
    const count = 70 * channels;
    const wave = (rate: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(rate * i));
    const values = await plan.run({ x: wave(1), dy: wave(2.3) });
    return { values, operators: graph.nodes.map(({ operator }) => operator.name) };
  } finally {
    plan.destroy();
    store.destroy();
  }
}

describe("residualSplit", () => {
  it.each([8, 3])("differentiates fused residual blocks of %i channels", async (channels) => {
    const fused = await gradients(channels, true);
    const plain = await gradients(channels, false);
    for (const [name, data] of Object.entries(plain.values)) {
      const shape = [data.length];
      expectMatch(name, { shape, data: fused.values[name] ?? [] }, { shape, data: Float64Array.from(data) });
    }
    expect(fused.operators.filter((name) => name === "residualSplit")).toHaveLength(2);
    expect(plain.operators).toContain("scaledAdd");
    expect(fused.operators).not.toContain("sum");
  });
});
