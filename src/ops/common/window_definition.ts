// The placement of the windows of convolutions and pools by TensorFlow's padding rules, independent of the lowerings'
// code.

export type Pair = readonly [number, number];
/** "same" is TensorFlow's (the odd element goes after); explicit is [[top, bottom], [left, right]]. */
export type Padding = "valid" | "same" | readonly [Pair, Pair];

interface Window {
  /** Output rows and columns. */
  readonly P: number;
  readonly Q: number;
  /** Padding before the first row and column. */
  readonly top: number;
  readonly left: number;
}

/** The window positions over an H x W image. */
export function windowOf(
  image: Pair,
  kernel: Pair,
  strides: Pair,
  dilations: Pair,
  padding: Padding,
): Window {
  const [rowPadding, columnPadding] = typeof padding === "string" ? [padding, padding] : padding;
  const [P, top] = along(image[0], (kernel[0] - 1) * dilations[0] + 1, strides[0], rowPadding);
  const [Q, left] = along(image[1], (kernel[1] - 1) * dilations[1] + 1, strides[1], columnPadding);
  return { P, Q, top, left };
}

/** Number of outputs and padding before, along one axis; `extent` is the kernel's, dilation included. */
function along(size: number, extent: number, stride: number, padding: "valid" | "same" | Pair): Pair {
  if (padding === "same") {
    const outputs = Math.ceil(size / stride);
    const total = Math.max((outputs - 1) * stride + extent - size, 0);
    return [outputs, Math.floor(total / 2)];
  }
  const [before, after] = padding === "valid" ? [0, 0] : padding;
  return [Math.floor((size + before + after - extent) / stride) + 1, before];
}
