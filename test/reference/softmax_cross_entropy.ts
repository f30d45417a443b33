// What softmaxCrossEntropy is checked with.

import { zeros } from "../../src/ops/common/definition.ts";
import { softmaxCrossEntropyDefinition } from "../../src/ops/loss/softmax_cross_entropy_definition.ts";
import { exactly, normal, oneHot, uniform } from "./draw.ts";
import type { OperatorRecord, Sample } from "./reference.ts";

interface SampleOptions {
  readonly missing?: readonly number[];
  readonly validRows?: number;
  readonly mean?: number;
  readonly deviation?: number;
}

/** One-hot labels for each head; head h of row n is missing where (n + h) is in the list of missing rows. */
function sample(name: string, N: number, heads: readonly number[], options: SampleOptions = {}): Sample {
  const columns = heads.reduce((sum, classes) => sum + classes, 0);
  const labels = zeros([N, columns]);
  let first = 0;
  heads.forEach((classes, h) => {
    const missing = Array.from({ length: N }, (_, n) => n).filter((n) =>
      options.missing?.includes((n + h) % N),
    );
    const head = oneHot(`softmaxCrossEntropy/${name}/${h}`, N, classes, missing);
    for (let n = 0; n < N; n++)
      labels.data.set(head.data.subarray(n * classes, (n + 1) * classes), n * columns + first);
    first += classes;
  });
  const logits = normal(
    `softmaxCrossEntropy/${name}`,
    [N, columns],
    options.mean ?? 0,
    options.deviation ?? 2,
  );
  const valid = options.validRows === undefined ? {} : { validRows: exactly([1], [options.validRows]) };
  return { name, attrs: heads.length > 1 ? { heads } : {}, inputs: { logits, labels, ...valid } };
}

function samples(): Sample[] {
  const soft = uniform("softmaxCrossEntropy/soft", [5, 7], 0, 0.4);
  const tied = exactly([3, 4], [1, 2, 2, 0, 0, 0, 0, 0, 3, -1, 3, 3]);
  const tiedLabels = exactly([3, 4], [0, 0, 1, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
  return [
    sample("one row", 1, [5]),
    sample("one class", 3, [1]),
    sample("odd sizes", 7, [13]),
    sample("rows missing", 8, [8], { missing: [1, 2, 6] }),
    sample("all rows missing", 3, [5], { missing: [0, 1, 2] }),
    sample("many rows", 131, [10], { missing: [0, 5, 64, 130] }),
    sample("1000 classes", 4, [1000]),
    { ...sample("heads named, but only one", 5, [6], { missing: [2] }), attrs: { heads: [6] } },
    sample("two heads", 5, [3, 6]),
    sample("eight heads, most labels missing", 9, [8, 5, 5, 5, 10, 6, 6, 9], { missing: [1, 2, 3, 5, 6, 7] }),
    sample("heads of one class and of many", 3, [1, 70, 2, 33]),
    sample("validRows 3 of 8", 8, [6], { validRows: 3, missing: [1] }),
    sample("validRows 5 of 7, three heads", 7, [4, 9, 2], { validRows: 5, missing: [0, 2] }),
    sample("logits around 1000", 6, [7], { mean: 1000 }),
    sample("logits spread by 60", 6, [5, 4], { deviation: 60, missing: [3] }),
    {
      name: "soft labels that do not sum to 1",
      attrs: {},
      inputs: { logits: normal("sce/soft", [5, 7]), labels: soft },
    },
    { name: "equal logits: the first is on top", attrs: {}, inputs: { logits: tied, labels: tiedLabels } },
  ];
}

export const softmaxCrossEntropy: OperatorRecord = {
  ...softmaxCrossEntropyDefinition,
  op: "softmaxCrossEntropy",
  differentiable: ["logits"],
  upstream: ["loss"],
  samples,
  badInputs: [
    {
      name: "labels of another shape",
      attrs: {},
      inputs: { logits: [4, 8], labels: [4, 7] },
      message: /softmaxCrossEntropy.*labels/,
    },
    {
      name: "heads that do not add up",
      attrs: { heads: [3, 4] },
      inputs: { logits: [4, 8], labels: [4, 8] },
      message: /softmaxCrossEntropy.*heads/,
    },
  ],
};
