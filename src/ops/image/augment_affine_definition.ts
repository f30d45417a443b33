// augmentAffine: output pixel (column u, row v) samples the input at (t0 u + t1 v + t2, t3 u + t4 v + t5), bilinear,
// with pixel centres at integers. Taps outside take the edge (fill "nearest") or 0 ("constant"). dx is the transpose.

import { type Definition, type NamedValues, sizes4, the, zeros } from "../common/definition.ts";

/** Calls visit(index in x, index in y, weight) for each of the four taps that count. */
function walk(inputs: NamedValues, fill: unknown, visit: (x: number, y: number, weight: number) => void) {
  const [N, H, W, C] = sizes4(the(inputs, "x").shape);
  const transform = the(inputs, "transform").data;
  const isInside = (row: number, column: number) => row >= 0 && row < H && column >= 0 && column < W;
  const clamp = (index: number, size: number) => Math.min(Math.max(index, 0), size - 1);
  for (let n = 0; n < N; n++)
    for (let v = 0; v < H; v++)
      for (let u = 0; u < W; u++) {
        const t = transform.subarray(6 * n, 6 * n + 6);
        const column = t[0]! * u + t[1]! * v + t[2]!;
        const row = t[3]! * u + t[4]! * v + t[5]!;
        for (const tapRow of [Math.floor(row), Math.floor(row) + 1])
          for (const tapColumn of [Math.floor(column), Math.floor(column) + 1]) {
            if (fill === "constant" && !isInside(tapRow, tapColumn)) continue;
            const weight = (1 - Math.abs(row - tapRow)) * (1 - Math.abs(column - tapColumn));
            const pixel = (n * H + clamp(tapRow, H)) * W + clamp(tapColumn, W);
            for (let c = 0; c < C; c++) visit(pixel * C + c, ((n * H + v) * W + u) * C + c, weight);
          }
      }
}

export const augmentAffineDefinition: Definition = {
  forward(inputs, attrs) {
    const x = the(inputs, "x");
    const y = zeros(x.shape);
    walk(inputs, attrs.fill, (xi, yi, weight) => {
      y.data[yi]! += weight * x.data[xi]!;
    });
    return { y };
  },
  gradient(inputs, attrs, dOutputs) {
    const dx = zeros(the(inputs, "x").shape);
    const dy = the(dOutputs, "dy").data;
    walk(inputs, attrs.fill, (xi, yi, weight) => {
      dx.data[xi]! += weight * dy[yi]!;
    });
    return { dx };
  },
};
