// normalize: the same bits as batchNorm's own output.

import { describe, expect, it } from "vitest";
import { VariableStore } from "../../../src/gpu/variables.ts";
import { Graph } from "../../../src/graph/graph.ts";
import { Plan } from "../../../src/graph/plan.ts";
import { layOutPlan } from "../../../src/graph/plan_layout.ts";
import { batchNorm } from "../../../src/ops/batch_norm/batch_norm.ts";
import { normalize } from "../../../src/ops/batch_norm/normalize.ts";
import { testDevice } from "../../device.ts";

describe("normalize", () => {
  it.each([3, 8])("repeats batchNorm of %i channels, activation included", async (channels) => {
    const device = await testDevice();
    const graph = new Graph();
    const shape = [2, 5, 7, channels];
    const x = graph.input("x", shape);
    const gamma = graph.input("gamma", [channels]);
    const movingMean = graph.constant("mean", [channels], new Array(channels).fill(0));
    const movingVariance = graph.constant("variance", [channels], new Array(channels).fill(1));
    const attrs = { training: true, activation: "relu6" } as const;
    const { y, statistics } = graph.apply(batchNorm, { x, gamma, movingMean, movingVariance }, attrs);
    if (!y || !statistics) throw new Error("batchNorm lacks an output");
    const again = graph.applyOne(normalize, { x, statistics }, { activation: "relu6" });
    const plan = await Plan.compile(
      device,
      layOutPlan(graph, { y, again }, device.facts),
      new VariableStore(device),
    );
    try {
      const values = await plan.run({
        x: Float32Array.from({ length: 70 * channels }, (_, i) => Math.sin(i) * 9),
        gamma: Float32Array.from({ length: channels }, (_, c) => 1 + c),
      });
      expect(values.again).toEqual(values.y);
      expect(new Set(values.y).size).toBeGreaterThan(20);
    } finally {
      plan.destroy();
    }
  });
});
