// softmaxCrossEntropy, one head per run of columns: loss[h] = -sum over rows and classes of labels * log
// softmax(logits) / N, an all-zero label row adds nothing; accuracy[2h, 2h+1] = rows with the right class
// on top, rows with a label. weft's own: attr heads (class counts; default one head of all columns);
// optional input validRows [1]: rows from there on do not count, and N is validRows.
import { exactly, normal, oneHot, uniform } from "./draw.ts";
import {
  type Attributes,
  type NamedValues,
  type OperatorRecord,
  type Sample,
  the,
  type Values,
  zeros,
} from "./reference.ts";
import { softmaxOf } from "./softmax.ts";

/** Each head's first column and class count. */
function headsOf(labels: Values, attrs: Attributes) {
  const counts = (attrs.heads as readonly number[] | undefined) ?? [labels.shape[1]!];
  return counts.map((classes, h) => ({ classes, first: counts.slice(0, h).reduce((sum, n) => sum + n, 0) }));
}

/** How many rows count. */
function rowsOf(inputs: NamedValues): number {
  return inputs.validRows?.data[0] ?? the(inputs, "labels").shape[0]!;
}

/** The index of the largest value, the first of equal ones. */
function topOf(row: Float64Array): number {
  return row.reduce((best, value, i) => (value > row[best]! ? i : best), 0);
}

function forward(inputs: NamedValues, attrs: Attributes): NamedValues {
  const logits = the(inputs, "logits");
  const labels = the(inputs, "labels");
  const columns = labels.shape[1]!;
  const N = rowsOf(inputs);
  const heads = headsOf(labels, attrs);
  const loss = zeros([heads.length]);
  const accuracy = zeros([2 * heads.length]);
  heads.forEach(({ first, classes }, h) => {
    for (let n = 0; n < N; n++) {
      const start = n * columns + first;
      const label = labels.data.subarray(start, start + classes);
      const { logarithms } = softmaxOf(logits.data, start, classes);
      label.forEach((weight, j) => {
        loss.data[h]! -= (weight * logarithms[j]!) / N;
      });
      if (label.every((weight) => weight === 0)) continue;
      accuracy.data[2 * h + 1]! += 1;
      if (topOf(logarithms) === topOf(label)) accuracy.data[2 * h]! += 1;
    }
  });
  return { loss, accuracy };
}

function gradient(inputs: NamedValues, attrs: Attributes, dloss: Float64Array): NamedValues {
  const logits = the(inputs, "logits");
  const labels = the(inputs, "labels");
  const columns = labels.shape[1]!;
  const N = rowsOf(inputs);
  const dlogits = zeros(logits.shape);
  headsOf(labels, attrs).forEach(({ first, classes }, h) => {
    for (let n = 0; n < N; n++) {
      const start = n * columns + first;
      const { probabilities } = softmaxOf(logits.data, start, classes);
      const total = labels.data.subarray(start, start + classes).reduce((sum, weight) => sum + weight, 0);
      probabilities.forEach((probability, j) => {
        dlogits.data[start + j] = (dloss[h]! * (total * probability - labels.data[start + j]!)) / N;
      });
    }
  });
  return { dlogits };
}

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
  forward,
  gradient: (inputs, attrs, dOutputs) => gradient(inputs, attrs, the(dOutputs, "dloss").data),
};
