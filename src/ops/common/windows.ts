// The placement of the windows of convolutions and pools: TensorFlow's padding rules, per axis and for images.

import { WeftError } from "../../base/errors.ts";
import { shapeText } from "../../base/tensors.ts";
import type { Padding } from "../../graph/attributes.ts";
import type { ImageSizes } from "./shapes.ts";

/** Padding along one axis: Keras' words, or the amounts before and after. */
export type AxisPadding = "valid" | "same" | readonly [number, number];

export interface ResolvedPadding {
  readonly before: number;
  readonly after: number;
  /** Number of windows; below 1 if none fits. */
  readonly outputSize: number;
}

/**
 * Padding and number of windows along one axis. "same" is TensorFlow's: ceil(input / stride) windows; if the padding is
 * odd, the larger part comes after.
 */
export function resolvePadding(
  padding: AxisPadding,
  inputSize: number,
  kernelSize: number,
  stride: number,
  dilation: number,
): ResolvedPadding {
  const extent = (kernelSize - 1) * dilation + 1;
  if (padding === "same") {
    const outputSize = Math.ceil(inputSize / stride);
    const total = Math.max((outputSize - 1) * stride + extent - inputSize, 0);
    const before = Math.floor(total / 2);
    return { before, after: total - before, outputSize };
  }
  const [before, after] = padding === "valid" ? [0, 0] : padding;
  return { before, after, outputSize: Math.floor((inputSize + before + after - extent) / stride) + 1 };
}

/** What a window is: sizes, steps and padding in rows and columns. */
export interface WindowAttributes {
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly dilations?: readonly [number, number];
  readonly padding: Padding;
}

/** The windows over an image: P x Q of them, the first at row -top, column -left. */
export interface ResolvedWindows {
  readonly P: number;
  readonly Q: number;
  readonly top: number;
  readonly bottom: number;
  readonly left: number;
  readonly right: number;
}

/**
 * Lays windows over images x [N, H, W, C].
 * @throws WeftError naming the operator if no window fits.
 */
export function resolveWindows(
  operator: string,
  image: ImageSizes,
  window: WindowAttributes,
): ResolvedWindows {
  const { size, strides, padding, dilations = [1, 1] } = window;
  const [rows, columns] = typeof padding === "string" ? [padding, padding] : padding;
  const vertical = resolvePadding(rows, image.H, size[0], strides[0], dilations[0]);
  const horizontal = resolvePadding(columns, image.W, size[1], strides[1], dilations[1]);
  if (vertical.outputSize < 1 || horizontal.outputSize < 1) {
    const x = shapeText([image.N, image.H, image.W, image.C]);
    const dilated = Math.max(...dilations) > 1 ? `, dilated by ${dilations.join(" x ")},` : "";
    throw new WeftError(
      `${operator}: a window of ${size.join(" x ")}${dilated} does not fit into x ${x} with padding ` +
        `${JSON.stringify(padding)}. Is the image too small for this network, or should padding be "same"?`,
    );
  }
  return {
    P: vertical.outputSize,
    Q: horizontal.outputSize,
    top: vertical.before,
    bottom: vertical.after,
    left: horizontal.before,
    right: horizontal.after,
  };
}
