// What dense is checked with.

import { denseDefinition } from "../../src/ops/conv2d/conv2d_definition.ts";
import { uniform } from "./draw.ts";
import type { OperatorRecord, Sample } from "./reference.ts";

function sample(N: number, I: number, J: number, hasBias = true): Sample {
  const name = `[${N},${I}] to ${J}${hasBias ? "" : ", no bias"}`;
  const inputs: Record<string, ReturnType<typeof uniform>> = {
    x: uniform(`dense/${name}/x`, [N, I]),
    w: uniform(`dense/${name}/w`, [I, J]),
  };
  if (hasBias) inputs.b = uniform(`dense/${name}/b`, [J]);
  return { name, attrs: {}, inputs };
}

export const dense: OperatorRecord = {
  ...denseDefinition,
  op: "dense",
  differentiable: ["x", "w", "b"],
  upstream: ["y"],
  samples: () => [
    sample(1, 1, 1),
    sample(1, 33, 5),
    sample(2, 7, 1),
    sample(5, 1, 13),
    sample(3, 16, 8, false),
    sample(8, 64, 64),
    sample(13, 65, 33),
    sample(37, 130, 70),
    sample(32, 1280, 8, false),
  ],
  badInputs: [
    { name: "w of other inputs", attrs: {}, inputs: { x: [4, 64], w: [48, 10] }, message: /dense.*(48|64)/ },
    {
      name: "a bias of another length",
      attrs: {},
      inputs: { x: [4, 6], w: [6, 10], b: [6] },
      message: /dense.*\bb\b/,
    },
    { name: "x of rank 4", attrs: {}, inputs: { x: [1, 2, 2, 6], w: [6, 10] }, message: /dense.*\bx\b/ },
  ],
};
