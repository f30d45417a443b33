// The float64 references against values worked out by hand: paddings, ties, kinks, and what counts in a mean.
import { describe, expect, it } from "vitest";
import type { Attributes, NamedValues, Values } from "../../src/ops/common/definition.ts";
import { expectMatch } from "./compare.ts";
import { exactly } from "./draw.ts";
import { records } from "./records.ts";

/** The record's outputs, and the gradients where an upstream gradient is given. */
function run(op: string, attrs: Attributes, inputs: NamedValues, upstream?: NamedValues): NamedValues {
  const record = records.find((candidate) => candidate.op === op);
  if (!record) throw new Error(`no record for ${op}`);
  return {
    ...record.forward(inputs, attrs),
    ...(upstream && record.gradient?.(inputs, attrs, upstream)),
  };
}

const list = (values: Values | undefined) => Array.from(values?.data ?? []);
const image = (H: number, W: number, data: number[]) => exactly([1, H, W, 1], data);

describe("values worked out by hand", () => {
  it("conv2d: same padding puts the odd row and column after", () => {
    const x = image(2, 2, [1, 2, 3, 4]);
    const w = exactly([2, 2, 1, 1], [1, 10, 100, 1000]);
    const attrs = { strides: [1, 1], padding: "same", dilations: [1, 1], groups: 1 };
    expect(list(run("conv2d", attrs, { x, w }).y)).toEqual([4321, 402, 43, 4]);
  });

  it("conv2d: stride 2 with same padding on an even image starts at its first pixel", () => {
    const x = image(1, 4, [1, 2, 3, 4]);
    const w = exactly([1, 3, 1, 1], [1, 10, 100]);
    const attrs = { strides: [1, 2], padding: "same", dilations: [1, 1], groups: 1 };
    expect(list(run("conv2d", attrs, { x, w }).y)).toEqual([321, 43]);
  });

  it("conv2d: groups take their own channels", () => {
    const x = exactly([1, 1, 1, 4], [1, 2, 3, 4]);
    const w = exactly([1, 1, 2, 2], [1, 10, 100, 1000]);
    const attrs = { strides: [1, 1], padding: "valid", dilations: [1, 1], groups: 2 };
    expect(list(run("conv2d", attrs, { x, w }).y)).toEqual([201, 4030]);
  });

  it("depthwiseConv2d: output channel c * M + m", () => {
    const x = exactly([1, 1, 1, 2], [1, 2]);
    const w = exactly([1, 1, 2, 2], [1, 10, 100, 1000]);
    const attrs = { strides: [1, 1], padding: "valid", dilations: [1, 1] };
    expect(list(run("depthwiseConv2d", attrs, { x, w }).y)).toEqual([1, 10, 200, 2000]);
  });

  it("maxPool2d: the first of equal maxima takes the gradient, padding never wins", () => {
    const x = image(2, 3, [-5, -5, -9, -7, -5, -3]);
    const attrs = { size: [2, 2], strides: [1, 2], padding: "same" };
    const { y, dx } = run("maxPool2d", attrs, { x }, { dy: exactly([1, 2, 2, 1], [1, 10, 100, 1000]) });
    expect(list(y)).toEqual([-5, -3, -5, -3]);
    expect(list(dx)).toEqual([1, 0, 0, 0, 100, 1010]);
  });

  it("globalMaxPool2d: the first of equal maxima takes the gradient", () => {
    const { y, dx } = run("globalMaxPool2d", {}, { x: image(1, 3, [1, 2, 2]) }, { dy: exactly([1, 1], [7]) });
    expect([list(y), list(dx)]).toEqual([[2], [0, 7, 0]]);
  });

  it("avgPool2d: padding is left out of the count, unless it is asked for", () => {
    const x = image(1, 3, [2, 4, 8]);
    const attrs = { size: [1, 2], strides: [1, 2], padding: "same" };
    expect(list(run("avgPool2d", attrs, { x }).y)).toEqual([3, 8]);
    expect(list(run("avgPool2d", { ...attrs, countIncludePad: true }, { x }).y)).toEqual([3, 4]);
  });

  it("batchNorm: biased variance, and rows beyond validRows do not count", () => {
    const inputs = {
      x: exactly([3, 1], [1, 3, 100]),
      movingMean: exactly([1], [10]),
      movingVariance: exactly([1], [10]),
      validRows: exactly([1], [2]),
    };
    const attrs = { training: true, epsilon: 0, momentum: 0.5 };
    const { y, newMovingMean, newMovingVariance, dx } = run("batchNorm", attrs, inputs, {
      dy: exactly([3, 1], [1, 2, 3]),
    });
    expect([list(y), list(newMovingMean), list(newMovingVariance)]).toEqual([[-1, 1, 98], [6], [5.5]]);
    expect(list(dx)).toEqual([0, 0, 0]);
  });

  it("activations on their kinks: the slope is 0", () => {
    const dy = exactly([2], [1, 1]);
    expect(list(run("relu", {}, { x: exactly([2], [0, 1]) }, { dy }).dx)).toEqual([0, 1]);
    expect(list(run("relu6", {}, { x: exactly([2], [0, 6]) }, { dy }).dx)).toEqual([0, 0]);
    expect(list(run("hardSigmoid", {}, { x: exactly([2], [-3, 3]) }, { dy }).dx)).toEqual([0, 0]);
    expect(list(run("hardSigmoid", {}, { x: exactly([2], [-1.5, 1.5]) }).y)).toEqual([0.25, 0.75]);
  });

  it("concat: along an inner axis", () => {
    const inputs = { x0: exactly([2, 1], [1, 2]), x1: exactly([2, 2], [3, 4, 5, 6]) };
    expect(list(run("concat", { axis: -1 }, inputs).y)).toEqual([1, 3, 4, 2, 5, 6]);
  });

  it("zeroPad2d and crop2d: amounts are top, bottom, left, right", () => {
    const padded = run(
      "zeroPad2d",
      {
        amounts: [
          [1, 0],
          [0, 2],
        ],
      },
      { x: image(1, 1, [5]) },
    ).y;
    expect([padded?.shape, list(padded)]).toEqual([
      [1, 2, 3, 1],
      [0, 0, 0, 5, 0, 0],
    ]);
    const cropped = run(
      "crop2d",
      {
        amounts: [
          [1, 0],
          [0, 2],
        ],
      },
      { x: image(2, 3, [1, 2, 3, 4, 5, 6]) },
    ).y;
    expect(list(cropped)).toEqual([4]);
  });

  it("softmaxCrossEntropy: a missing row adds nothing but counts in the mean", () => {
    const logits = exactly([2, 5], [0, 0, 3, 3, 3, 9, 1, 0, 0, 0]);
    const labels = exactly([2, 5], [0, 1, 1, 0, 0, 0, 0, 0, 0, 1]);
    const { loss, accuracy, dlogits } = run(
      "softmaxCrossEntropy",
      { heads: [2, 3] },
      { logits, labels },
      { dloss: exactly([2], [1, 2]) },
    );
    expectMatch("loss", loss!, { shape: [2], data: [Math.log(2) / 2, Math.log(3)] });
    expect(list(accuracy)).toEqual([0, 1, 1, 2]);
    const third = 1 / 3;
    const want = [0.25, -0.25, third - 1, third, third, 0, 0, third, third, third - 1];
    expectMatch("dlogits", dlogits!, { shape: [2, 5], data: want });
  });

  it("softmaxCrossEntropy: rows beyond validRows do not count, in the mean neither", () => {
    const inputs = {
      logits: exactly([3, 2], [1, 1, 2, 2, 5, 9]),
      labels: exactly([3, 2], [1, 0, 0, 0, 0, 1]),
      validRows: exactly([1], [2]),
    };
    const { loss, accuracy, dlogits } = run("softmaxCrossEntropy", {}, inputs, { dloss: exactly([1], [4]) });
    expectMatch("loss", loss!, { shape: [1], data: [Math.log(2) / 2] });
    expect(list(accuracy)).toEqual([1, 1]);
    expect(list(dlogits)).toEqual([-1, 1, 0, 0, 0, 0]);
  });

  it("adam: the first step moves by the learning rate against the gradient's sign", () => {
    const inputs = {
      param: exactly([2], [1, 1]),
      grad: exactly([2], [4, -0.5]),
      m: exactly([2], [0, 0]),
      v: exactly([2], [0, 0]),
    };
    const attrs = { step: 1, lr: 0.25, beta1: 0.9, beta2: 0.999, epsilon: 1e-9 };
    const { newParam, newM, newV } = run("adam", attrs, inputs);
    expectMatch("newParam", newParam!, { shape: [2], data: [0.75, 1.25] });
    expectMatch("newM", newM!, { shape: [2], data: [0.4, -0.05] });
    expectMatch("newV", newV!, { shape: [2], data: [0.016, 0.00025] });
  });

  it("resizeBilinear: with and without half pixel centers", () => {
    const x = image(1, 2, [0, 8]);
    expect(list(run("resizeBilinear", { size: [1, 4], halfPixelCenters: true }, { x }).y)).toEqual([
      0, 2, 6, 8,
    ]);
    expect(list(run("resizeBilinear", { size: [1, 4], halfPixelCenters: false }, { x }).y)).toEqual([
      0, 4, 8, 8,
    ]);
  });

  it("augmentAffine: nearest takes the edge, constant takes zero", () => {
    const inputs = { x: image(1, 3, [2, 4, 8]), transform: exactly([1, 6], [-1, 0, 2.5, 0, 1, 0]) };
    expect(list(run("augmentAffine", { fill: "nearest" }, inputs).y)).toEqual([8, 6, 3]);
    expect(list(run("augmentAffine", { fill: "constant" }, inputs).y)).toEqual([4, 6, 3]);
  });
});
