// The plan: a graph compiled once for a device and replayed step after step. A step writes its
// inputs, encodes a flat list of commands, submits, and hands back its outputs when they arrive.

import { WeftError } from "../base/errors.ts";
import { floatsOfHalves, halvesOfFloats } from "../base/half_floats.ts";
import { type DType, elementCount, shapeText } from "../base/tensors.ts";
import { type Command, encodeCommands } from "../gpu/commands.ts";
import type { GpuDevice } from "../gpu/device.ts";
import type { VariableStore } from "../gpu/variables.ts";
import { assemblePlan, type CompileOptions, compileKernels, type PlanParts } from "./plan_assembly.ts";
import type { PlanLayout } from "./plan_layout.ts";

/** What the host writes into inputs; the bytes are copied at once. */
export type HostArray = Float32Array | Uint32Array | Uint8Array;

/** Outputs of one step by name. */
export type StepValues = Readonly<Record<string, Float32Array<ArrayBuffer>>>;

export class Plan {
  private constructor(
    readonly device: GpuDevice,
    readonly layout: PlanLayout,
    private readonly parts: PlanParts,
  ) {}

  /**
   * Compiles a laid-out graph: makes its buffers, pipelines and bind groups.
   * @throws WeftError when memory does not suffice or a variable is missing.
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

  /** What a step encodes, in order; benchmarks and profiles encode it in their own way. */
  get commands(): readonly Command[] {
    return this.parts.commands;
  }

  /** Writes an input; one of f16 takes floats, which are rounded. The bytes are copied before the call returns. */
  write(name: string, given: HostArray): void {
    const input = this.parts.inputs.get(name);
    if (!input) {
      throw new WeftError(
        `the plan has no input ${name}; it has ${[...this.parts.inputs.keys()].join(", ")}`,
      );
    }
    const { tensor, range } = input;
    const isNarrow = tensor.dtype === "f16" && given instanceof Float32Array;
    const values = isNarrow ? halvesOfFloats(given) : given;
    if (dtypeOf(values) !== tensor.dtype) {
      throw new WeftError(`input ${name} is ${tensor.dtype} and does not take ${dtypeOf(values)} values`);
    }
    if (values.length !== elementCount(tensor.shape)) {
      throw new WeftError(
        `input ${name} is ${shapeText(tensor.shape)} and does not take ${values.length} values`,
      );
    }
    const { queue } = this.device.raw;
    const tail = values.byteLength % 4;
    if (tail === 0) {
      queue.writeBuffer(range.buffer, range.offset, values.buffer, values.byteOffset, values.byteLength);
      return;
    }
    const whole = new Uint8Array(values.byteLength - tail + 4);
    whole.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
    queue.writeBuffer(range.buffer, range.offset, whole);
  }

  /**
   * Runs one step. Resolves when the step is on the queue, which is at once while fewer than two steps
   * are in flight; `values` resolves when the step's outputs have arrived.
   */
  async submit(inputs: Readonly<Record<string, HostArray>> = {}): Promise<{ values: Promise<StepValues> }> {
    const staging = await this.parts.staging.acquire();
    try {
      this.device.throwIfLost();
      for (const [name, values] of Object.entries(inputs)) this.write(name, values);
      this.encodeAndSubmit(staging.buffer);
    } catch (thrown) {
      staging.release();
      throw thrown;
    }
    return { values: staging.read((bytes) => this.takeOutputs(bytes)) };
  }

  private encodeAndSubmit(staging: GPUBuffer): void {
    const encoder = this.device.raw.createCommandEncoder();
    encodeCommands(encoder, this.parts.commands);
    let at = 0;
    for (const { range } of this.parts.outputs.values()) {
      encoder.copyBufferToBuffer(range.buffer, range.offset, staging, at, range.bytes);
      at += range.bytes;
    }
    this.device.raw.queue.submit([encoder.finish()]);
  }

  /** Runs one step and waits for its outputs. */
  async run(inputs: Readonly<Record<string, HostArray>> = {}): Promise<StepValues> {
    const { values } = await this.submit(inputs);
    return values;
  }

  private takeOutputs(bytes: ArrayBuffer): StepValues {
    const values: Record<string, Float32Array<ArrayBuffer>> = {};
    let at = 0;
    for (const [name, { tensor, range }] of this.parts.outputs) {
      const count = elementCount(tensor.shape);
      values[name] =
        tensor.dtype === "f16"
          ? floatsOfHalves(new Uint16Array(bytes, at, count))
          : new Float32Array(bytes.slice(at, at + count * 4));
      at += range.bytes;
    }
    return values;
  }

  /** Fills all memory of values with NaN, so that tests see what a kernel leaves unwritten. */
  poison(): void {
    for (const buffer of this.parts.slots) {
      this.device.raw.queue.writeBuffer(buffer, 0, new Uint8Array(buffer.size).fill(0xff));
    }
  }

  destroy(): void {
    for (const buffer of this.parts.buffers) this.device.destroyBuffer(buffer);
  }
}

/** Element type of the values that a host array holds. */
function dtypeOf(values: HostArray | Uint16Array): DType {
  if (values instanceof Float32Array) return "f32";
  if (values instanceof Uint16Array) return "f16";
  return values instanceof Uint32Array ? "u32" : "u8";
}
