// The plan: a graph compiled once for a device and replayed step after step. A step writes its inputs, encodes a flat
// list of commands, submits it, and returns its outputs when they arrive. Its segments can also run one by one, with
// work on the host between them.

import { WeftError } from "../base/errors.ts";
import { floatsOfHalves, halvesOfFloats } from "../base/half_floats.ts";
import { type DType, elementCount, shapeText } from "../base/tensors.ts";
import { type Command, encodeCommands } from "../gpu/commands.ts";
import type { GpuDevice } from "../gpu/device.ts";
import { readRanges } from "../gpu/read_back.ts";
import type { VariableStore } from "../gpu/variables.ts";
import { SEGMENTS, type Segment } from "./node.ts";
import {
  assemblePlan,
  type CompileOptions,
  compileKernels,
  type PlacedTensor,
  type PlanParts,
} from "./plan_assembly.ts";
import type { PlanLayout } from "./plan_layout.ts";
import type { Tensor } from "./tensor.ts";

/** Values for the inputs; the bytes are copied at once. */
export type HostArray = Float32Array | Uint32Array | Uint8Array;

/** Outputs of one step by name. */
export type StepValues = Readonly<Record<string, Float32Array<ArrayBuffer>>>;

/** Which part of a step is submitted. */
export interface SubmitOptions {
  /** The segments to run, always in the step's order; all of them by default. */
  readonly segments?: readonly Segment[];
}

/**
 * A compiled step: its pipelines, buffers and commands, replayed by `run` or, without waiting, by `submit`. It owns its
 * buffers until `destroy`; variables belong to the store that it was compiled with.
 */
export class Plan {
  private constructor(
    readonly device: GpuDevice,
    readonly layout: PlanLayout,
    private readonly parts: PlanParts,
  ) {}

  /**
   * Compiles a laid-out graph: creates its buffers, pipelines and bind groups.
   * @throws WeftError if memory does not suffice or a variable is missing.
   */
  static async compile(
    device: GpuDevice,
    layout: PlanLayout,
    variables: VariableStore,
    options: CompileOptions = {},
  ): Promise<Plan> {
    const kernels = await compileKernels(device, layout, options);
    const buffers: GPUBuffer[] = [];
    try {
      const parts = await device.checked("the plan", () => {
        return assemblePlan(device, layout, variables, kernels, buffers);
      });
      return new Plan(device, layout, parts);
    } catch (thrown) {
      for (const buffer of buffers) device.destroyBuffer(buffer);
      throw thrown;
    }
  }

  /** The commands of a step, in order; benchmarks and profiles encode them in their own way. */
  get commands(): readonly Command[] {
    return this.parts.commands;
  }

  /** Writes an input; for an f16 input, floats are rounded. The bytes are copied before the call returns. */
  write(name: string, given: HostArray): void {
    writeTensor(this.device, this.named("input", this.parts.inputs, name), `input ${name}`, given);
  }

  /**
   * Runs one step, or some of its segments. Resolves when the step is on the queue, which is at once while fewer than
   * two steps are in flight; `values` resolves when the outputs of the segments have arrived. Between segments their
   * values stay on the GPU, so steps that are run in parts must not overlap.
   */
  async submit(
    inputs: Readonly<Record<string, HostArray>> = {},
    { segments }: SubmitOptions = {},
  ): Promise<{ values: Promise<StepValues> }> {
    const staging = await this.parts.staging.acquire();
    const outputs = segments ? this.outputsOf(segments) : this.parts.outputs;
    try {
      this.device.throwIfLost();
      for (const [name, values] of Object.entries(inputs)) this.write(name, values);
      this.encodeAndSubmit(staging.buffer, segments, outputs);
    } catch (thrown) {
      staging.release();
      throw thrown;
    }
    return { values: staging.read((bytes) => takeOutputs(outputs, bytes)) };
  }

  /** The outputs that segments compute. */
  private outputsOf(segments: readonly Segment[]): ReadonlyMap<string, PlacedTensor> {
    const { graph } = this.layout;
    const isComputed = ([, { tensor }]: [string, PlacedTensor]) => {
      return segments.includes(graph.makerOf(tensor)?.segment ?? "forwardBackward");
    };
    return new Map([...this.parts.outputs].filter(isComputed));
  }

  private encodeAndSubmit(
    staging: GPUBuffer,
    segments: readonly Segment[] | undefined,
    outputs: ReadonlyMap<string, PlacedTensor>,
  ): void {
    const encoder = this.device.raw.createCommandEncoder();
    encodeCommands(encoder, segments ? this.commandsOf(segments) : this.parts.commands);
    let at = 0;
    for (const { range } of outputs.values()) {
      encoder.copyBufferToBuffer(range.buffer, range.offset, staging, at, range.bytes);
      at += range.bytes;
    }
    this.device.raw.queue.submit([encoder.finish()]);
  }

  /** The commands of segments, in the step's order; none if the graph has no nodes in them. */
  private commandsOf(segments: readonly Segment[]): readonly Command[] {
    const { segmentEnds } = this.layout.memory;
    return SEGMENTS.flatMap((segment, i) => {
      const before = SEGMENTS[i - 1];
      if (!segments.includes(segment)) return [];
      return this.parts.commands.slice(before ? segmentEnds[before] : 0, segmentEnds[segment]);
    });
  }

  /** Runs one step, or some of its segments, and waits for the outputs. */
  async run(
    inputs: Readonly<Record<string, HostArray>> = {},
    options: SubmitOptions = {},
  ): Promise<StepValues> {
    const { values } = await this.submit(inputs, options);
    return values;
  }

  /**
   * Reads a tensor that the graph hands out (`Graph.handOut`), such as packed gradients, as `forwardBackward` and
   * `exchange` have left it. After `update` the memory may hold other values.
   */
  async readHandedOut(names: Iterable<string> = this.parts.handedOut.keys()): Promise<StepValues> {
    const placed = new Map([...names].map((name) => [name, this.handedOut(name)]));
    const ranges = [...placed.values()].map(({ range }) => range);
    const bytes = await readRanges(this.device, ranges, "handed out");
    return Object.fromEntries(
      [...placed].map(([name, { tensor }], i) => [name, floatsOf(tensor, bytes[i] ?? new ArrayBuffer(0), 0)]),
    );
  }

  /**
   * Replaces a tensor that the graph hands out, for the segments that run next. The bytes are copied before the call
   * returns.
   */
  replaceHandedOut(name: string, values: HostArray): void {
    writeTensor(this.device, this.handedOut(name), name, values);
  }

  private handedOut(name: string): PlacedTensor {
    return this.named("tensor that the graph hands out called", this.parts.handedOut, name);
  }

  private named(what: string, all: ReadonlyMap<string, PlacedTensor>, name: string): PlacedTensor {
    const placed = all.get(name);
    if (placed) return placed;
    throw new WeftError(`the plan has no ${what} ${name}; it has ${[...all.keys()].join(", ") || "none"}`);
  }

  /** Fills the memory of all values with NaN, so that tests detect what a kernel leaves unwritten. */
  poison(): void {
    for (const buffer of this.parts.slots) {
      this.device.raw.queue.writeBuffer(buffer, 0, new Uint8Array(buffer.size).fill(0xff));
    }
  }

  destroy(): void {
    for (const buffer of this.parts.buffers) this.device.destroyBuffer(buffer);
  }
}

/** Writes a whole tensor; for an f16 tensor, floats are rounded. @param what names it in messages. */
function writeTensor(
  device: GpuDevice,
  { tensor, range }: PlacedTensor,
  what: string,
  given: HostArray,
): void {
  const isNarrow = tensor.dtype === "f16" && given instanceof Float32Array;
  const values = isNarrow ? halvesOfFloats(given) : given;
  if (dtypeOf(values) !== tensor.dtype) {
    throw new WeftError(`${what} is ${tensor.dtype} and does not take ${dtypeOf(values)} values`);
  }
  if (values.length !== elementCount(tensor.shape)) {
    throw new WeftError(`${what} is ${shapeText(tensor.shape)} and does not take ${values.length} values`);
  }
  const { queue } = device.raw;
  const tail = values.byteLength % 4;
  if (tail === 0) {
    queue.writeBuffer(range.buffer, range.offset, values.buffer, values.byteOffset, values.byteLength);
    return;
  }
  const whole = new Uint8Array(values.byteLength - tail + 4);
  whole.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
  queue.writeBuffer(range.buffer, range.offset, whole);
}

function takeOutputs(outputs: ReadonlyMap<string, PlacedTensor>, bytes: ArrayBuffer): StepValues {
  const values: Record<string, Float32Array<ArrayBuffer>> = {};
  let at = 0;
  for (const [name, { tensor, range }] of outputs) {
    values[name] = floatsOf(tensor, bytes, at);
    at += range.bytes;
  }
  return values;
}

/** A tensor's values out of raw bytes; f16 values are returned as floats. */
function floatsOf({ shape, dtype }: Tensor, bytes: ArrayBuffer, at: number): Float32Array<ArrayBuffer> {
  const count = elementCount(shape);
  if (dtype === "f16") return floatsOfHalves(new Uint16Array(bytes, at, count));
  return new Float32Array(bytes.slice(at, at + count * 4));
}

/** Element type of the values that a host array holds. */
function dtypeOf(values: HostArray | Uint16Array): DType {
  if (values instanceof Float32Array) return "f32";
  if (values instanceof Uint16Array) return "f16";
  return values instanceof Uint32Array ? "u32" : "u8";
}
