// maxPool2d: y[n,p,q,c] = the largest x[n,h,w,c] of window (p, q); padding is never the maximum. x [N, H, W, C].
// Gradient: dy goes to the first maximum of its window in row-major order, which is recomputed from x.

import forwardShader from "../../../shaders/pooling/max_forward.wgsl";
import gradientShader from "../../../shaders/pooling/max_gradient.wgsl";
import placesShader from "../../../shaders/pooling/max_places.wgsl";
import { WeftError } from "../../base/errors.ts";
import { byteSize, elementCount } from "../../base/tensors.ts";
import { computeAgain, defineOperator, typeOf } from "../../graph/operator.ts";
import { channelLanes, singleLanes } from "../common/lanes.ts";
import type { ResolvedWindows } from "../common/windows.ts";
import { inferPool, type PoolAttributes, poolAttributes, poolUniforms, poolWorkgroups } from "./pooling.ts";

/** Positions within a window are bytes in the vec4 form of the gradient. */
const MOST_PLACES = 256;

/** Gradient of maxPool2d by x: dy goes to the first maximum of its window. */
export const maxPool2dGradient = defineOperator<PoolAttributes>({
  name: "maxPool2dGradient",
  inputs: ["x", "dy"],
  attributes: poolAttributes,
  infer: (inputs) => ({ dx: typeOf(inputs, "x") }),
  lower({ attrs, input, output, workspace, dispatch }) {
    const x = input("x");
    const dy = input("dy");
    const dx = output("dx");
    const [N = 0, P = 0, Q = 0, C = 0] = dy.shape;
    const isLarge = attrs.size[0] * attrs.size[1] > MOST_PLACES;
    const lanes = isLarge ? singleLanes(C) : channelLanes(C);
    const { conditions } = lanes;
    const places = workspace("places", { shape: [N, P, Q, lanes.lanes], dtype: "u32" });
    const uniforms = poolUniforms("maxPool2d", x.shape, attrs, lanes);
    dispatch(
      { name: "pooling/max_places", source: placesShader, conditions },
      { tensors: { x, places }, uniforms, workgroups: poolWorkgroups(dy.shape, lanes) },
    );
    dispatch(
      { name: "pooling/max_gradient", source: gradientShader, conditions },
      { tensors: { dy, places, dx }, uniforms, workgroups: poolWorkgroups(dx.shape, lanes) },
    );
  },
  cost(inputs, _outputs, attrs) {
    const x = typeOf(inputs, "x");
    const dy = typeOf(inputs, "dy");
    const flops = 2 * attrs.size[0] * attrs.size[1] * elementCount(dy.shape);
    return { flops, bytes: 2 * byteSize(x) + byteSize(dy) };
  },
});

/** The largest value of each window: x [N, H, W, C] to y [N, P, Q, C]. Padding never wins. */
export const maxPool2d = defineOperator<PoolAttributes>({
  name: "maxPool2d",
  recompute: computeAgain,
  inputs: ["x"],
  attributes: poolAttributes,
  infer(inputs, attrs) {
    const { y, windows } = inferPool("maxPool2d", inputs, attrs);
    requirePixels(windows, attrs);
    return { y };
  },
  gradient: ({ graph, attrs, input, dOutput }) => ({
    x: graph.applyOne(maxPool2dGradient, { x: input("x"), dy: dOutput("y") }, { ...attrs }),
  }),
  lower({ attrs, input, output, dispatch }) {
    const x = input("x");
    const y = output("y");
    const lanes = channelLanes(x.shape[3] ?? 0);
    dispatch(
      { name: "pooling/max_forward", source: forwardShader, conditions: lanes.conditions },
      {
        tensors: { x, y },
        uniforms: poolUniforms("maxPool2d", x.shape, attrs, lanes),
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

/** @throws WeftError if the outermost windows lie in the padding alone: they have no maximum. */
function requirePixels(
  { top, bottom, left, right }: ResolvedWindows,
  { size, padding }: PoolAttributes,
): void {
  if (Math.max(top, bottom) < size[0] && Math.max(left, right) < size[1]) return;
  throw new WeftError(
    `maxPool2d: padding expects less than the window of ${size.join(" x ")} on every side, ` +
      `received ${JSON.stringify(padding)}`,
  );
}
