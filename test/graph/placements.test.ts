// Placements: branches are written into their concatenation and gradients read out of it, with the same bits as copies;
// what is packed is computed in its place wherever it has only one.

import { describe, expect, it } from "vitest";
import { VariableStore } from "../../src/gpu/variables.ts";
import { differentiate } from "../../src/graph/differentiate.ts";
import { Graph, type Tensor } from "../../src/graph/graph.ts";
import { Plan } from "../../src/graph/plan.ts";
import { layOutPlan, type PlanLayout } from "../../src/graph/plan_layout.ts";
import { initialValues } from "../../src/nn/initializers.ts";
import { Layers } from "../../src/nn/layers.ts";
import { sumOf } from "../../src/ops/elementwise/sum.ts";
import { fuse } from "../../src/passes/passes.ts";
import { testDevice } from "../device.ts";

const SHAPE = [2, 5, 7, 4];

/** Three branches side by side, one of them a plain convolution, which copies; and all gradients. */
async function branches(widths: readonly number[], isKept: boolean) {
  const { facts } = await testDevice();
  const graph = new Graph();
  const layers = new Layers(graph, { training: true });
  const x = graph.input("x", SHAPE);
  const normalised = widths.map((filters) => {
    const convolved = layers.conv2D(x, { filters, kernelSize: 1, useBias: false });
    return layers.reLU(layers.batchNormalization(convolved, { momentum: 0.9, epsilon: 1e-3 }));
  });
  const y = layers.concatenate([...normalised, layers.conv2D(x, { filters: 4, kernelSize: 1 })]);
  const outputs: Record<string, Tensor> = { y };
  if (isKept) for (const tensor of normalised) outputs[tensor.name] = tensor;
  fuse(graph, Object.values(outputs));
  const gradient = graph.input("dy", y.shape);
  const weights = layers.weights.filter(({ trainable }) => trainable);
  const targets = weights.map(({ name, shape }) => graph.variable(name, shape));
  const gradients = differentiate(graph, [{ tensor: y, gradient }], targets, sumOf);
  for (const [target, tensor] of gradients) outputs[`d${target.name}`] = tensor;
  return { layers, layout: layOutPlan(graph, outputs, facts) };
}

async function run(widths: readonly number[], isKept: boolean) {
  const device = await testDevice();
  const { layers, layout } = await branches(widths, isKept);
  const store = new VariableStore(device);
  for (const spec of layers.weights) {
    store.declare(spec);
    store.write(spec.name, initialValues(spec, 3));
  }
  const plan = await Plan.compile(device, layout, store);
  try {
    plan.poison();
    const [, dy] = layout.inputs;
    const count = dy?.shape.reduce((a, b) => a * b) ?? 0;
    return await plan.run({
      x: Float32Array.from({ length: 280 }, (_, i) => Math.sin(i)),
      dy: Float32Array.from({ length: count }, (_, i) => Math.cos(3 * i)),
    });
  } finally {
    plan.destroy();
    store.destroy();
  }
}

const copies = ({ memory }: PlanLayout) =>
  memory.commands.filter(
    (command) => command.kind === "dispatch" && command.kernel.name === "layout/copy_rows",
  ).length;

describe("rows inside wider ones", () => {
  it.each([[[8, 12]], [[3, 6]], [[8, 3]]])("of %j channels change no bit", async (widths) => {
    const viewed = await run(widths, false);
    const copied = await run(widths, true);
    for (const [name, values] of Object.entries(viewed)) expect(values, name).toEqual(copied[name]);
  });

  it("spare the copies of all branches that a batch norm ends, forward and backward", async () => {
    // The plain convolution's part and its slice remain.
    expect(copies((await branches([8, 12], false)).layout)).toBe(2);
    // Kept branches are copied, their slices are not: nobody asked for those.
    expect(copies((await branches([8, 12], true)).layout)).toBe(4);
  });
});
