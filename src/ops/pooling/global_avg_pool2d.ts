// globalAvgPool2d: y[n,c] = mean over pixels of x[n,h,w,c]; x [N, H, W, C], y [N, C] in f32.
// Gradient: dx[n,h,w,c] = dy[n,c] / (H W).

import { WeftError } from "../../base/errors.ts";
import { byteSize, elementCount, shapeText } from "../../base/tensors.ts";
import { defineOperator, noAttributes, typeOf } from "../../graph/operator.ts";
import { imageSizes } from "../common/shapes.ts";
import { floatTypeOf } from "../mixed_precision/cast.ts";
import { lowerSpaceSum, spreadOverSpace } from "../reduce/sum_over_space.ts";

/** Mean over all pixels: x [N, H, W, C] to y [N, C], f32. */
export const globalAvgPool2d = defineOperator({
  name: "globalAvgPool2d",
  inputs: ["x"],
  attributes: noAttributes,
  infer(inputs) {
    const { N, H, W, C } = imageSizes("globalAvgPool2d", inputs, "x");
    if (H * W === 0)
      throw new WeftError(`globalAvgPool2d: x ${shapeText([N, H, W, C])} has no pixels to average`);
    return { y: { shape: [N, C], dtype: "f32" } };
  },
  gradient({ graph, input, dOutput }) {
    const x = input("x");
    const [, H = 1, W = 1] = x.shape;
    const attrs = { size: [H, W], scale: 1 / (H * W), dtype: floatTypeOf(x) } as const;
    return { x: graph.applyOne(spreadOverSpace, { x: dOutput("y") }, attrs) };
  },
  lower(lowering) {
    const { input, output } = lowering;
    const x = input("x");
    const [, H = 1, W = 1] = x.shape;
    lowerSpaceSum(lowering, { x, r: undefined, y: output("y"), scale: 1 / (H * W) });
  },
  cost(inputs, outputs) {
    const x = typeOf(inputs, "x");
    return { flops: elementCount(x.shape), bytes: byteSize(x) + byteSize(typeOf(outputs, "y")) };
  },
});
