// zeroPad2d: rows and columns of zeros around each image; amounts [[top, bottom], [left, right]].
// crop2d: leaves out rows and columns of each image; amounts [[top, bottom], [left, right]]. Its gradient
// is zero there.

import { type Definition, sizes4, the, type Values, zeros } from "../common/definition.ts";
import type { Pair } from "../common/window_definition.ts";

export type Amounts = readonly [Pair, Pair];

/** For every element of an image, its position in the image that is larger by the amounts: visit(small, large). */
function walkInner(
  inner: readonly number[],
  amounts: Amounts,
  visit: (small: number, large: number) => void,
) {
  const [N, H, W, C] = sizes4(inner);
  const [[top, bottom], [left, right]] = amounts;
  const P = H + top + bottom;
  const Q = W + left + right;
  for (let n = 0; n < N; n++)
    for (let h = 0; h < H; h++)
      for (let w = 0; w < W; w++)
        for (let c = 0; c < C; c++) {
          visit(((n * H + h) * W + w) * C + c, ((n * P + top + h) * Q + left + w) * C + c);
        }
}

function padded(x: Values, amounts: Amounts): Values {
  const [N, H, W, C] = sizes4(x.shape);
  const [[top, bottom], [left, right]] = amounts;
  const y = zeros([N, H + top + bottom, W + left + right, C]);
  walkInner(x.shape, amounts, (i, o) => {
    y.data[o] = x.data[i]!;
  });
  return y;
}

export const zeroPad2dDefinition: Definition = {
  forward: (inputs, attrs) => ({ y: padded(the(inputs, "x"), attrs.amounts as Amounts) }),
  gradient(inputs, attrs, dOutputs) {
    const dy = the(dOutputs, "dy");
    const dx = zeros(the(inputs, "x").shape);
    walkInner(dx.shape, attrs.amounts as Amounts, (i, o) => {
      dx.data[i] = dy.data[o]!;
    });
    return { dx };
  },
};

function cropped(x: Values, amounts: Amounts): Values {
  const [N, H, W, C] = sizes4(x.shape);
  const [[top, bottom], [left, right]] = amounts;
  const y = zeros([N, H - top - bottom, W - left - right, C]);
  walkInner(y.shape, amounts, (o, i) => {
    y.data[o] = x.data[i]!;
  });
  return y;
}

export const crop2dDefinition: Definition = {
  forward: (inputs, attrs) => ({ y: cropped(the(inputs, "x"), attrs.amounts as Amounts) }),
  gradient(inputs, attrs, dOutputs) {
    const dy = the(dOutputs, "dy");
    const dx = zeros(the(inputs, "x").shape);
    walkInner(dy.shape, attrs.amounts as Amounts, (o, i) => {
      dx.data[i] = dy.data[o]!;
    });
    return { dx };
  },
};
