// What add and multiply share: b has a's shape, or is [N, 1, 1, C] and then meets every pixel of its row
// and channel.
import { uniform } from "./draw.ts";
import { type BadInput, type NamedValues, type Sample, sizes4, the } from "./reference.ts";

/** For each element of a, the element of b it meets. */
export function partners(inputs: NamedValues): number[] {
  const a = the(inputs, "a");
  const b = the(inputs, "b");
  if (a.data.length === b.data.length) return Array.from(a.data, (_, i) => i);
  const [, H, W, C] = sizes4(a.shape);
  return Array.from(a.data, (_, i) => Math.floor(i / (H * W * C)) * C + (i % C));
}

function sample(op: string, a: readonly number[], b: readonly number[]): Sample {
  const name = `[${a.join(",")}] and [${b.join(",")}]`;
  const inputs = { a: uniform(`${op}/${name}/a`, a), b: uniform(`${op}/${name}/b`, b) };
  return { name, attrs: {}, inputs };
}

/** Samples of both forms of b. */
export function binarySamples(op: string): Sample[] {
  const same = [
    [1, 1],
    [5, 33],
    [8, 16],
    [1, 1, 1, 3],
    [2, 7, 5, 13],
    [3, 4, 4, 8],
    [3, 17, 19, 13],
  ];
  const perChannel = [
    [1, 1, 9, 1],
    [2, 7, 5, 13],
    [3, 4, 4, 8],
    [5, 3, 1, 7],
    [1, 5, 3, 33],
    [3, 17, 19, 24],
  ];
  return [
    ...same.map((shape) => sample(op, shape, shape)),
    ...perChannel.map((shape) => sample(op, shape, [shape[0]!, 1, 1, shape[3]!])),
  ];
}

/** Shapes that neither are equal nor broadcast over space. */
export function binaryBadInputs(op: string): BadInput[] {
  const message = new RegExp(`${op}.*\\bb\\b`);
  const a = [2, 4, 4, 8];
  return [
    { name: "b of other channels", attrs: {}, inputs: { a, b: [2, 4, 4, 7] }, message },
    { name: "b [N, 1, 1, C] of another N", attrs: {}, inputs: { a, b: [3, 1, 1, 8] }, message },
    { name: "b of another rank", attrs: {}, inputs: { a, b: [2, 8] }, message },
  ];
}
