// softmaxCrossEntropy: the masked loss and accuracy of one or several heads in one kernel.
//   loss[h] = -Σ labels · log softmax(logits) / M over the M valid rows; an all-zero label row adds 0
//   accuracy[2h], [2h + 1] = number of correct rows, number of labelled rows
// Gradient: dlogits = dloss[h] / M · (softmax(logits) · Σ labels - labels), the exact derivative: 0 for a row
// without a label.

import gradientShader from "../../../shaders/loss/cross_entropy_gradient.wesl";
import rowsShader from "../../../shaders/loss/cross_entropy_rows.wesl";
import sumShader from "../../../shaders/loss/cross_entropy_sum.wesl";
import { WeftError } from "../../base/errors.ts";
import {
  byteSize,
  elementCount,
  requireRank,
  sameShape,
  shapeText,
  type TensorType,
} from "../../base/tensors.ts";
import { defineOperator, type Lowering, type TypesByRole, typeOf } from "../../graph/operator.ts";

interface CrossEntropyAttrs {
  /** Classes of each head; the heads are concatenated in the columns. Empty: one head has all columns. */
  readonly heads: readonly number[];
}

function headSizes(
  inputs: TypesByRole,
  { heads }: CrossEntropyAttrs,
): { rows: number; width: number; heads: readonly number[] } {
  const logits = typeOf(inputs, "logits");
  const labels = typeOf(inputs, "labels");
  const [rows = 0, width = 0] = requireRank("softmaxCrossEntropy", "logits", logits.shape, 2);
  if (!sameShape(logits.shape, labels.shape)) {
    throw new WeftError(
      `softmaxCrossEntropy: logits are ${shapeText(logits.shape)} but labels are ${shapeText(labels.shape)}`,
    );
  }
  const sizes = heads.length > 0 ? heads : [width];
  const sum = sizes.reduce((total, size) => total + size, 0);
  if (sum !== width) {
    throw new WeftError(
      `softmaxCrossEntropy: heads [${sizes.join(",")}] have ${sum} classes but logits have ${width}`,
    );
  }
  return { rows, width, heads: sizes };
}

function headOffsets(l: Lowering<CrossEntropyAttrs>, heads: readonly number[]) {
  const offsets = [0];
  for (const size of heads) offsets.push((offsets.at(-1) ?? 0) + size);
  return l.constant("head offsets", offsets, "u32");
}

/**
 * Loss [heads] and accuracy [2 · heads] of logits [N, K] and one-hot labels [N, K], a softmax for each of `heads` (the
 * numbers of classes; one head of K by default). A row without a label adds nothing. Each head's loss is divided by the
 * valid rows.
 */
export const softmaxCrossEntropy = defineOperator<CrossEntropyAttrs>({
  name: "softmaxCrossEntropy",
  inputs: ["logits", "labels", "validRows?"],
  attributes: (read) => ({ heads: read.wholeNumbers("heads", []) }),
  infer(inputs, attrs) {
    const { heads } = headSizes(inputs, attrs);
    const vector = (length: number): TensorType => ({ shape: [length], dtype: "f32" });
    return { loss: vector(heads.length), accuracy: vector(2 * heads.length) };
  },
  gradient({ graph, attrs, input, hasInput, dOutput }) {
    const dloss = dOutput("loss");
    if (!dloss) return {};
    const validRows = hasInput("validRows") ? input("validRows") : undefined;
    const inputs = { dloss, logits: input("logits"), labels: input("labels"), validRows };
    return { logits: graph.applyOne(softmaxCrossEntropyGradient, inputs, { heads: attrs.heads }) };
  },
  lower(l) {
    const logits = l.input("logits");
    const labels = l.input("labels");
    const { rows, width, heads } = headSizes({ logits, labels }, l.attrs);
    const rowValues = l.workspace("row values", { shape: [rows, heads.length, 3], dtype: "f32" });
    l.dispatch(
      { name: "loss/cross_entropy_rows", source: rowsShader },
      {
        tensors: { logits, labels, offsets: headOffsets(l, heads), row_values: rowValues },
        uniforms: { rows, width, heads: heads.length },
        workgroups: Math.ceil((rows * heads.length) / 64),
      },
    );
    l.dispatch(
      { name: "loss/cross_entropy_sum", source: sumShader },
      {
        tensors: {
          row_values: rowValues,
          valid_rows: l.hasInput("validRows")
            ? l.input("validRows")
            : l.constant("valid rows", [rows], "u32"),
          loss: l.output("loss"),
          accuracy: l.output("accuracy"),
        },
        uniforms: { heads: heads.length, rows },
        workgroups: Math.ceil(heads.length / 64),
      },
    );
  },
  cost(inputs) {
    const logits = typeOf(inputs, "logits");
    return { flops: 6 * elementCount(logits.shape), bytes: 2 * byteSize(logits) };
  },
});

/** Gradient of softmaxCrossEntropy with respect to the logits. */
export const softmaxCrossEntropyGradient = defineOperator<CrossEntropyAttrs>({
  name: "softmaxCrossEntropyGradient",
  inputs: ["dloss", "logits", "labels", "validRows?"],
  attributes: (read) => ({ heads: read.wholeNumbers("heads", []) }),
  infer: (inputs) => ({ dlogits: typeOf(inputs, "logits") }),
  lower(l) {
    const logits = l.input("logits");
    const labels = l.input("labels");
    const { rows, width, heads } = headSizes({ logits, labels }, l.attrs);
    l.dispatch(
      { name: "loss/cross_entropy_gradient", source: gradientShader },
      {
        tensors: {
          logits,
          labels,
          offsets: headOffsets(l, heads),
          valid_rows: l.hasInput("validRows")
            ? l.input("validRows")
            : l.constant("valid rows", [rows], "u32"),
          dloss: l.input("dloss"),
          dlogits: l.output("dlogits"),
        },
        uniforms: { rows, width, heads: heads.length },
        workgroups: Math.ceil((rows * heads.length) / 64),
      },
    );
  },
  cost(inputs) {
    const logits = typeOf(inputs, "logits");
    return { flops: 8 * elementCount(logits.shape), bytes: 3 * byteSize(logits) };
  },
});
