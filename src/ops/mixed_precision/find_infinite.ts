// findInfinite: flags [threads], 1 if a thread found an infinity or a NaN among the values x of an arena (gradients,
// weights, moments), or if `previous`, the flags of another arena, is 1. Loss scaling (loss_scale.ts) and the check of
// a training's state (training/finite_check.ts) use it.

import shader from "../../../shaders/mixed_precision/find_infinite.wgsl";
import { byteSize, elementCount } from "../../base/tensors.ts";
import type { KernelFamily } from "../../gpu/device.ts";
import { defineOperator, typeOf } from "../../graph/operator.ts";

/** Threads that search the values; each writes one flag. */
export const FLAG_THREADS: Readonly<Record<KernelFamily, number>> = { cpu: 512, gpu: 16384 };

/** Elements of a block of `findInfinite`. */
const BLOCK = 64;
const BLOCKS_PER_WORD = 4;

interface FindInfiniteAttributes {
  /**
   * The offsets of the tensors that x is packed from, in elements, and their element counts; padding lies between them.
   */
  readonly offsets: readonly number[];
  readonly sizes: readonly number[];
}

/** For each block, one byte: how many elements at its start are not padding. */
function filledBlocks(count: number, { offsets, sizes }: FindInfiniteAttributes): number[] {
  const words = new Uint32Array(Math.ceil(count / BLOCK / BLOCKS_PER_WORD));
  const filled = new Uint8Array(words.buffer); // little-endian, as WebGPU's buffers are
  for (const [i, offset] of offsets.entries()) {
    if (offset % BLOCK !== 0) throw new Error(`findInfinite: offset ${offset} is no multiple of ${BLOCK}`);
    const size = sizes[i] ?? 0;
    for (let at = 0; at < size; at += BLOCK) filled[(offset + at) / BLOCK] = Math.min(BLOCK, size - at);
  }
  return [...words];
}

/** Flags, one a thread: 1 if the thread found an infinity or NaN in x, or if its flag in `previous` is 1. */
export const findInfinite = defineOperator<FindInfiniteAttributes>({
  name: "findInfinite",
  inputs: ["x", "previous?"],
  attributes: (read) => ({
    offsets: read.wholeNumbers("offsets", undefined, 0),
    sizes: read.wholeNumbers("sizes", undefined, 0),
  }),
  // As many flags as the largest family has threads: the output's type does not depend on the device.
  infer: () => ({ flags: { shape: [FLAG_THREADS.gpu], dtype: "f32" } }),
  lower({ attrs, device, input, hasInput, output, constant, dispatch }) {
    const x = input("x");
    const threads = FLAG_THREADS[device.family];
    const count = elementCount(x.shape);
    const filled = constant("filled", filledBlocks(count, attrs), "u32");
    const isChained = hasInput("previous");
    dispatch(
      { name: "mixed_precision/find_infinite", source: shader },
      {
        tensors: { x, previous: isChained ? input("previous") : x, filled, flags: output("flags") },
        uniforms: { count, threads, chained: Number(isChained) },
        workgroups: threads / 64,
      },
    );
  },
  cost(inputs) {
    const x = typeOf(inputs, "x");
    return { flops: 0, bytes: byteSize(x) };
  },
});
