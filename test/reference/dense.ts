// dense: y[n,j] = b[j] + sum over i of x[n,i] * w[i,j].
import { uniform } from "./draw.ts";
import { type NamedValues, type OperatorRecord, type Sample, the, zeros } from "./reference.ts";

function forward(inputs: NamedValues): NamedValues {
  const x = the(inputs, "x");
  const w = the(inputs, "w");
  const [N = 0, I = 0] = x.shape;
  const J = w.shape[1]!;
  const y = zeros([N, J]);
  for (let n = 0; n < N; n++)
    for (let j = 0; j < J; j++) {
      let sum = inputs.b?.data[j] ?? 0;
      for (let i = 0; i < I; i++) sum += x.data[n * I + i]! * w.data[i * J + j]!;
      y.data[n * J + j] = sum;
    }
  return { y };
}

function gradient(inputs: NamedValues, dy: Float64Array): NamedValues {
  const x = the(inputs, "x");
  const w = the(inputs, "w");
  const [N = 0, I = 0] = x.shape;
  const J = w.shape[1]!;
  const dx = zeros(x.shape);
  const dw = zeros(w.shape);
  const db = zeros([J]);
  for (let n = 0; n < N; n++)
    for (let j = 0; j < J; j++) {
      const d = dy[n * J + j]!;
      db.data[j]! += d;
      for (let i = 0; i < I; i++) {
        dx.data[n * I + i]! += d * w.data[i * J + j]!;
        dw.data[i * J + j]! += d * x.data[n * I + i]!;
      }
    }
  return inputs.b ? { dx, dw, db } : { dx, dw };
}

function sample(N: number, I: number, J: number, hasBias = true): Sample {
  const name = `[${N},${I}] to ${J}${hasBias ? "" : ", no bias"}`;
  const inputs: Record<string, ReturnType<typeof uniform>> = {
    x: uniform(`dense/${name}/x`, [N, I]),
    w: uniform(`dense/${name}/w`, [I, J]),
  };
  if (hasBias) inputs.b = uniform(`dense/${name}/b`, [J]);
  return { name, attrs: {}, inputs };
}

export const dense: OperatorRecord = {
  op: "dense",
  differentiable: ["x", "w", "b"],
  upstream: ["y"],
  samples: () => [
    sample(1, 1, 1),
    sample(1, 33, 5),
    sample(2, 7, 1),
    sample(5, 1, 13),
    sample(3, 16, 8, false),
    sample(8, 64, 64),
    sample(13, 65, 33),
    sample(37, 130, 70),
    sample(32, 1280, 8, false),
  ],
  badInputs: [
    { name: "w of other inputs", attrs: {}, inputs: { x: [4, 64], w: [48, 10] }, message: /dense.*(48|64)/ },
    {
      name: "a bias of another length",
      attrs: {},
      inputs: { x: [4, 6], w: [6, 10], b: [6] },
      message: /dense.*\bb\b/,
    },
    { name: "x of rank 4", attrs: {}, inputs: { x: [1, 2, 2, 6], w: [6, 10] }, message: /dense.*\bx\b/ },
  ],
  forward: (inputs) => forward(inputs),
  gradient: (inputs, _attrs, dOutputs) => gradient(inputs, the(dOutputs, "dy").data),
};
