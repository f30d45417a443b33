// The elements that peers are checked on, against the operators' float64 references.
import { describe, expect, it } from "vitest";
import {
  geometryOf,
  type OperatorWork,
  operatorTensors,
  resultShape,
  sampleResult,
} from "../../../kernels-bench/peers/operators.ts";
import { the, type Values } from "../../../src/ops/common/definition.ts";
import { avgPool2d } from "../../reference/avg_pool2d.ts";
import { conv2d } from "../../reference/conv2d.ts";
import { depthwiseConv2d } from "../../reference/depthwise_conv2d.ts";
import { maxPool2d } from "../../reference/max_pool2d.ts";
import type { OperatorRecord } from "../../reference/reference.ts";

const RECORDS: Readonly<Record<OperatorWork["op"], OperatorRecord>> = {
  conv2d,
  depthwiseConv2d,
  maxPool2d,
  avgPool2d,
};

const image = { x: [2, 9, 7, 3], strides: [2, 1] } as const;
const convolution = { kind: "operator", op: "conv2d", ...image, w: [3, 2, 3, 4] } as const;
const depthwise = { kind: "operator", op: "depthwiseConv2d", ...image, w: [3, 5, 3, 1] } as const;
const pool = { kind: "operator", ...image, size: [3, 2] } as const;
const framed = [
  [1, 2],
  [0, 1],
] as const;

const WORKS: readonly OperatorWork[] = (["same", "valid", framed] as const).flatMap((padding) => [
  ...(["forward", "dataGradient", "weightGradient"] as const).flatMap((pass) => [
    { ...convolution, pass, padding },
    { ...depthwise, pass, padding },
  ]),
  ...(["forward", "gradient"] as const).flatMap((pass) => [
    { ...pool, op: "maxPool2d" as const, pass, padding },
    { ...pool, op: "avgPool2d" as const, pass, padding },
  ]),
]);

const RESULTS = { forward: "y", dataGradient: "dx", gradient: "dx", weightGradient: "dw" } as const;

function reference(work: OperatorWork): Values {
  const geometry = geometryOf(work);
  const tensors = operatorTensors(geometry);
  const values = (shape: readonly number[], data: Float32Array) => ({ shape, data: Float64Array.from(data) });
  const { op, pass, size, strides, padding } = work;
  const inputs = {
    x: values(geometry.x, tensors.x),
    ...(size === undefined && { w: values(geometry.w, tensors.w) }),
  };
  const attrs = {
    strides,
    padding,
    dilations: [1, 1],
    groups: 1,
    countIncludePad: false,
    ...(size && { size }),
  };
  const record = RECORDS[op];
  if (pass === "forward") return the(record.forward(inputs, attrs), "y");
  const dy = values(geometry.y, tensors.dy);
  return the(record.gradient?.(inputs, attrs, { dy }) ?? {}, RESULTS[pass]);
}

describe("the elements that peers are checked on", () => {
  it.each(WORKS.map((work) => [`${work.op} ${work.pass} ${JSON.stringify(work.padding)}`, work] as const))(
    "are the reference's: %s",
    (_, work) => {
      const geometry = geometryOf(work);
      const wanted = reference(work);
      expect(resultShape(geometry)).toEqual([...wanted.shape]);
      const samples = sampleResult(geometry, operatorTensors(geometry), 60);
      for (const { index, value } of samples) expect(value).toBeCloseTo(wanted.data[index] ?? Number.NaN, 10);
    },
  );
});
