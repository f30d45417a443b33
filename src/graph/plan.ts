// The plan: a graph compiled once for a device and replayed step after step. A step writes its
// inputs, encodes a flat list of commands, submits, and hands back its outputs when they arrive.

import { WeftError } from "../base/errors.ts";
import { floatsOfHalves, halvesOfFloats } from "../base/half_floats.ts";
import { byteSize, type DType, elementCount, shapeText } from "../base/tensors.ts";
import { type BufferRange, type Command, encodeCommands } from "../gpu/commands.ts";
import { BINDING_ALIGNMENT_BYTES, BUFFER_USAGE } from "../gpu/constants.ts";
import type { DeviceFacts, GpuDevice } from "../gpu/device.ts";
import { type KernelPipeline, specialisationKey } from "../gpu/pipelines.ts";
import { packUniforms } from "../gpu/shader_linking.ts";
import { STAGING_USAGE, StagingRing } from "../gpu/staging.ts";
import type { VariableStore } from "../gpu/variables.ts";
import type { NodeChoices } from "./choices.ts";
import type { Graph, Tensor } from "./graph.ts";
import { type LoweredDispatch, lowerNodes } from "./lowering.ts";
import { type MemoryLayout, planMemory } from "./memory.ts";
import type { KernelUse } from "./operator.ts";
import { liveNodes } from "./passes.ts";
import { findRowViews } from "./row_views.ts";

/** What the host writes into inputs; the bytes are copied at once. */
export type HostArray = Float32Array | Uint32Array | Uint8Array;

/** A graph laid out for a device, before anything is allocated. */
export interface PlanLayout {
  readonly graph: Graph;
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly inputs: readonly Tensor[];
  readonly constants: readonly Tensor[];
  readonly memory: MemoryLayout;
  /** The nodes whose kernels could be chosen. */
  readonly choices: readonly NodeChoices[];
  readonly statistics: PlanStatistics;
}

/** What a plan will need. Bytes are exactly those that compiling it allocates. */
export interface PlanStatistics {
  readonly flops: number;
  readonly dispatches: number;
  readonly pipelines: number;
  /** Activations, gradients and workspace: what liveness planning shares. */
  readonly valueBytes: number;
  /** The largest workspace of a single node, part of `valueBytes`. */
  readonly workspaceBytes: number;
  readonly inputBytes: number;
  readonly constantBytes: number;
  readonly uniformBytes: number;
  readonly stagingBytes: number;
  /** The sum of the buffers above; variables, which plans share, come on top (`variableBytes`). */
  readonly planBytes: number;
}

/** How many steps may be in flight: the host learns of a step two steps late. */
const STEPS_IN_FLIGHT = 2;

/** Lays a graph out: lowering and memory planning, with no GPU call at all. */
export function layOutPlan(
  graph: Graph,
  outputs: Readonly<Record<string, Tensor>>,
  facts: DeviceFacts,
): PlanLayout {
  const wanted = new Set(Object.values(outputs));
  const nodes = liveNodes(graph, wanted);
  const lowered = lowerNodes(nodes, facts, findRowViews(nodes, wanted));
  const memory = planMemory(graph, lowered, wanted, facts.maxBufferBytes);
  const used = new Set<Tensor>(wanted);
  for (const command of memory.commands) {
    const tensors = command.kind === "dispatch" ? Object.values(command.tensors) : [command.from, command.to];
    for (const tensor of tensors) used.add(tensor);
  }
  const ofKind = (kind: string) => [...used].filter((tensor) => tensor.kind === kind);
  const inputs = [...graph.declared.values()].filter((tensor) => tensor.kind === "input");
  const constants = ofKind("constant");
  const dispatches = memory.commands.filter((command) => command.kind === "dispatch");
  const flops = nodes.reduce((sum, { operator, ...node }) => {
    return sum + operator.cost(node.inputs, node.outputs, node.attrs).flops;
  }, 0);
  const bytes = {
    valueBytes: memory.slotBytes.reduce((sum, size) => sum + size, 0),
    inputBytes: totalBytes(inputs),
    constantBytes: totalBytes(constants),
    uniformBytes: Math.max(1, dispatches.length) * BINDING_ALIGNMENT_BYTES,
    stagingBytes:
      STEPS_IN_FLIGHT *
      Math.max(
        4,
        Object.values(outputs).reduce((sum, tensor) => sum + byteSize(tensor), 0),
      ),
  };
  const statistics: PlanStatistics = {
    flops,
    dispatches: dispatches.length,
    pipelines: new Set(dispatches.map(({ kernel }) => specialisationKey(kernel))).size,
    workspaceBytes: memory.workspaceBytes,
    ...bytes,
    planBytes: Object.values(bytes).reduce((sum, size) => sum + size, 0),
  };
  const choices = lowered.flatMap((node) => node.choices ?? []);
  return { graph, outputs, inputs, constants, memory, choices, statistics };
}

/** Bytes of tensors that have a buffer each. */
function totalBytes(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, tensor) => sum + bufferBytes(tensor), 0);
}

/** A buffer holds at least one vec4, so that kernels may bind it as such. */
function bufferBytes(tensor: Tensor): number {
  return Math.max(16, byteSize(tensor));
}

export interface CompileOptions {
  /** Called as pipelines become ready. */
  readonly onPipeline?: (done: number, total: number) => void;
}

/** Outputs of one step by name. */
export type StepValues = Readonly<Record<string, Float32Array<ArrayBuffer>>>;

interface PlacedTensor {
  readonly tensor: Tensor;
  readonly range: BufferRange;
}

/** What `Plan.compile` puts together. */
interface PlanParts {
  readonly buffers: readonly GPUBuffer[];
  readonly slots: readonly GPUBuffer[];
  readonly inputs: ReadonlyMap<string, PlacedTensor>;
  readonly outputs: ReadonlyMap<string, PlacedTensor>;
  readonly commands: readonly Command[];
  readonly staging: StagingRing;
}

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

async function compileKernels(
  device: GpuDevice,
  layout: PlanLayout,
  { onPipeline }: CompileOptions,
): Promise<Map<string, KernelPipeline>> {
  const uses = new Map<string, KernelUse>();
  for (const command of layout.memory.commands) {
    if (command.kind === "dispatch") uses.set(specialisationKey(command.kernel), command.kernel);
  }
  let done = 0;
  const compiled = await Promise.all(
    [...uses].map(async ([key, use]): Promise<[string, KernelPipeline]> => {
      const kernel = await device.pipelines.get(use);
      onPipeline?.(++done, uses.size);
      return [key, kernel];
    }),
  );
  return new Map(compiled);
}

/** Element type of the values that a host array holds. */
function dtypeOf(values: HostArray | Uint16Array): DType {
  if (values instanceof Float32Array) return "f32";
  if (values instanceof Uint16Array) return "f16";
  return values instanceof Uint32Array ? "u32" : "u8";
}

/** Makes what a plan consists of. `buffers` receives every buffer at once, so that a failure leaves none behind. */
function assemblePlan(
  device: GpuDevice,
  layout: PlanLayout,
  variables: VariableStore,
  kernels: ReadonlyMap<string, KernelPipeline>,
  buffers: GPUBuffer[],
): PlanParts {
  const { memory } = layout;
  const keep = (buffer: GPUBuffer): GPUBuffer => {
    buffers.push(buffer);
    return buffer;
  };
  const slots = memory.slotBytes.map((bytes, i) => keep(device.createStorage(`values ${i}`, bytes)));
  const own = new Map<Tensor, GPUBuffer>();
  for (const tensor of [...layout.inputs, ...layout.constants]) {
    own.set(tensor, keep(device.createStorage(tensor.name, bufferBytes(tensor))));
  }
  for (const tensor of layout.constants) {
    const buffer = own.get(tensor);
    if (buffer && tensor.data) device.raw.queue.writeBuffer(buffer, 0, tensor.data);
  }
  const rangeOf = (tensor: Tensor): BufferRange => {
    const bytes = byteSize(tensor);
    if (tensor.kind === "variable") return variables.resolve(tensor.name, tensor);
    const buffer = own.get(tensor);
    if (buffer) return { buffer, offset: 0, bytes };
    const place = memory.places.get(tensor);
    if (!place) throw new Error(`${tensor.name} has no place in memory`);
    if (place.kind === "variable") return variables.resolve(place.name, tensor);
    const slot = slots[place.slot];
    if (!slot) throw new Error(`${tensor.name} has no slot`);
    return { buffer: slot, offset: place.offset, bytes };
  };
  const uniforms = keep(
    device.createBuffer(
      "uniforms",
      layout.statistics.uniformBytes,
      BUFFER_USAGE.UNIFORM | BUFFER_USAGE.COPY_DST,
    ),
  );
  const uniformData = new DataView(new ArrayBuffer(layout.statistics.uniformBytes));
  let dispatchCount = 0;
  const commands = memory.commands.map((command): Command => {
    if (command.kind === "copy") {
      const { buffer, offset } = rangeOf(command.to);
      const from = rangeOf(command.from);
      return { kind: "copy", from, to: { buffer, offset: offset + command.toOffset, bytes: from.bytes } };
    }
    const kernel = kernels.get(specialisationKey(command.kernel));
    if (!kernel) throw new Error(`kernel ${command.kernel.name} was not compiled`);
    const at = BINDING_ALIGNMENT_BYTES * dispatchCount++;
    packUniforms(kernel.shader, command.uniforms, uniformData, at);
    const bindGroup = bindTensors(device, command, kernel, rangeOf, { buffer: uniforms, offset: at });
    return { kind: "dispatch", kernel, bindGroup, workgroups: command.workgroups, label: command.node.name };
  });
  device.raw.queue.writeBuffer(uniforms, 0, uniformData.buffer);
  const named = (tensor: Tensor) => ({ tensor, range: rangeOf(tensor) });
  const outputs = new Map(Object.entries(layout.outputs).map(([name, tensor]) => [name, named(tensor)]));
  const inputs = new Map(layout.inputs.map((tensor) => [tensor.name, named(tensor)]));
  const stagingBytes = layout.statistics.stagingBytes / STEPS_IN_FLIGHT;
  const staging = new StagingRing(
    Array.from({ length: STEPS_IN_FLIGHT }, (_, i) => {
      return keep(device.createBuffer(`outputs staging ${i}`, stagingBytes, STAGING_USAGE));
    }),
    device,
  );
  return { buffers, slots, inputs, outputs, commands, staging };
}

function bindTensors(
  device: GpuDevice,
  command: LoweredDispatch,
  kernel: KernelPipeline,
  rangeOf: (tensor: Tensor) => BufferRange,
  uniforms: { buffer: GPUBuffer; offset: number },
): GPUBindGroup {
  const { shader, layout } = kernel;
  const entries: GPUBindGroupEntry[] = [];
  const stray = Object.keys(command.tensors).find((name) => !shader.storage.some((s) => s.name === name));
  if (stray !== undefined) throw new Error(`shader ${shader.name} has no storage variable ${stray}`);
  const readable = new Set<GPUBuffer>();
  const writable = new Set<GPUBuffer>();
  for (const { name, binding, writable: isWritable } of shader.storage) {
    const tensor = command.tensors[name];
    if (!tensor) throw new Error(`shader ${shader.name}: nothing is bound to ${name}`);
    const { buffer, offset, bytes } = rangeOf(tensor);
    (isWritable ? writable : readable).add(buffer);
    const size = offset === 0 ? Math.min(buffer.size, Math.max(16, bytes)) : bytes;
    entries.push({ binding, resource: { buffer, offset, size } });
  }
  if ([...writable].some((buffer) => readable.has(buffer))) {
    throw new Error(`${command.node.name}: ${shader.name} reads and writes one buffer in one dispatch`);
  }
  if (shader.uniforms.binding >= 0) {
    const resource = { ...uniforms, size: shader.uniforms.bytes };
    entries.push({ binding: shader.uniforms.binding, resource });
  }
  return device.raw.createBindGroup({ label: command.node.name, layout, entries });
}
