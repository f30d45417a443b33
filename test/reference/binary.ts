// What add and multiply are checked with: b of the shape of a, and b [N, 1, 1, C].

import { addDefinition, multiplyDefinition } from "../../src/ops/elementwise/binary_definition.ts";

import { uniform } from "./draw.ts";
import type { BadInput, OperatorRecord, Sample } from "./reference.ts";

function sample(op: string, a: readonly number[], b: readonly number[]): Sample {
  const name = `[${a.join(",")}] and [${b.join(",")}]`;
  const inputs = { a: uniform(`${op}/${name}/a`, a), b: uniform(`${op}/${name}/b`, b) };
  return { name, attrs: {}, inputs };
}

/** Samples of both forms of b. */
function binarySamples(op: string): Sample[] {
  const same = [
    [1, 1],
    [5, 33],
    [8, 16],
    [1, 1, 1, 3],
    [2, 7, 5, 13],
    [3, 4, 4, 8],
    [3, 17, 19, 13],
  ];
  const perChannel = [
    [1, 1, 9, 1],
    [2, 7, 5, 13],
    [3, 4, 4, 8],
    [5, 3, 1, 7],
    [1, 5, 3, 33],
    [3, 17, 19, 24],
  ];
  return [
    ...same.map((shape) => sample(op, shape, shape)),
    ...perChannel.map((shape) => sample(op, shape, [shape[0]!, 1, 1, shape[3]!])),
  ];
}

/** Shapes that neither are equal nor broadcast over space. */
function binaryBadInputs(op: string): BadInput[] {
  const message = new RegExp(`${op}.*\\bb\\b`);
  const a = [2, 4, 4, 8];
  return [
    { name: "b of other channels", attrs: {}, inputs: { a, b: [2, 4, 4, 7] }, message },
    { name: "b [N, 1, 1, C] of another N", attrs: {}, inputs: { a, b: [3, 1, 1, 8] }, message },
    { name: "b of another rank", attrs: {}, inputs: { a, b: [2, 8] }, message },
  ];
}

export const add: OperatorRecord = {
  ...addDefinition,
  op: "add",
  differentiable: ["a", "b"],
  upstream: ["y"],
  samples: () => binarySamples("add"),
  badInputs: binaryBadInputs("add"),
};

export const multiply: OperatorRecord = {
  ...multiplyDefinition,
  op: "multiply",
  differentiable: ["a", "b"],
  upstream: ["y"],
  samples: () => binarySamples("multiply"),
  badInputs: binaryBadInputs("multiply"),
};
