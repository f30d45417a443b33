// The first of the four ways: each float64 gradient against central differences of its own forward.
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../src/base/random.ts";
import { elementCount } from "../../src/base/tensors.ts";
import { type NamedValues, the, type Values } from "../../src/ops/common/definition.ts";
import { expectMatch, type Tolerance } from "./compare.ts";
import { records } from "./records.ts";
import { type OperatorRecord, type Sample, upstreamGradients } from "./reference.ts";

const STEP = 1e-4;
const CENTRAL: Tolerance = { rtol: 1e-6, atol: 1e-8 };

/** The operators that golden cases have had from the first, then what Keras' networks need besides. */
const OPERATORS =
  `conv2d depthwiseConv2d dense maxPool2d avgPool2d globalAvgPool2d globalMaxPool2d batchNorm relu
  relu6 sigmoid swish hardSigmoid softmax add multiply scaledAdd concat zeroPad2d crop2d softmaxCrossEntropy
  adam resizeBilinear augmentAffine
  reshape rescale sum`.split(/\s+/);

/** (L(input + h direction) - L(input - h direction)) / 2h, L the sum of the outputs times their upstream. */
function centralDifference(
  record: OperatorRecord,
  sample: Sample,
  upstream: NamedValues,
  input: string,
  direction: (element: number) => number,
): number {
  const moved = (step: number): NamedValues => {
    const { shape, data } = the(sample.inputs, input);
    const shifted = { shape, data: data.map((value, i) => value + step * direction(i)) };
    return record.forward({ ...sample.inputs, [input]: shifted }, sample.attrs);
  };
  const [above, below] = [moved(STEP), moved(-STEP)];
  let sum = 0;
  for (const name of record.upstream) {
    const [high, low, d] = [the(above, name), the(below, name), the(upstream, `d${name}`)];
    for (let i = 0; i < d.data.length; i++) sum += d.data[i]! * (high.data[i]! - low.data[i]!);
  }
  return sum / (2 * STEP);
}

/** Some elements one by one, fewer of a large operator; then all at once, along a random direction. */
function checkGradient(
  record: OperatorRecord,
  sample: Sample,
  upstream: NamedValues,
  input: string,
  d: Values,
) {
  const stream = new RandomStream(3, `${record.op}/${sample.name}/${input}`);
  const outputSize = Math.max(...Object.values(upstream).map((values) => values.data.length));
  const limit = Math.max(4, Math.min(50, Math.floor(10000 / outputSize)));
  const all = Array.from(d.data, (_, i) => i);
  const elements = (all.length <= limit ? all : stream.shuffled(all).slice(0, limit)).sort((a, b) => a - b);
  const differences = elements.map((element) =>
    centralDifference(record, sample, upstream, input, (i) => (i === element ? 1 : 0)),
  );
  const chosen = { shape: [elements.length], data: elements.map((i) => d.data[i]!) };
  const what = `${record.op} "${sample.name}" d${input} at elements ${elements.slice(0, 8).join(",")} …`;
  expectMatch(what, chosen, { shape: chosen.shape, data: differences }, CENTRAL);

  const direction = d.data.map(() => stream.between(-1, 1));
  const terms = d.data.map((value, i) => value * direction[i]!);
  const slope = terms.reduce((sum, term) => sum + term, 0);
  const size = Math.sqrt(terms.reduce((sum, term) => sum + term * term, 0));
  const measured = centralDifference(record, sample, upstream, input, (i) => direction[i]!);
  const along = { rtol: 0, atol: CENTRAL.atol + CENTRAL.rtol * size };
  const scalar = (value: number) => ({ shape: [], data: [value] });
  expectMatch(
    `${record.op} "${sample.name}" d${input} along a direction`,
    scalar(slope),
    scalar(measured),
    along,
  );
}

it("has one record for each operator of the format", () => {
  const names = records.map((record) => record.op);
  expect(names).toEqual(expect.arrayContaining(OPERATORS));
  expect(new Set(names).size).toBe(names.length);
});

describe.each(records.map((record) => [record.op, record] as const))("%s", (_op, record) => {
  const samples = record.samples();

  it("has samples with names of their own, exact in float32, the same when drawn again", () => {
    expect(new Set(samples.map((sample) => sample.name)).size).toBe(samples.length);
    for (const { name, inputs } of samples) {
      for (const [key, { shape, data }] of Object.entries(inputs)) {
        expect(data.length, `${name}: ${key}`).toBe(elementCount(shape));
        expect(
          data.every((value) => Number.isFinite(value) && Math.fround(value) === value),
          `${name}: ${key}`,
        ).toBe(true);
      }
    }
    const text = (sample: Sample) =>
      JSON.stringify(sample, (_key, v) => (v instanceof Float64Array ? v.join() : v));
    expect(record.samples().map(text).join("\n") === samples.map(text).join("\n")).toBe(true);
  });

  it.each(samples.map((sample) => [sample.name, sample] as const))("%s", (_name, sample) => {
    const outputs = record.forward(sample.inputs, sample.attrs);
    for (const [name, { shape, data }] of Object.entries(outputs)) {
      expect(data.length, name).toBe(elementCount(shape));
      expect(data.length, name).toBeGreaterThan(0);
      expect(data.every(Number.isFinite), name).toBe(true);
    }
    if (!record.gradient) {
      expect(record.differentiable).toEqual([]);
      return;
    }
    const upstream = upstreamGradients(record, sample);
    const gradients = record.gradient(sample.inputs, sample.attrs, upstream);
    const present = record.differentiable.filter((input) => sample.inputs[input]);
    expect(Object.keys(gradients).sort()).toEqual(present.map((input) => `d${input}`).sort());
    for (const input of present) {
      const d = the(gradients, `d${input}`);
      expect(d.shape).toEqual(the(sample.inputs, input).shape);
      expect(d.data.every(Number.isFinite), `d${input}`).toBe(true);
      if (!sample.onKink) checkGradient(record, sample, upstream, input, d);
    }
  });
});
