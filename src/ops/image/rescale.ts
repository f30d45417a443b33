// rescale: y[…, c] = scale_c x[…, c] + offset_c, for images of at most four channels. Gradient: dx = scale dy.

import shader from "../../../shaders/image/rescale.wgsl";
import { WeftError } from "../../base/errors.ts";
import { byteSize, elementCount, shapeText } from "../../base/tensors.ts";
import { computeAgain, defineOperator, type Operator, typeOf } from "../../graph/operator.ts";
import { elementWorkgroups } from "../common/lanes.ts";

interface RescaleAttributes {
  /** One per channel. */
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/** The size of a uniform vector. */
const MOST_CHANNELS = 4;

/** A vec4 of the first values. */
function vector(values: readonly number[]): readonly [number, number, number, number] {
  const [a = 0, b = 0, c = 0, d = 0] = values;
  return [a, b, c, d];
}

/** y[…, c] = scale[c] · x[…, c] + offset[c], for at most four channels. */
export const rescale: Operator<RescaleAttributes> = defineOperator<RescaleAttributes>({
  name: "rescale",
  recompute: computeAgain,
  inputs: ["x"],
  attributes: (read) => ({ scale: read.numbers("scale"), offset: read.numbers("offset") }),
  infer(inputs, { scale, offset }) {
    const x = typeOf(inputs, "x");
    const channels = x.shape.at(-1) ?? 0;
    if (channels > MOST_CHANNELS || scale.length !== channels || offset.length !== channels) {
      throw new WeftError(
        `rescale: expects at most ${MOST_CHANNELS} channels with a scale and an offset each, ` +
          `received ${scale.length} and ${offset.length} for ${shapeText(x.shape)}`,
      );
    }
    return { y: x };
  },
  gradient({ graph, attrs, dOutput }) {
    const dy = dOutput("y");
    const offset = attrs.offset.map(() => 0);
    return dy ? { x: graph.applyOne(rescale, { x: dy }, { scale: attrs.scale, offset }) } : {};
  },
  lower({ attrs, input, output, dispatch }) {
    const y = output("y");
    const count = elementCount(y.shape);
    dispatch(
      { name: "image/rescale", source: shader },
      {
        tensors: { x: input("x"), y },
        uniforms: {
          scale: vector(attrs.scale),
          offset: vector(attrs.offset),
          count,
          channels: y.shape.at(-1) ?? 1,
        },
        workgroups: elementWorkgroups(count),
      },
    );
  },
  cost(inputs) {
    const x = typeOf(inputs, "x");
    return { flops: 2 * elementCount(x.shape), bytes: 2 * byteSize(x) };
  },
});
