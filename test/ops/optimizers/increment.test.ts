// increment: x + 1, from an input that must stay as it is and in place in a variable, step after step.
import { describe, expect, it } from "vitest";
import { VariableStore } from "../../../src/gpu/variables.ts";
import { Graph } from "../../../src/graph/graph.ts";
import { Plan } from "../../../src/graph/plan.ts";
import { layOutPlan } from "../../../src/graph/plan_layout.ts";
import { increment } from "../../../src/ops/optimizers/increment.ts";
import { testDevice } from "../../device.ts";
import { runOperator } from "../../golden/runner/run_operator.ts";

describe("increment", () => {
  it.each([1, 5, 130])("adds one to %i elements", async (count) => {
    const data = Float32Array.from({ length: count }, (_, i) => 3 * i - 7);
    const run = { op: "increment", attrs: {}, outputs: ["y"], grads: [], upstream: {} };
    const got = await runOperator(await testDevice(), { ...run, inputs: { x: { shape: [count], data } } });
    expect(got.y).toEqual(data.map((value) => value + 1));
  });

  it("counts steps in a variable", async () => {
    const device = await testDevice();
    const graph = new Graph();
    const count = graph.variable("count", [1]);
    const next = graph.applyOne(increment, { x: count });
    graph.assign(count, next);
    const variables = new VariableStore(device);
    variables.declare({ name: "count", shape: [1], dtype: "f32" });
    const plan = await Plan.compile(device, layOutPlan(graph, { next }, device.facts), variables);
    try {
      for (const expected of [1, 2, 3]) {
        expect((await plan.run()).next).toEqual(Float32Array.of(expected));
      }
    } finally {
      plan.destroy();
    }
  });
});
