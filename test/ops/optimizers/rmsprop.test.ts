// rmsprop against keras.optimizers.RMSprop's rule in float64: plain, with momentum, with weight decay, under loss scaling.
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../src/base/random.ts";
import { testDevice } from "../../device.ts";
import { runOperator } from "../../golden/runner/run_operator.ts";
import { expectMatch } from "../../reference/compare.ts";

interface Rule {
  readonly lr: number;
  readonly rho?: number;
  readonly momentum?: number;
  readonly epsilon?: number;
  readonly weightDecay?: number;
}

const RULES: Readonly<Record<string, Rule>> = {
  plain: { lr: 0.1 },
  "another rho": { lr: 0.02, rho: 0.5, epsilon: 1e-2 },
  momentum: { lr: 0.05, momentum: 0.9 },
  "weight decay": { lr: 0.02, momentum: 0.5, weightDecay: 0.3 },
};
const SHAPES: readonly (readonly number[])[] = [[1], [5, 33], [3, 3, 8, 65]];

function stepped(rule: Rule, param: number, grad: number, velocity: number, moved: number): number[] {
  const { lr, rho = 0.9, momentum = 0, epsilon = 1e-7, weightDecay = 0 } = rule;
  const newVelocity = rho * velocity + (1 - rho) * grad * grad;
  const step = momentum * moved + (lr * grad) / Math.sqrt(newVelocity + epsilon);
  return [param - lr * weightDecay * param - step, newVelocity, step];
}

async function run(rule: Rule, shape: readonly number[], name: string, factor?: number) {
  const count = shape.reduce((a, b) => a * b, 1);
  const stream = new RandomStream(5, `rmsprop/${name}/${shape}`);
  const draw = (low: number) => Float32Array.from({ length: count }, () => stream.between(low, 1));
  const [param, grad, velocity, momentum] = [draw(-1), draw(-1), draw(0.01), draw(-1)];
  const moves = (rule.momentum ?? 0) > 0;
  const all = { param, grad: grad.map((g) => g / (factor || 1)), velocity, ...(moves && { momentum }) };
  const inputs = Object.fromEntries(Object.entries(all).map(([role, data]) => [role, { shape, data }]));
  const outputs = ["newParam", "newVelocity", ...(moves ? ["newMomentum"] : [])];
  const verdict = factor === undefined ? {} : { verdict: { shape: [2], data: Float32Array.of(factor, 8) } };
  const got = await runOperator(await testDevice(), {
    op: "rmsprop",
    attrs: { ...rule },
    inputs: { ...inputs, ...verdict },
    outputs,
    grads: [],
    upstream: {},
  });
  const want = Array.from(param, (p, i) =>
    stepped(rule, p, grad[i] ?? 0, velocity[i] ?? 0, moves ? (momentum[i] ?? 0) : 0),
  );
  return { got, want, outputs, before: [param, velocity, momentum] };
}

describe("rmsprop", () => {
  for (const [name, rule] of Object.entries(RULES)) {
    it.each(SHAPES.map((shape) => ({ shape })))(`${name}, $shape`, async ({ shape }) => {
      const { got, want, outputs } = await run(rule, shape, name);
      outputs.forEach((output, which) => {
        const data = want.map((values) => values[which] ?? 0);
        expectMatch(output, { shape, data: got[output] ?? [] }, { shape, data });
      });
    });
  }

  it("takes the factor of loss scaling, and leaves a skipped step out", async () => {
    const shape = [7, 9];
    const scaled = await run({ lr: 0.1, momentum: 0.9 }, shape, "scaled", 0.125);
    const data = scaled.want.map(([param = 0]) => param);
    expectMatch("newParam", { shape, data: scaled.got.newParam ?? [] }, { shape, data });
    const skipped = await run({ lr: 0.1, momentum: 0.9 }, shape, "skipped", 0);
    expect(skipped.outputs.map((output) => skipped.got[output])).toEqual(skipped.before);
  });

  it("needs its momentum where it has one, and refuses a gradient of another shape", async () => {
    const device = await testDevice();
    const x = { shape: [4], data: new Float32Array(4) };
    const step = { op: "rmsprop", outputs: ["newParam"], grads: [], upstream: {} };
    const inputs = { param: x, grad: x, velocity: x };
    await expect(runOperator(device, { ...step, attrs: { momentum: 0.9 }, inputs })).rejects.toThrow(
      "rmsprop: needs an input momentum",
    );
    const narrow = { shape: [3], data: new Float32Array(3) };
    const wrong = { ...inputs, grad: narrow };
    await expect(runOperator(device, { ...step, attrs: {}, inputs: wrong })).rejects.toThrow(
      "rmsprop: param is [4] but grad is [3]",
    );
  });
});
