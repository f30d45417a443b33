// preprocess against a float64 reference: all four conversions, with and without an affine warp, on sizes that
// leave tails in the words of four bytes.
import { describe, expect, it } from "vitest";
import { RandomStream } from "../../../src/base/random.ts";
import type { Shape } from "../../../src/base/tensors.ts";
import { VariableStore } from "../../../src/gpu/variables.ts";
import { Graph } from "../../../src/graph/graph.ts";
import type { Operator } from "../../../src/graph/operator.ts";
import { Plan } from "../../../src/graph/plan.ts";
import { layOutPlan } from "../../../src/graph/plan_layout.ts";
import { the, type Values } from "../../../src/ops/common/definition.ts";
import { PREPROCESS_MODES, type PreprocessMode, preprocess } from "../../../src/ops/image/preprocess.ts";
import { testDevice } from "../../device.ts";
import { augmentAffine } from "../../reference/augment_affine.ts";
import { expectMatch } from "../../reference/compare.ts";

const SHAPES: readonly (readonly [number, number, number, number])[] = [
  [1, 1, 1, 3],
  [1, 5, 7, 3],
  [2, 4, 6, 3],
  [3, 31, 29, 3],
];

function bytesOf(shape: Shape): Uint8Array<ArrayBuffer> {
  const stream = new RandomStream(3, `preprocess/${shape.join()}`);
  return Uint8Array.from({ length: shape.reduce((a, b) => a * b, 1) }, () => stream.below(256));
}

/** A transform an image: flipped, turned and shifted so that some places lie outside. */
function transformsOf([N, H, W]: readonly [number, number, number, number]): Values {
  const rows = Array.from({ length: N }, (_, n) => {
    const [cos, sin] = [Math.cos(0.3 * n - 0.2), Math.sin(0.3 * n - 0.2)];
    const flip = n % 2 === 0 ? -1 : 1;
    return [flip * 1.1 * cos, -0.9 * sin, flip < 0 ? W : 0.3, flip * sin, 0.8 * cos, 0.11 * H];
  });
  return { shape: [N, 6], data: Float64Array.from(rows.flat(), Math.fround) };
}

/** What Keras' preprocess_input makes of RGB values 0..255. */
function preprocessed(x: Values, mode: PreprocessMode): Values {
  const channel = (pixel: number, c: number) => x.data[3 * pixel + c] ?? Number.NaN;
  const convert = {
    tf: (p: number, c: number) => channel(p, c) / 127.5 - 1,
    caffe: (p: number, c: number) => channel(p, 2 - c) - ([103.939, 116.779, 123.68][c] ?? 0),
    torch: (p: number, c: number) =>
      (channel(p, c) / 255 - ([0.485, 0.456, 0.406][c] ?? 0)) / ([0.229, 0.224, 0.225][c] ?? 0),
    none: channel,
  }[mode];
  return { shape: x.shape, data: x.data.map((_, i) => convert(Math.floor(i / 3), i % 3)) };
}

async function run(shape: Shape, bytes: Uint8Array<ArrayBuffer>, mode: PreprocessMode, transform?: Values) {
  const device = await testDevice();
  const graph = new Graph();
  const inputs = {
    bytes: graph.input("bytes", shape, "u8"),
    transform: transform && graph.input("transform", transform.shape),
  };
  const y = graph.applyOne(preprocess, inputs, { mode, augment: transform !== undefined });
  const plan = await Plan.compile(device, layOutPlan(graph, { y }, device.facts), new VariableStore(device));
  try {
    plan.poison();
    const values = await plan.run({
      bytes,
      ...(transform && { transform: Float32Array.from(transform.data) }),
    });
    return { shape: y.shape, data: values.y ?? [] };
  } finally {
    plan.destroy();
  }
}

describe("preprocess", () => {
  for (const mode of PREPROCESS_MODES) {
    for (const shape of SHAPES) {
      it(`${mode} of [${shape}]`, async () => {
        const bytes = bytesOf(shape);
        const want = preprocessed({ shape, data: Float64Array.from(bytes) }, mode);
        expectMatch("y", await run(shape, bytes, mode), want);
      });

      it(`${mode} of [${shape}], warped`, async () => {
        const bytes = bytesOf(shape);
        const transform = transformsOf(shape);
        const x = { shape, data: Float64Array.from(bytes) };
        const warped = the(augmentAffine.forward({ x, transform }, { fill: "nearest" }), "y");
        expectMatch("y", await run(shape, bytes, mode, transform), preprocessed(warped, mode));
      });
    }
  }

  it("refuses what it cannot take, by name", () => {
    const graph = new Graph();
    const bytes = graph.input("bytes", [2, 4, 4, 3], "u8");
    const grey = graph.input("grey", [2, 4, 4, 1], "u8");
    const floats = graph.input("floats", [2, 4, 4, 3]);
    const transform = graph.input("transform", [3, 6]);
    expect(() => graph.apply(preprocess, { bytes: grey })).toThrow(/preprocess: bytes expects 3 channels/);
    expect(() => graph.apply(preprocess, { bytes: floats })).toThrow(/preprocess: bytes expects .* u8/);
    expect(() => graph.apply(preprocess, { bytes }, { augment: true })).toThrow(
      /preprocess: augment needs .*transform/,
    );
    expect(() => graph.apply(preprocess, { bytes, transform }, { augment: true })).toThrow(
      /transform expects \[2,6\]/,
    );
    const operator: Operator = preprocess;
    expect(() => graph.apply(operator, { bytes }, { mode: "vgg" })).toThrow(
      /preprocess: mode expects tf or caffe/,
    );
  });
});
