// softmax over the last axis: y_j = exp(x_j) / sum_k exp(x_k), and dx_j = y_j (dy_j - sum_k dy_k y_k).

import { type Definition, the, type Values, zeros } from "../common/definition.ts";

/** Softmax and log-softmax of `count` logits from `start` on, the largest subtracted first. */
export function softmaxOf(logits: Float64Array, start: number, count: number) {
  const row = logits.subarray(start, start + count);
  const largest = row.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const logSum = Math.log(row.reduce((sum, x) => sum + Math.exp(x - largest), 0));
  const logarithms = row.map((x) => x - largest - logSum);
  return { logarithms, probabilities: logarithms.map(Math.exp) };
}

function forward(x: Values): Values {
  const classes = x.shape.at(-1)!;
  const y = zeros(x.shape);
  for (let start = 0; start < x.data.length; start += classes) {
    y.data.set(softmaxOf(x.data, start, classes).probabilities, start);
  }
  return y;
}

function gradient(x: Values, dy: Values): Values {
  const classes = x.shape.at(-1)!;
  const dx = zeros(x.shape);
  for (let start = 0; start < x.data.length; start += classes) {
    const y = softmaxOf(x.data, start, classes).probabilities;
    let dot = 0;
    for (let k = 0; k < classes; k++) dot += dy.data[start + k]! * y[k]!;
    for (let j = 0; j < classes; j++) dx.data[start + j] = y[j]! * (dy.data[start + j]! - dot);
  }
  return dx;
}

export const softmaxDefinition: Definition = {
  forward: (inputs) => ({ y: forward(the(inputs, "x")) }),
  gradient: (inputs, _attrs, dOutputs) => ({ dx: gradient(the(inputs, "x"), the(dOutputs, "dy")) }),
};
