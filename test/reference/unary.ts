// What the element-wise activations share: samples of every tail, and the gradient by the chain rule.
import { exactly, uniformAwayFrom } from "./draw.ts";
import { type OperatorRecord, type Sample, the } from "./reference.ts";

/** Shapes that leave tails of 1-, 4-, 8-, 16- and 64-wide kernels, and one of several workgroups. */
const SHAPES: readonly (readonly number[])[] = [
  [1, 1],
  [3, 5],
  [4, 16],
  [5, 33],
  [1, 3, 5, 1],
  [2, 7, 3, 13],
  [3, 17, 19, 13],
];

export interface UnaryRule {
  readonly op: string;
  /** y of x. */
  readonly value: (x: number) => number;
  /** dy/dx at x; at a kink what TensorFlow takes. */
  readonly slope: (x: number) => number;
  readonly range: readonly [number, number];
  readonly kinks: readonly number[];
  /** Far out on both sides, where a careless form overflows. */
  readonly extremes: readonly number[];
}

/** The record of an element-wise operator y = f(x). */
export function unaryRecord(rule: UnaryRule): OperatorRecord {
  return {
    op: rule.op,
    differentiable: ["x"],
    upstream: ["y"],
    samples: () => unarySamples(rule),
    forward(inputs) {
      const x = the(inputs, "x");
      return { y: { shape: x.shape, data: x.data.map(rule.value) } };
    },
    gradient(inputs, _attrs, dOutputs) {
      const x = the(inputs, "x");
      const dy = the(dOutputs, "dy");
      return { dx: { shape: x.shape, data: x.data.map((value, i) => rule.slope(value) * dy.data[i]!) } };
    },
  };
}

function unarySamples({ op, range, kinks, extremes }: UnaryRule): Sample[] {
  const samples: Sample[] = SHAPES.map((shape) => {
    const name = `[${shape.join(",")}]`;
    return { name, attrs: {}, inputs: { x: uniformAwayFrom(`${op}${name}`, shape, range, kinks) } };
  });
  const far = { x: exactly([1, extremes.length], extremes) };
  samples.push({ name: "far from zero", attrs: {}, inputs: far });
  if (kinks.length > 0) {
    const x = exactly([1, kinks.length], kinks);
    samples.push({ name: "exactly on the kinks", attrs: {}, inputs: { x }, onKink: true });
  }
  return samples;
}
