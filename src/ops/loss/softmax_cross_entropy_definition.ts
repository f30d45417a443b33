// softmaxCrossEntropy, one head per run of columns: loss[h] = -sum over rows and classes of labels * log
// softmax(logits) / N, an all-zero label row adds nothing; accuracy[2h, 2h+1] = rows with the right class
// on top, rows with a label. weft's own: attr heads (class counts; default one head of all columns);
// optional input validRows [1]: rows from there on do not count, and N is validRows.

import {
  type Attributes,
  type Definition,
  type NamedValues,
  the,
  type Values,
  zeros,
} from "../common/definition.ts";
import { softmaxOf } from "./softmax_definition.ts";

/** Each head's first column and class count. */
function headsOf(labels: Values, attrs: Attributes) {
  const counts = (attrs.heads as readonly number[] | undefined) ?? [labels.shape[1]!];
  return counts.map((classes, h) => ({ classes, first: counts.slice(0, h).reduce((sum, n) => sum + n, 0) }));
}

/** The number of valid rows. */
function rowsOf(inputs: NamedValues): number {
  return inputs.validRows?.data[0] ?? the(inputs, "labels").shape[0]!;
}

/** The index of the largest value; the first one if several are equal. */
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

export const softmaxCrossEntropyDefinition: Definition = {
  forward,
  gradient: (inputs, attrs, dOutputs) => gradient(inputs, attrs, the(dOutputs, "dloss").data),
};
