// sgd against keras.optimizers.SGD's rule in float64: plain, with momentum, Nesterov's form, weight decay.
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../src/base/random.ts";
import { testDevice } from "../../device.ts";
import { runOperator } from "../../golden/runner/run_operator.ts";
import { expectMatch } from "../../reference/compare.ts";

const RULES = {
  plain: { lr: 0.1 },
  momentum: { lr: 0.05, momentum: 0.9 },
  nesterov: { lr: 0.05, momentum: 0.9, nesterov: true },
  "weight decay": { lr: 0.02, momentum: 0.5, weightDecay: 0.3 },
} as const;

const SHAPES: readonly (readonly number[])[] = [[1], [5, 33], [3, 3, 8, 65]];

interface SgdRule {
  readonly lr: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly weightDecay?: number;
}

function stepped(rule: SgdRule, param: number, grad: number, velocity: number): [number, number] {
  const { lr, momentum = 0, nesterov = false, weightDecay = 0 } = rule;
  const newVelocity = momentum * velocity - lr * grad;
  const change = nesterov ? momentum * newVelocity - lr * grad : newVelocity;
  return [param - lr * weightDecay * param + change, newVelocity];
}

describe("sgd", () => {
  for (const [name, rule] of Object.entries(RULES)) {
    it.each(SHAPES.map((shape) => ({ shape })))(`${name}, $shape`, async ({ shape }) => {
      const count = shape.reduce((a, b) => a * b, 1);
      const stream = new RandomStream(5, `sgd/${name}/${shape}`);
      const draw = () => Float32Array.from({ length: count }, () => stream.between(-1, 1));
      const [param, grad, velocity] = [draw(), draw(), draw()];
      const got = await runOperator(await testDevice(), {
        op: "sgd",
        attrs: rule,
        inputs: {
          param: { shape, data: param },
          grad: { shape, data: grad },
          velocity: { shape, data: velocity },
        },
        outputs: ["newParam", "newVelocity"],
        grads: [],
        upstream: {},
      });
      const want = Array.from(param, (p, i) => stepped(rule, p, grad[i] ?? 0, velocity[i] ?? 0));
      expectMatch("newParam", { shape, data: got.newParam ?? [] }, { shape, data: want.map(([p]) => p) });
      expectMatch(
        "newVelocity",
        { shape, data: got.newVelocity ?? [] },
        { shape, data: want.map(([, v]) => v) },
      );
    });
  }

  it("refuses a gradient of another shape", async () => {
    const tensor = (size: number) => ({ shape: [size], data: new Float32Array(size) });
    const inputs = { param: tensor(4), grad: tensor(3), velocity: tensor(4) };
    const run = { op: "sgd", attrs: {}, inputs, outputs: ["newParam"], grads: [], upstream: {} };
    await expect(runOperator(await testDevice(), run)).rejects.toThrow(/sgd: .*grad is \[3\]/);
  });
});
