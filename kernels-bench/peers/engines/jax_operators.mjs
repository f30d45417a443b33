// jax-js: single operators, jitted; gradients by vjp.

import { channelsFirst, channelsLast, kernelFirst, kernelLast } from "./channels.mjs";
import { readFloats, writeFloats } from "./protocol.mjs";

/** Makes a pool over the last two axes; positions outside the image do not count. */
export function poolOf({ numpy: np, lax }, kind, { size, strides, pads, x: shape }) {
  const [, height, width] = shape;
  const [[top, bottom], [left, right]] = pads;
  const isPadded = top + bottom + left + right > 0;
  const outside = isPadded && frame(height, width, pads);
  const counts = kind === "avg" && windowCounts(height, width, size, strides, pads);
  const framed = [1, 1, height + top + bottom, width + left + right];
  return (x) => {
    let padded = isPadded ? np.pad(x, [[0, 0], [0, 0], ...pads]) : x;
    if (kind === "max") {
      if (isPadded) padded = padded.add(np.array(outside).reshape(framed));
      return lax.reduceWindow(padded, (window) => np.max(window), size, strides);
    }
    const sums = lax.reduceWindow(padded, (window) => np.sum(window), size, strides);
    const [rows, columns] = sums.shape.slice(-2);
    return sums.mul(np.array(counts).reshape([1, 1, rows, columns]));
  };
}

/** 0 on the image, and around it less than any value. */
function frame(height, width, [[top, bottom], [left, right]]) {
  const columns = width + left + right;
  const values = new Float32Array((height + top + bottom) * columns).fill(-1e30);
  for (let row = 0; row < height; row++) {
    const start = (row + top) * columns + left;
    values.fill(0, start, start + width);
  }
  return values;
}

/** For each window 1 / the number of its positions on the image. */
function windowCounts(height, width, size, strides, pads) {
  const along = (length, axis) => {
    const [before, after] = pads[axis];
    const places = Math.floor((length + before + after - size[axis]) / strides[axis]) + 1;
    return Array.from({ length: places }, (_, place) => {
      const start = place * strides[axis] - before;
      return Math.min(start + size[axis], length) - Math.max(start, 0);
    });
  };
  return Float32Array.from(along(height, 0).flatMap((a) => along(width, 1).map((b) => 1 / (a * b))));
}

function forwardOf(jax, spec) {
  const { op, strides, pads } = spec;
  if (op === "maxPool2d") return poolOf(jax, "max", spec);
  if (op === "avgPool2d") return poolOf(jax, "avg", spec);
  const featureGroupCount = op === "depthwiseConv2d" ? spec.x[3] : 1;
  return (x, w) => jax.lax.convGeneralDilated(x, w, strides, pads, { featureGroupCount });
}

/** Prepares an operator and writes its result. */
export async function prepareOperator({ jax, wait, read }, spec) {
  const { jit, vjp, numpy: np } = jax;
  const { op, pass, files } = spec;
  const isDepthwise = op === "depthwiseConv2d";
  const array = ({ values, shape }) => np.array(values).reshape(shape);
  const x = array(channelsFirst(readFloats(files.x), spec.x));
  const dy = array(channelsFirst(readFloats(files.dy), spec.dy));
  const hasKernel = op === "conv2d" || isDepthwise;
  const w = hasKernel && array(kernelFirst(readFloats(files.w), spec.w, isDepthwise));
  const forward = forwardOf(jax, spec);
  const gradient = (f, at, upstream) => {
    const [value, back] = vjp(f, [at]);
    value.dispose();
    const [result] = back(upstream);
    back.dispose();
    return result;
  };
  const programs = {
    forward: hasKernel ? [(a, b) => forward(a, b), [x, w]] : [forward, [x]],
    gradient: [(a, c) => gradient(forward, a, c), [x, dy]],
    dataGradient: [(a, b, c) => gradient((one) => forward(one, b), a, c), [x, w, dy]],
    weightGradient: [(a, b, c) => gradient((one) => forward(a, one), b, c), [x, w, dy]],
  };
  const [program, inputs] = programs[pass];
  const jitted = jit(program);
  const compute = () => jitted(...inputs.map((input) => input.ref));
  const values = await read(compute());
  const isKernel = pass === "weightGradient";
  const last = isKernel ? kernelLast(values, spec.result, isDepthwise) : channelsLast(values, spec.result);
  writeFloats(spec.output, last);
  return {
    async run(repeats) {
      const results = Array.from({ length: repeats }, compute);
      await wait(results);
      for (const result of results) result.dispose();
    },
    release() {
      for (const input of [x, dy, w]) if (input) input.dispose();
      jitted.dispose();
    },
  };
}
