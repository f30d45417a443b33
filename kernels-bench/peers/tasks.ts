// A case in the form that its peers receive: a folder of tensors and models, the request that names them, and the check
// of a peer's result.

import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import type { Shape } from "../../src/base/tensors.ts";
import type { NetworkDescription } from "../../src/training/network_layers.ts";
import { copyOnnx, networkFiles, networkOnnx, operatorOnnx } from "./models.ts";
import { geometryOf, type OperatorWork, operatorTensors, resultShape, sampleResult } from "./operators.ts";
import type { PeerAnswer } from "./process.ts";

/** Inference or a training step of a whole network of heads. */
export interface NetworkWork {
  readonly kind: "network";
  readonly pass: "inference" | "train";
  /** What `describeNetwork` returns. */
  readonly network: NetworkDescription;
  /** By `layer/weight`. */
  readonly weights: ReadonlyMap<string, Float32Array>;
  /** Preprocessed images, [N,H,W,3]. */
  readonly image: Float32Array;
  readonly batch: number;
  /** Inference: weft's probabilities of all heads side by side, [N, sum of classes]. */
  readonly expected?: Float32Array;
  readonly training?: TrainingWork;
}

export interface TrainingWork {
  /** One-hot rows of all heads, concatenated; all zero if a label is missing. */
  readonly labels: Float32Array;
  readonly heads: readonly number[];
  readonly dropout: number;
  readonly adam: {
    readonly learningRate: number;
    readonly beta1: number;
    readonly beta2: number;
    readonly epsilon: number;
  };
  /** Weft's losses, summed over the heads, of the first steps on this batch without dropout. */
  readonly losses: readonly number[];
}

export interface PeerTask {
  /** The `case` of the request. */
  readonly spec: Readonly<Record<string, unknown>>;
  /** The fault of a peer's result, in a few words. */
  check(answer: PeerAnswer, peer: string): Promise<string | undefined>;
}

/** Relative to the element, or to the typical element if that is larger. */
const TOLERANCE = 1e-3;
/** Adam divides by small numbers, which amplifies rounding. */
const LATER_LOSS_TOLERANCE = 2e-2;
/** jax-js has wrong gradients of strided depthwise convolutions, which is known; its time still counts. */
const FIRST_LOSS_ONLY = "jax-js";

/** Writes the files of a case into the folder. */
export async function writeTask(work: OperatorWork | NetworkWork, folder: string): Promise<PeerTask> {
  const files = new TaskFiles(folder);
  const task = work.kind === "operator" ? operatorTask(work, files) : networkTask(work, files);
  await files.finished();
  return task;
}

class TaskFiles {
  private readonly writes: Promise<void>[] = [];

  constructor(private readonly folder: string) {}

  /** @returns the path immediately. */
  write(name: string, content: string | Float32Array | readonly Uint8Array[]): string {
    const path = join(this.folder, name);
    const bytes = Array.isArray(content)
      ? Buffer.concat(content as readonly Uint8Array[])
      : content instanceof Float32Array
        ? new Uint8Array(content.buffer, content.byteOffset, content.byteLength)
        : content;
    this.writes.push(writeFile(path, bytes as string | Uint8Array));
    return path;
  }

  path(name: string): string {
    return join(this.folder, name);
  }

  async finished(): Promise<void> {
    await Promise.all(this.writes);
  }
}

function operatorTask(work: OperatorWork, files: TaskFiles): PeerTask {
  const geometry = geometryOf(work);
  const tensors = operatorTensors(geometry);
  const onnx = operatorOnnx(geometry, tensors);
  const output = files.path("result");
  const samples = sampleResult(geometry, tensors);
  const typical = Math.sqrt(samples.reduce((sum, { value }) => sum + value * value, 0) / samples.length);
  const spec = {
    ...work,
    w: geometry.w,
    dy: geometry.y,
    pads: geometry.pads,
    result: resultShape(geometry),
    output,
    files: {
      x: files.write("x", tensors.x),
      w: files.write("w", tensors.w),
      dy: files.write("dy", tensors.dy),
      ...(onnx && {
        onnx: files.write("operator.onnx", onnx),
        copyOnnx: files.write("copy.onnx", copyOnnx(work.pass === "forward" ? geometry.x : geometry.y)),
      }),
    },
  };
  return {
    spec,
    async check() {
      const values = await readFloats(output);
      const expected = resultShape(geometry).reduce((product, size) => product * size, 1);
      if (values.length !== expected) return `returned ${values.length} values instead of ${expected}`;
      const wrong = samples.find(({ index, value }) => !isNear(values[index], value, typical, TOLERANCE));
      return wrong && `computed ${values[wrong.index]} at ${wrong.index} instead of ${wrong.value}`;
    },
  };
}

function networkTask(work: NetworkWork, files: TaskFiles): PeerTask {
  const { network, weights, image, batch, training, expected } = work;
  const { layers, weights: joined } = networkFiles(network, weights);
  const shape: Shape = [batch, ...network.input.shape.slice(1)];
  const output = files.path("result");
  const { labels, losses, ...rest } = training ?? {};
  const spec = {
    kind: work.kind,
    pass: work.pass,
    ...rest,
    steps: losses?.length,
    image: shape,
    outputs: network.outputs.map(({ name }) => name),
    output,
    files: {
      model: files.write("layers.json", layers),
      weights: files.write("weights", joined),
      image: files.write("image", image),
      ...(labels && { labels: files.write("labels", labels) }),
      ...(work.pass === "inference" && { onnx: files.write("network.onnx", networkOnnx(network, weights)) }),
    },
  };
  return {
    spec,
    async check(answer, peer) {
      if (losses) return checkLosses(answer, peer === FIRST_LOSS_ONLY ? losses.slice(0, 1) : losses);
      const values = await readFloats(output);
      if (values.length !== expected?.length) {
        return `returned ${values.length} probabilities instead of ${expected?.length}`;
      }
      const wrong = values.findIndex((value, i) => !isNear(value, expected[i] ?? 0, 1, TOLERANCE));
      return wrong < 0 ? undefined : `computed ${values[wrong]} at ${wrong} instead of ${expected[wrong]}`;
    },
  };
}

function checkLosses(answer: PeerAnswer, expected: readonly number[]): string | undefined {
  const losses = Array.isArray(answer.losses)
    ? answer.losses.map((loss) => (typeof loss === "number" ? loss : Number.NaN))
    : [];
  const isRight = expected.every((loss, step) =>
    isNear(losses[step], loss, 0, step === 0 ? TOLERANCE : LATER_LOSS_TOLERANCE),
  );
  const text = (values: readonly number[]) => values.map((value) => value.toFixed(4)).join(", ");
  return isRight ? undefined : `losses are ${text(losses)} instead of ${text(expected)}`;
}

/** False for NaN as well. */
function isNear(value: number | undefined, expected: number, typical: number, tolerance: number): boolean {
  return Math.abs((value ?? Number.NaN) - expected) <= tolerance * Math.max(Math.abs(expected), typical);
}

async function readFloats(path: string): Promise<Float32Array> {
  const bytes = await readFile(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}
