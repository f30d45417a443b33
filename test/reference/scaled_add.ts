// scaledAdd: y = x + scale * r.
import { uniform } from "./draw.ts";
import { type Attributes, type OperatorRecord, type Sample, the } from "./reference.ts";

const scaleOf = (attrs: Attributes) => attrs.scale as number;

function sample(shape: readonly number[], scale: number): Sample {
  const name = `[${shape.join(",")}] scale ${scale}`;
  const inputs = { x: uniform(`scaledAdd/${name}/x`, shape), r: uniform(`scaledAdd/${name}/r`, shape) };
  return { name, attrs: { scale }, inputs };
}

export const scaledAdd: OperatorRecord = {
  op: "scaledAdd",
  differentiable: ["x", "r"],
  upstream: ["y"],
  samples: () => [
    sample([1, 1], 0.5),
    sample([5, 33], 1),
    sample([1, 7, 5, 3], 0.17),
    sample([2, 4, 4, 8], 0.1),
    sample([3, 5, 3, 13], -2),
    sample([2, 3, 5, 7], 0),
    sample([3, 17, 19, 24], 0.2),
  ],
  badInputs: [
    {
      name: "r of another shape",
      attrs: { scale: 0.1 },
      inputs: { x: [2, 4, 4, 8], r: [2, 4, 4, 7] },
      message: /scaledAdd.*\br\b/,
    },
  ],
  forward(inputs, attrs) {
    const x = the(inputs, "x");
    const r = the(inputs, "r").data;
    return { y: { shape: x.shape, data: x.data.map((value, i) => value + scaleOf(attrs) * r[i]!) } };
  },
  gradient(_inputs, attrs, dOutputs) {
    const dy = the(dOutputs, "dy");
    return { dx: dy, dr: { shape: dy.shape, data: dy.data.map((value) => scaleOf(attrs) * value) } };
  },
};
