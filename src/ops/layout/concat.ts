// concat: y = x0, x1, … one after the other along an axis (negative: counted from the last). Gradient: slices of dy.

import copyShader from "../../../shaders/layout/copy_rows.wgsl";
import { WeftError } from "../../base/errors.ts";
import { byteSize, elementCount, type Shape, sameShape, shapeText } from "../../base/tensors.ts";
import type { Tensor } from "../../graph/graph.ts";
import {
  computeAgain,
  defineOperator,
  type Lowering,
  type TypesByRole,
  typeOf,
} from "../../graph/operator.ts";
import { lanesFor } from "../common/lanes.ts";

interface SliceAttributes {
  readonly axis: number;
  readonly start: number;
  readonly size: number;
}

/** y = `size` entries of x from `start` on, along `axis`. */
export const slice = defineOperator<SliceAttributes>({
  name: "slice",
  inputs: ["x"],
  attributes: (read) => ({
    axis: read.whole("axis"),
    start: read.whole("start"),
    size: read.whole("size", undefined, 1),
  }),
  infer(inputs, { axis, start, size }) {
    const { shape, dtype } = typeOf(inputs, "x");
    const length = shape[axis];
    if (length === undefined || start + size > length) {
      throw new WeftError(
        `slice: x ${shapeText(shape)} has no entries ${start} to ${start + size - 1} along axis ${axis}`,
      );
    }
    return { y: { shape: shape.with(axis, size), dtype } };
  },
  parts({ attrs: { axis, start }, inputs: { x }, outputs: { y } }) {
    if (!x || !y || axis !== x.shape.length - 1) return undefined;
    return { layout: "rows", whole: x, parts: [{ tensor: y, first: start }] };
  },
  lower(lowering) {
    const { attrs, input, output } = lowering;
    if (lowering.isPlaced(output("y"), input("x"))) return;
    copyAlong(lowering, attrs.axis, {
      from: input("x"),
      fromStart: attrs.start,
      to: output("y"),
      toStart: 0,
    });
  },
  cost: (_inputs, outputs) => ({ flops: 0, bytes: 2 * byteSize(typeOf(outputs, "y")) }),
});

interface ConcatAttributes {
  readonly axis: number;
}

/** Tensors x0, x1, … one after the other along `axis`, the last by default. */
export const concat = defineOperator<ConcatAttributes>({
  name: "concat",
  recompute: computeAgain,
  inputs: ["x*"],
  attributes: (read) => ({ axis: read.number("axis", -1) }),
  infer(inputs, { axis }) {
    const { shape, dtype } = typeOf(inputs, "x0");
    const along = axisOf(axis, shape);
    const roles = inOrder(Object.keys(inputs));
    const length = roles.reduce((sum, role) => sum + lengthOf(inputs, role, along), 0);
    return { y: { shape: shape.with(along, length), dtype } };
  },
  gradient({ graph, attrs, inputRoles, input, dOutput, wants }) {
    const axis = axisOf(attrs.axis, input("x0").shape);
    let start = 0;
    const gradients: Record<string, Tensor> = {};
    for (const role of inOrder(inputRoles)) {
      const size = input(role).shape[axis] ?? 0;
      if (wants(role)) gradients[role] = graph.applyOne(slice, { x: dOutput("y") }, { axis, start, size });
      start += size;
    }
    return gradients;
  },
  parts({ attrs, inputs, outputs: { y } }) {
    if (!y || axisOf(attrs.axis, y.shape) !== y.shape.length - 1) return undefined;
    let first = 0;
    const parts = inOrder(Object.keys(inputs)).flatMap((role) => {
      const tensor = inputs[role];
      if (!tensor) return [];
      const part = { tensor, first };
      first += tensor.shape.at(-1) ?? 0;
      return [part];
    });
    return { layout: "rows", whole: y, parts };
  },
  lower(lowering) {
    const { attrs, inputRoles, input, output } = lowering;
    const axis = axisOf(attrs.axis, output("y").shape);
    let toStart = 0;
    for (const role of inOrder(inputRoles)) {
      const from = input(role);
      if (!lowering.isPlaced(from, output("y")))
        copyAlong(lowering, axis, { from, fromStart: 0, to: output("y"), toStart });
      toStart += from.shape[axis] ?? 0;
    }
  },
  cost: (_inputs, outputs) => ({ flops: 0, bytes: 2 * byteSize(typeOf(outputs, "y")) }),
});

/** x0, x1, …, x10 in this order. */
function inOrder(roles: readonly string[]): string[] {
  return roles.toSorted((a, b) => Number(a.slice(1)) - Number(b.slice(1)));
}

/** The axis counted from the first. */
function axisOf(axis: number, shape: Shape): number {
  const fromFirst = axis < 0 ? axis + shape.length : axis;
  if (!Number.isInteger(axis) || fromFirst < 0 || fromFirst >= shape.length) {
    throw new WeftError(
      `concat: axis expects a whole number from ${-shape.length} to ${shape.length - 1} ` +
        `(x0 is ${shapeText(shape)}), received ${axis}`,
    );
  }
  return fromFirst;
}

/** The size of an input along the axis; all other sizes must equal those of x0. */
function lengthOf(inputs: TypesByRole, role: string, axis: number): number {
  const first = typeOf(inputs, "x0").shape;
  const { shape } = typeOf(inputs, role);
  const length = shape[axis];
  if (length === undefined || !sameShape(shape.with(axis, first[axis] ?? 0), first)) {
    throw new WeftError(
      `concat: ${role} expects the shape of x0, ${shapeText(first)}, but for axis ${axis}; it is ${shapeText(shape)}`,
    );
  }
  return length;
}

interface BlockCopy {
  readonly from: Tensor;
  readonly fromStart: number;
  readonly to: Tensor;
  readonly toStart: number;
}

/** Rows per thread of the copy kernel. */
const ROWS_PER_THREAD = 4;

/** Copies as many entries along the axis as the smaller of the two tensors has. */
function copyAlong(
  { dispatch }: Lowering<object>,
  axis: number,
  { from, fromStart, to, toStart }: BlockCopy,
): void {
  const rows = elementCount(from.shape.slice(0, axis));
  const inner = elementCount(from.shape.slice(axis + 1));
  const length = Math.min(from.shape[axis] ?? 0, to.shape[axis] ?? 0);
  const sizes = {
    width: length * inner,
    from_first: fromStart * inner,
    from_stride: (from.shape[axis] ?? 0) * inner,
    to_first: toStart * inner,
    to_stride: (to.shape[axis] ?? 0) * inner,
  };
  const { width: lanes, conditions } = lanesFor(...Object.values(sizes));
  const inLanes = Object.fromEntries(Object.entries(sizes).map(([name, size]) => [name, size / lanes]));
  dispatch(
    { name: "layout/copy_rows", source: copyShader, conditions },
    {
      tensors: { x: from, y: to },
      uniforms: { rows, ...inLanes },
      workgroups: Math.ceil((Math.ceil(rows / ROWS_PER_THREAD) * sizes.width) / lanes / 64),
    },
  );
}
