// avgPool2d: y[n,p,q,c] = mean of x[n,h,w,c] over window (p, q); padding counts only with countIncludePad.
// Gradient: dx[n,h,w,c] = sum of dy[n,p,q,c] / count(p, q) over the windows that cover (h, w).

import forwardShader from "../../../shaders/pooling/avg_forward.wgsl";
import gradientShader from "../../../shaders/pooling/avg_gradient.wgsl";
import { byteSize, elementCount } from "../../base/tensors.ts";
import type { AttributeReader } from "../../graph/attributes.ts";
import { computeAgain, defineOperator, typeOf } from "../../graph/operator.ts";
import { channelLanes } from "../common/lanes.ts";
import { inferPool, type PoolAttributes, poolAttributes, poolUniforms, poolWorkgroups } from "./pooling.ts";

interface AvgPoolAttributes extends PoolAttributes {
  /** Whether the mean is over the whole window, including its part in the padding. */
  readonly countIncludePad: boolean;
}

const attributes = (read: AttributeReader): AvgPoolAttributes => ({
  ...poolAttributes(read),
  countIncludePad: read.boolean("countIncludePad", false),
});

/** Gradient of avgPool2d by x. */
export const avgPool2dGradient = defineOperator<
  AvgPoolAttributes & { readonly imageSize: readonly [number, number] }
>({
  name: "avgPool2dGradient",
  inputs: ["dy"],
  attributes: (read) => ({
    ...attributes(read),
    /** Rows and columns of x. */
    imageSize: read.pair("imageSize"),
  }),
  infer(inputs, { imageSize }) {
    const { shape, dtype } = typeOf(inputs, "dy");
    return { dx: { shape: [shape[0] ?? 0, ...imageSize, shape[3] ?? 0], dtype } };
  },
  lower({ attrs, input, output, dispatch }) {
    const dx = output("dx");
    const lanes = channelLanes(dx.shape[3] ?? 0);
    const uniforms = poolUniforms("avgPool2d", dx.shape, attrs, lanes);
    dispatch(
      { name: "pooling/avg_gradient", source: gradientShader, conditions: lanes.conditions },
      {
        tensors: { dy: input("dy"), dx },
        uniforms: { ...uniforms, counts_padding: attrs.countIncludePad ? 1 : 0 },
        workgroups: poolWorkgroups(dx.shape, lanes),
      },
    );
  },
  cost: (inputs, outputs, attrs) => ({
    flops: 2 * attrs.size[0] * attrs.size[1] * elementCount(typeOf(inputs, "dy").shape),
    bytes: byteSize(typeOf(inputs, "dy")) + byteSize(typeOf(outputs, "dx")),
  }),
});

/** Mean over windows: x [N, H, W, C] to y [N, P, Q, C]. Padding counts only with `countIncludePad`. */
export const avgPool2d = defineOperator<AvgPoolAttributes>({
  name: "avgPool2d",
  recompute: computeAgain,
  inputs: ["x"],
  attributes,
  infer: (inputs, attrs) => ({ y: inferPool("avgPool2d", inputs, attrs).y }),
  gradient({ graph, attrs, input, dOutput }) {
    const [, H = 0, W = 0] = input("x").shape;
    return { x: graph.applyOne(avgPool2dGradient, { dy: dOutput("y") }, { ...attrs, imageSize: [H, W] }) };
  },
  lower({ attrs, input, output, dispatch }) {
    const x = input("x");
    const y = output("y");
    const lanes = channelLanes(x.shape[3] ?? 0);
    const uniforms = poolUniforms("avgPool2d", x.shape, attrs, lanes);
    dispatch(
      { name: "pooling/avg_forward", source: forwardShader, conditions: lanes.conditions },
      {
        tensors: { x, y },
        uniforms: { ...uniforms, counts_padding: attrs.countIncludePad ? 1 : 0 },
        workgroups: poolWorkgroups(y.shape, lanes),
      },
    );
  },
  cost(inputs, outputs, attrs) {
    const y = typeOf(outputs, "y");
    const flops = attrs.size[0] * attrs.size[1] * elementCount(y.shape);
    return { flops, bytes: byteSize(typeOf(inputs, "x")) + byteSize(y) };
  },
});
