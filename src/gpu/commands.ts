// A flat list of dispatches and copies, ready to be encoded again and again.

import type { KernelPipeline } from "./pipelines.ts";

/** A range of a GPU buffer. */
export interface BufferRange {
  readonly buffer: GPUBuffer;
  readonly offset: number;
  readonly bytes: number;
}

/** One kernel launch with everything bound. */
export interface DispatchCommand {
  readonly kind: "dispatch";
  readonly kernel: KernelPipeline;
  readonly bindGroup: GPUBindGroup;
  readonly workgroups: readonly [number, number, number];
  /** The node of the graph that asked for it, for profiles. */
  readonly label: string;
}

/** One copy between buffers. */
export interface CopyCommand {
  readonly kind: "copy";
  readonly from: BufferRange;
  readonly to: BufferRange;
}

export type Command = DispatchCommand | CopyCommand;

/** Encodes the commands in order; neighbouring dispatches share one compute pass. */
export function encodeCommands(encoder: GPUCommandEncoder, commands: readonly Command[]): void {
  let pass: GPUComputePassEncoder | undefined;
  let bound: GPUComputePipeline | undefined;
  for (const command of commands) {
    if (command.kind === "dispatch") {
      if (!pass) {
        pass = encoder.beginComputePass();
        bound = undefined;
      }
      const { pipeline } = command.kernel;
      if (pipeline !== bound) {
        pass.setPipeline(pipeline);
        bound = pipeline;
      }
      pass.setBindGroup(0, command.bindGroup);
      pass.dispatchWorkgroups(...command.workgroups);
      continue;
    }
    pass?.end();
    pass = undefined;
    const { from, to } = command;
    encoder.copyBufferToBuffer(from.buffer, from.offset, to.buffer, to.offset, to.bytes);
  }
  pass?.end();
}

/**
 * Folds a flat number of workgroups into a grid whose dimensions do not exceed the limit. The kernel computes its flat
 * index with `flat_workgroup` and ignores workgroups beyond its last element.
 */
export function foldWorkgroups(count: number, limit: number): [number, number, number] {
  if (count <= limit) return [count, 1, 1];
  const rows = Math.ceil(count / limit);
  if (rows > limit) throw new RangeError(`${count} workgroups exceed ${limit} x ${limit}`);
  return [Math.ceil(count / rows), rows, 1];
}
