// What the definitions of pools share: the elements that each window holds.

import type { Shape } from "../../base/tensors.ts";
import { sizes4 } from "../common/definition.ts";
import { type Padding, type Pair, windowOf } from "../common/window_definition.ts";

export interface PoolAttributes {
  readonly size: Pair;
  readonly strides: Pair;
  readonly padding: Padding;
  /** Average pools only: divide by the whole window, padding included. */
  readonly countIncludePad?: boolean;
}

/** A pool's output shape and, for every output element, its window's input elements in row-major order. */
export function poolWindows(shape: Shape, attrs: PoolAttributes) {
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
