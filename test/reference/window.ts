// Where a window of a convolution or pool lies: TensorFlow's padding rules, and the taps of a pool.
import { sizes4 } from "./reference.ts";

export type Pair = readonly [number, number];
/** "same" is TensorFlow's (the odd element goes after); explicit is [[top, bottom], [left, right]]. */
export type Padding = "valid" | "same" | readonly [Pair, Pair];

export interface Window {
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

export interface PoolAttributes {
  readonly size: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
  /** Average pools only: divide by the whole window, padding included. */
  readonly countIncludePad?: boolean;
}

/** A pool's output shape and, for every output element, its window's input elements in row-major order. */
export function poolWindows(shape: readonly number[], attrs: PoolAttributes) {
  const [N, H, W, C] = sizes4(shape);
  const [R, S] = attrs.size;
  const { P, Q, top, left } = windowOf([H, W], attrs.size, attrs.strides, [1, 1], attrs.padding);
  const windows: number[][] = [];
  for (let n = 0; n < N; n++)
    for (let p = 0; p < P; p++)
      for (let q = 0; q < Q; q++)
        for (let c = 0; c < C; c++) {
          const taps: number[] = [];
          for (let r = 0; r < R; r++)
            for (let s = 0; s < S; s++) {
              const h = p * attrs.strides[0] - top + r;
              const w = q * attrs.strides[1] - left + s;
              if (h >= 0 && h < H && w >= 0 && w < W) taps.push(((n * H + h) * W + w) * C + c);
            }
          windows.push(taps);
        }
  return { shape: [N, P, Q, C], windows };
}
