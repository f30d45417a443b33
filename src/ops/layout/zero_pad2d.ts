// zeroPad2d: y = x with rows and columns of zeros around each image; amounts [[top, bottom], [left, right]].
// Gradient: dy cropped by the same amounts. crop2d is the reverse, and each is the gradient of the other.

import shiftShader from "../../../shaders/layout/shift.wgsl";
import { WeftError } from "../../base/errors.ts";
import { byteSize, shapeText } from "../../base/tensors.ts";
import type { Tensor } from "../../graph/graph.ts";
import {
  type Cost,
  computeAgain,
  defineOperator,
  type Lowering,
  type Operator,
  type TypesByRole,
  typeOf,
} from "../../graph/operator.ts";
import { lanesFor, rowWorkgroups } from "../common/lanes.ts";
import { imageSizes } from "../common/shapes.ts";

interface AmountAttributes {
  readonly amounts: readonly [readonly [number, number], readonly [number, number]];
}

/**
 * x [N, H, W, C] with rows and columns of zeros around each image: `amounts` [[top, bottom], [left, right]].
 */
export const zeroPad2d: Operator<AmountAttributes> = defineOperator<AmountAttributes>({
  name: "zeroPad2d",
  recompute: computeAgain,
  inputs: ["x"],
  attributes: (read) => ({ amounts: read.amounts("amounts") }),
  infer(inputs, { amounts: [[top, bottom], [left, right]] }) {
    const { N, H, W, C } = imageSizes("zeroPad2d", inputs, "x");
    return { y: { shape: [N, H + top + bottom, W + left + right, C], dtype: typeOf(inputs, "x").dtype } };
  },
  gradient: ({ graph, attrs, dOutput }) => ({ x: graph.applyOne(crop2d, { x: dOutput("y") }, { ...attrs }) }),
  lower(lowering) {
    const { attrs, input, output } = lowering;
    const [[top], [left]] = attrs.amounts;
    lowerShift(lowering, input("x"), output("y"), [-top, -left]);
  },
  cost: movedBytes,
});

/** x [N, H, W, C] without rows and columns at its edges: `amounts` [[top, bottom], [left, right]]. */
export const crop2d: Operator<AmountAttributes> = defineOperator<AmountAttributes>({
  name: "crop2d",
  recompute: computeAgain,
  inputs: ["x"],
  attributes: (read) => ({ amounts: read.amounts("amounts") }),
  infer(inputs, { amounts }) {
    const { N, H, W, C } = imageSizes("crop2d", inputs, "x");
    const [[top, bottom], [left, right]] = amounts;
    const P = H - top - bottom;
    const Q = W - left - right;
    if (P < 1 || Q < 1) {
      throw new WeftError(
        `crop2d: amounts ${JSON.stringify(amounts)} leave nothing of x ${shapeText([N, H, W, C])}`,
      );
    }
    return { y: { shape: [N, P, Q, C], dtype: typeOf(inputs, "x").dtype } };
  },
  gradient: ({ graph, attrs, dOutput }) => ({
    x: graph.applyOne(zeroPad2d, { x: dOutput("y") }, { ...attrs }),
  }),
  lower(lowering) {
    const { attrs, input, output } = lowering;
    const [[top], [left]] = attrs.amounts;
    lowerShift(lowering, input("x"), output("y"), [top, left]);
  },
  cost: movedBytes,
});

function lowerShift(
  { dispatch }: Lowering<object>,
  x: Tensor,
  y: Tensor,
  shift: readonly [number, number],
): void {
  const { width, conditions } = lanesFor(x.shape[3] ?? 0);
  dispatch(
    { name: "layout/shift", source: shiftShader, conditions },
    {
      tensors: { x, y },
      uniforms: {
        image: x.shape.slice(1, 3),
        output: y.shape.slice(1, 3),
        shift,
        channels: (x.shape[3] ?? 0) / width,
      },
      workgroups: rowWorkgroups(y.shape, width, 4),
    },
  );
}

function movedBytes(inputs: TypesByRole, outputs: TypesByRole): Cost {
  const sizes = [byteSize(typeOf(inputs, "x")), byteSize(typeOf(outputs, "y"))] as const;
  return { flops: 0, bytes: Math.min(...sizes) + sizes[1] };
}
