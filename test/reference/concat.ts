// concat: x0, x1, … one after the other along the axis; a negative axis counts from the last. The gradient
// is cut at the same places.
import { uniform } from "./draw.ts";
import {
  type Attributes,
  type NamedValues,
  type OperatorRecord,
  type Sample,
  sizeOf,
  the,
  type Values,
  zeros,
} from "./reference.ts";

/** x0, x1, … in order. */
function partsOf(inputs: NamedValues): Values[] {
  const parts: Values[] = [];
  for (let i = 0; inputs[`x${i}`]; i++) parts.push(the(inputs, `x${i}`));
  return parts;
}

/** Calls visit(part, element of the part, element of y) for every element; returns the shape of y. */
function walk(
  inputs: NamedValues,
  attrs: Attributes,
  visit: (part: number, from: number, to: number) => void,
) {
  const parts = partsOf(inputs);
  const first = the(inputs, "x0").shape;
  const axis = (attrs.axis as number) < 0 ? (attrs.axis as number) + first.length : (attrs.axis as number);
  const inner = sizeOf(first.slice(axis + 1));
  const total = parts.reduce((sum, part) => sum + part.shape[axis]!, 0);
  let offset = 0;
  parts.forEach((part, index) => {
    const length = part.shape[axis]!;
    for (let i = 0; i < part.data.length; i++) {
      const outer = Math.floor(i / (length * inner));
      visit(index, i, (outer * total + offset) * inner + (i % (length * inner)));
    }
    offset += length;
  });
  return first.map((size, dimension) => (dimension === axis ? total : size));
}

function sample(name: string, axis: number, shapes: readonly (readonly number[])[]): Sample {
  const tensors = shapes.map((shape, i) => [`x${i}`, uniform(`concat/${name}/x${i}`, shape)]);
  return { name, attrs: { axis }, inputs: Object.fromEntries(tensors) };
}

const channels = (shape: readonly number[], counts: readonly number[]) =>
  counts.map((count) => [...shape, count]);

export const concat: OperatorRecord = {
  op: "concat",
  differentiable: Array.from({ length: 16 }, (_, i) => `x${i}`),
  upstream: ["y"],
  samples: () => [
    sample("two along channels", 3, channels([2, 3, 5], [3, 7])),
    sample("vectors of four", 3, channels([1, 4, 4], [8, 16])),
    sample("axis -1", -1, channels([2, 5, 3], [1, 13, 4])),
    sample("rank 2", 1, channels([5], [8, 5, 6])),
    sample("rank 2, axis -1", -1, channels([3], [33, 1])),
    sample("along the batch", 0, [
      [1, 3, 4, 5],
      [3, 3, 4, 5],
    ]),
    sample("along rows", 1, [
      [2, 3, 4, 5],
      [2, 1, 4, 5],
      [2, 6, 4, 5],
    ]),
    sample("along columns", 2, [
      [2, 3, 7, 4],
      [2, 3, 2, 4],
    ]),
    sample("a single input", 3, channels([2, 3, 3], [5])),
    sample(
      "ten inputs, more than a stage's storage buffers",
      3,
      channels([1, 3, 3], [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]),
    ),
    sample("several workgroups", 3, channels([2, 17, 19], [12, 16, 5])),
  ],
  badInputs: [
    {
      name: "other rows",
      attrs: { axis: 3 },
      inputs: { x0: [1, 3, 3, 4], x1: [1, 2, 3, 4] },
      message: /concat.*\bx1\b/,
    },
    {
      name: "another rank",
      attrs: { axis: 1 },
      inputs: { x0: [3, 4], x1: [3, 4, 1] },
      message: /concat.*\bx1\b/,
    },
    {
      name: "an axis out of range",
      attrs: { axis: 4 },
      inputs: { x0: [1, 3, 3, 4], x1: [1, 3, 3, 4] },
      message: /concat.*axis/,
    },
  ],
  forward(inputs, attrs) {
    const parts = partsOf(inputs);
    const y = zeros(walk(inputs, attrs, () => {}));
    walk(inputs, attrs, (part, from, to) => {
      y.data[to] = parts[part]!.data[from]!;
    });
    return { y };
  },
  gradient(inputs, attrs, dOutputs) {
    const dy = the(dOutputs, "dy").data;
    const gradients = partsOf(inputs).map((part) => zeros(part.shape));
    walk(inputs, attrs, (part, from, to) => {
      gradients[part]!.data[from] = dy[to]!;
    });
    return Object.fromEntries(gradients.map((values, i) => [`dx${i}`, values]));
  },
};
