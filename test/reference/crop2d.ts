// crop2d: leaves out rows and columns of each image; amounts [[top, bottom], [left, right]]. Its gradient
// is zero there.
import { uniform } from "./draw.ts";
import { type OperatorRecord, type Sample, sizes4, the, type Values, zeros } from "./reference.ts";
import { type Amounts, walkInner } from "./zero_pad2d.ts";

function cropped(x: Values, amounts: Amounts): Values {
  const [N, H, W, C] = sizes4(x.shape);
  const [[top, bottom], [left, right]] = amounts;
  const y = zeros([N, H - top - bottom, W - left - right, C]);
  walkInner(y.shape, amounts, (o, i) => {
    y.data[o] = x.data[i]!;
  });
  return y;
}

function sample(shape: readonly number[], amounts: Amounts): Sample {
  const name = `[${shape.join(",")}] by ${JSON.stringify(amounts)}`;
  return { name, attrs: { amounts }, inputs: { x: uniform(`crop2d/${name}`, shape) } };
}

export const crop2d: OperatorRecord = {
  op: "crop2d",
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
      [2, 3, 5, 3],
      [
        [1, 1],
        [2, 2],
      ],
    ),
    sample(
      [2, 6, 8, 8],
      [
        [1, 0],
        [1, 0],
      ],
    ),
    sample(
      [1, 9, 7, 13],
      [
        [3, 2],
        [0, 5],
      ],
    ),
    sample(
      [3, 4, 5, 33],
      [
        [0, 0],
        [1, 0],
      ],
    ),
    sample(
      [2, 17, 19, 12],
      [
        [1, 2],
        [3, 1],
      ],
    ),
  ],
  badInputs: [
    {
      name: "nothing left",
      attrs: {
        amounts: [
          [2, 1],
          [0, 0],
        ],
      },
      inputs: { x: [1, 3, 3, 4] },
      message: /crop2d.*amounts/,
    },
    {
      name: "a negative amount",
      attrs: {
        amounts: [
          [0, 0],
          [0, -1],
        ],
      },
      inputs: { x: [1, 3, 3, 4] },
      message: /crop2d.*amounts/,
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
      message: /crop2d.*\bx\b/,
    },
  ],
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
