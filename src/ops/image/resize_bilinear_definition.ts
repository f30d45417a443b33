// resizeBilinear: TensorFlow's ResizeBilinear without align_corners and antialiasing. Output row p reads
// row (p + 0.5) * H/P - 0.5, or p * H/P without halfPixelCenters; taps outside are the edge. Its gradient
// is the transpose.

import { type Attributes, type Definition, sizes4, the, zeros } from "../common/definition.ts";
import type { Pair } from "../common/window_definition.ts";

interface Tap {
  readonly index: number;
  readonly weight: number;
}

/** The two input positions that an output position reads along one axis. */
function tapsAt(output: number, inputs: number, outputs: number, halfPixelCenters: boolean): Tap[] {
  const scale = inputs / outputs;
  const place = halfPixelCenters ? (output + 0.5) * scale - 0.5 : output * scale;
  const low = Math.floor(place);
  const clamp = (index: number) => Math.min(Math.max(index, 0), inputs - 1);
  return [
    { index: clamp(low), weight: 1 - (place - low) },
    { index: clamp(low + 1), weight: place - low },
  ];
}

/** Calls visit(index in x, index in y, weight) for each of the four taps; returns the shape of y. */
function walk(
  shape: readonly number[],
  attrs: Attributes,
  visit: (x: number, y: number, weight: number) => void,
) {
  const [N, H, W, C] = sizes4(shape);
  const [P, Q] = attrs.size as Pair;
  const isHalf = attrs.halfPixelCenters as boolean;
  for (let n = 0; n < N; n++)
    for (let p = 0; p < P; p++)
      for (let q = 0; q < Q; q++)
        for (const row of tapsAt(p, H, P, isHalf))
          for (const column of tapsAt(q, W, Q, isHalf))
            for (let c = 0; c < C; c++) {
              const x = ((n * H + row.index) * W + column.index) * C + c;
              visit(x, ((n * P + p) * Q + q) * C + c, row.weight * column.weight);
            }
  return [N, P, Q, C];
}

export const resizeBilinearDefinition: Definition = {
  forward(inputs, attrs) {
    const x = the(inputs, "x");
    const y = zeros(walk(x.shape, attrs, () => {}));
    walk(x.shape, attrs, (xi, yi, weight) => {
      y.data[yi]! += weight * x.data[xi]!;
    });
    return { y };
  },
  gradient(inputs, attrs, dOutputs) {
    const dx = zeros(the(inputs, "x").shape);
    const dy = the(dOutputs, "dy").data;
    walk(dx.shape, attrs, (xi, yi, weight) => {
      dx.data[xi]! += weight * dy[yi]!;
    });
    return { dx };
  },
};
