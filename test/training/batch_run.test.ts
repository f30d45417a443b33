import { afterEach, beforeEach, expect, it } from "vitest";
import type { Batch } from "../../src/data/batches.ts";
import { VariableStore } from "../../src/gpu/variables.ts";
import { Graph } from "../../src/graph/graph.ts";
import { Plan } from "../../src/graph/plan.ts";
import { layOutPlan } from "../../src/graph/plan_layout.ts";
import { preprocess } from "../../src/ops/image/preprocess.ts";
import { runBatches } from "../../src/training/batch_run.ts";
import { testDevice } from "../device.ts";

const unhandled: unknown[] = [];
const note = (reason: unknown) => unhandled.push(reason);
beforeEach(() => void process.on("unhandledRejection", note));
afterEach(() => void process.off("unhandledRejection", note));

async function* slowBatches(): AsyncGenerator<Batch> {
  for (let index = 0; index < 3; index++) {
    yield {
      bytes: new Uint8Array(12),
      labels: new Float32Array(1),
      index,
      valid: 1,
      indices: [index],
      end: index + 1,
    };
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

it("throws what a result's taker throws, also while the next batch is awaited", async () => {
  const device = await testDevice();
  const graph = new Graph();
  graph.input("labels", [1]);
  graph.input("validRows", [1], "u32");
  const bytes = graph.input("bytes", [1, 2, 2, 3], "u8");
  const y = graph.applyOne(preprocess, { bytes }, { mode: "tf" });
  const plan = await Plan.compile(device, layOutPlan(graph, { y }, device.facts), new VariableStore(device));
  const take = () => {
    throw new Error("not finite");
  };
  await expect(runBatches(plan, slowBatches(), { take })).rejects.toThrow("not finite");
  plan.destroy();
  expect(unhandled).toEqual([]);
});
