// zeroPad2d: rows and columns of zeros around each image; amounts [[top, bottom], [left, right]].
import { uniform } from "./draw.ts";
import { type OperatorRecord, type Sample, sizes4, the, type Values, zeros } from "./reference.ts";
import type { Pair } from "./window.ts";

export type Amounts = readonly [Pair, Pair];

/** For every element of an image, its place in the one larger by the amounts: visit(small, large). */
export function walkInner(
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

function sample(shape: readonly number[], amounts: Amounts): Sample {
  const name = `[${shape.join(",")}] by ${JSON.stringify(amounts)}`;
  return { name, attrs: { amounts }, inputs: { x: uniform(`zeroPad2d/${name}`, shape) } };
}

export const zeroPad2d: OperatorRecord = {
  op: "zeroPad2d",
  differentiable: ["x"],
  upstream: ["y"],
  samples: () => [
    sample(
      [1, 1, 1, 1],
      [
        [0, 0],
        [0, 0],
      ],
    ),
    sample(
      [1, 1, 1, 3],
      [
        [2, 1],
        [0, 3],
      ],
    ),
    sample(
      [2, 5, 7, 3],
      [
        [1, 1],
        [1, 1],
      ],
    ),
    sample(
      [2, 4, 6, 8],
      [
        [0, 1],
        [0, 1],
      ],
    ),
    sample(
      [3, 7, 5, 13],
      [
        [3, 3],
        [3, 3],
      ],
    ),
    sample(
      [1, 5, 3, 33],
      [
        [0, 0],
        [2, 0],
      ],
    ),
    sample(
      [2, 17, 19, 12],
      [
        [1, 2],
        [3, 4],
      ],
    ),
  ],
  badInputs: [
    {
      name: "a negative amount",
      attrs: {
        amounts: [
          [-1, 0],
          [0, 0],
        ],
      },
      inputs: { x: [1, 3, 3, 4] },
      message: /zeroPad2d.*amounts/,
    },
    {
      name: "x of rank 2",
      attrs: {
        amounts: [
          [1, 1],
          [1, 1],
        ],
      },
      inputs: { x: [3, 4] },
      message: /zeroPad2d.*\bx\b/,
    },
  ],
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
