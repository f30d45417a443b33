// Steps over shared variables: who makes them, who frees them, and what a step that cannot be made leaves behind.

import { expect, it } from "vitest";
import { CompiledStep, exactValues } from "../../src/training/compiled_step.ts";
import { layOutInference } from "../../src/training/step_layout.ts";
import { testDevice } from "../device.ts";

const device = await testDevice();
const step = layOutInference(device.facts, (layers) => {
  const x = layers.graph.input("x", [2, 3]);
  return { y: layers.dense(x, { units: 1, name: "sum" }) };
});
const WEIGHTS = new Map([
  ["sum/kernel", Float32Array.of(1, 10, 100)],
  ["sum/bias", Float32Array.of(0.5)],
]);
const INPUTS = { x: Float32Array.of(1, 2, 3, 4, 5, 6) };

it("runs over the variables of another step, which stay when it is freed", async () => {
  const first = await CompiledStep.compile(device, step, { valuesOf: exactValues(WEIGHTS, "the sum") });
  const second = await first.beside(step.layout);
  expect((await second.run(INPUTS)).y).toEqual(Float32Array.of(321.5, 654.5));
  first.variables.write("sum/bias", Float32Array.of(-1));
  expect((await second.run(INPUTS)).y).toEqual(Float32Array.of(320, 653));
  second.destroy();
  expect((await first.run(INPUTS)).y).toEqual(Float32Array.of(320, 653));
  expect([...(await first.readWeights()).keys()]).toEqual(["sum/kernel", "sum/bias"]);
  first.destroy();
});

it("names a weight that has no value, and leaves nothing on the device", async () => {
  const before = device.allocatedBytes;
  const valuesOf = exactValues(new Map([...WEIGHTS].slice(0, 1)), "the sum");
  await expect(CompiledStep.compile(device, step, { valuesOf })).rejects.toThrow(
    "there are no values for sum/bias of the sum",
  );
  expect(device.allocatedBytes).toBe(before);
});
