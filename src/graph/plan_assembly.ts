// Creates what a plan consists of: its pipelines, buffers, uniforms and bind groups, from its layout.

import { byteSize } from "../base/tensors.ts";
import type { BufferRange, Command } from "../gpu/commands.ts";
import { BINDING_ALIGNMENT_BYTES, BUFFER_USAGE } from "../gpu/constants.ts";
import type { GpuDevice } from "../gpu/device.ts";
import { type KernelPipeline, specialisationKey } from "../gpu/pipelines.ts";
import { packUniforms } from "../gpu/shader_linking.ts";
import { STAGING_USAGE, StagingRing } from "../gpu/staging.ts";
import type { VariableStore } from "../gpu/variables.ts";
import type { Tensor } from "./graph.ts";
import type { LoweredDispatch } from "./lowering.ts";
import type { MemoryLayout } from "./memory.ts";
import type { KernelUse } from "./operator.ts";
import { bufferBytes, type PlanLayout, STEPS_IN_FLIGHT } from "./plan_layout.ts";

/** What a caller may follow while a plan is compiled. */
export interface CompileOptions {
  /** Called as pipelines become ready. */
  readonly onPipeline?: (done: number, total: number) => void;
}

/** A tensor and its memory. */
export interface PlacedTensor {
  readonly tensor: Tensor;
  readonly range: BufferRange;
}

/** What `Plan.compile` assembles. */
export interface PlanParts {
  readonly buffers: readonly GPUBuffer[];
  readonly slots: readonly GPUBuffer[];
  readonly inputs: ReadonlyMap<string, PlacedTensor>;
  readonly outputs: ReadonlyMap<string, PlacedTensor>;
  /** The tensors that the host may read and replace between segments. */
  readonly handedOut: ReadonlyMap<string, PlacedTensor>;
  readonly commands: readonly Command[];
  readonly staging: StagingRing;
}

/** Compiles every kernel of a layout, each specialisation once. */
export async function compileKernels(
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

/**
 * Creates the objects of a plan. Every buffer is added to `buffers` as soon as it exists, so that a failure leaks none.
 */
export function assemblePlan(
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
  const rangeOf = (tensor: Tensor) => placeOf(tensor, memory, variables, slots, own);
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
  const handedOut = new Map([...layout.handedOut].map(([name, tensor]) => [name, named(tensor)]));
  const stagingBytes = layout.statistics.stagingBytes / STEPS_IN_FLIGHT;
  const staging = new StagingRing(
    Array.from({ length: STEPS_IN_FLIGHT }, (_, i) => {
      return keep(device.createBuffer(`outputs staging ${i}`, stagingBytes, STAGING_USAGE));
    }),
    device,
  );
  return { buffers, slots, inputs, outputs, handedOut, commands, staging };
}

/** The memory of a tensor: among the variables, in a buffer of its own, or in a slot that values share. */
function placeOf(
  tensor: Tensor,
  memory: MemoryLayout,
  variables: VariableStore,
  slots: readonly GPUBuffer[],
  own: ReadonlyMap<Tensor, GPUBuffer>,
): BufferRange {
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
