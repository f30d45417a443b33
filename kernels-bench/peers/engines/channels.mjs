// Conversions between channels last and channels first, on the host.

function permute(values, shape, order) {
  const sizes = order.map((axis) => shape[axis]);
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1));
  const steps = order.map((axis) => strides[axis]);
  const result = new Float32Array(values.length);
  let at = 0;
  for (let a = 0; a < sizes[0]; a++) {
    for (let b = 0; b < sizes[1]; b++) {
      for (let c = 0; c < sizes[2]; c++) {
        const from = a * steps[0] + b * steps[1] + c * steps[2];
        for (let d = 0; d < sizes[3]; d++) result[at++] = values[from + d * steps[3]];
      }
    }
  }
  return { values: result, shape: sizes };
}

/** [N,H,W,C] as [N,C,H,W]. */
export const channelsFirst = (values, shape) => permute(values, shape, [0, 3, 1, 2]);

/** [N,C,H,W], named by its shape as [N,H,W,C], back to that. */
export const channelsLast = (values, [n, h, w, c]) => permute(values, [n, c, h, w], [0, 2, 3, 1]).values;

/** [R,S,C,K] as [K,C,R,S]; of depthwise convolutions [R,S,C,1] as [C,1,R,S]. */
export const kernelFirst = (values, shape, isDepthwise) =>
  permute(values, shape, isDepthwise ? [2, 3, 0, 1] : [3, 2, 0, 1]);

/** The inverse: `shape` is [R,S,C,K]. */
export const kernelLast = (values, [r, s, c, k], isDepthwise) =>
  isDepthwise
    ? permute(values, [c, k, r, s], [2, 3, 0, 1]).values
    : permute(values, [k, c, r, s], [2, 3, 1, 0]).values;
