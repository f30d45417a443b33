// softmaxCrossEntropy and softmax over the reference's eight heads.

import { REFERENCE_HEADS } from "../../src/demo/reference_heads.ts";
import type { OperatorCase, OperatorForm } from "./bench_case.ts";

const heads = REFERENCE_HEADS.map(({ classes }) => classes);
const width = heads.reduce((sum, classes) => sum + classes, 0);

const eightHeads = (rows: number): OperatorForm => ({
  attrs: { heads },
  inputs: { logits: { shape: [rows, width] }, labels: { shape: [rows, width], draw: "oneHot" } },
});
const oneRow = (rows: number, classes: number): OperatorForm => ({
  attrs: {},
  inputs: { x: { shape: [rows, classes] } },
});

export const softmaxCrossEntropyCases: readonly OperatorCase[] = [
  {
    op: "softmaxCrossEntropy",
    name: "eight_heads",
    of: "the multi-task heads",
    isQuick: true,
    real: eightHeads(16),
    small: eightHeads(5),
    passes: { forward: [], gradient: ["logits"] },
    upstream: ["loss"],
  },
  {
    op: "softmax",
    name: "1000_classes",
    of: "ImageNet's top",
    isQuick: false,
    real: oneRow(32, 1000),
    small: oneRow(3, 40),
    passes: { forward: [], gradient: ["x"] },
  },
];
