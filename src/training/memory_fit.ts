// Whether steps fit an adapter, told before anything is allocated, and the largest batch that would.

import { problemOf, WeftError } from "../base/errors.ts";
import { LESS_MEMORY } from "../base/remedies.ts";
import { byteSize } from "../base/tensors.ts";
import { type DeviceFacts, megabytes } from "../gpu/device.ts";
import type { PlanLayout } from "../graph/plan_layout.ts";

/** What limits a plan: single buffers by the adapter, all of them by the memory behind it where it is known. */
export interface MemoryLimits {
  readonly facts: DeviceFacts;
  /** Bytes for all buffers together; software adapters have the machine's memory. */
  readonly budgetBytes?: number | undefined;
}

/** A step, or several over the same weights, laid out for a batch size. */
export interface LaidOut {
  readonly layouts: readonly PlanLayout[];
  /** Bytes of all buffers. */
  readonly totalBytes: number;
}

/** @throws WeftError naming the first buffer that is too large, or the sum of all. */
function requireWithin({ layouts, totalBytes }: LaidOut, { facts, budgetBytes }: MemoryLimits): void {
  for (const { memory, inputs } of layouts) {
    const largest = Math.max(0, ...memory.slotBytes, ...inputs.map(byteSize));
    if (largest > facts.maxBufferBytes) {
      const limit = megabytes(facts.maxBufferBytes);
      throw new WeftError(`one buffer would take ${megabytes(largest)} but the adapter allows ${limit}`, {
        remedy: LESS_MEMORY,
      });
    }
  }
  if (budgetBytes !== undefined && totalBytes > budgetBytes) {
    throw new WeftError(`it takes ${megabytes(totalBytes)} but this machine has ${megabytes(budgetBytes)}`, {
      remedy: LESS_MEMORY,
    });
  }
}

/**
 * Lays out for a batch size and checks the limits.
 * @throws WeftError with what does not fit and the largest batch that would.
 */
export function layOutFitting<T extends LaidOut>(
  batchSize: number,
  layOut: (batchSize: number) => T,
  limits: MemoryLimits,
): T {
  const attempt = (size: number): T => {
    const laid = layOut(size);
    requireWithin(laid, limits);
    return laid;
  };
  try {
    return attempt(batchSize);
  } catch (thrown) {
    if (!(thrown instanceof WeftError)) throw thrown;
    const largest = largestFitting(batchSize, attempt);
    if (largest === 0) {
      const fault = faultOf(() => attempt(1)) ?? thrown;
      throw new WeftError(`not even one image at a time fits the adapter: ${problemOf(fault)}`, {
        remedy: [{ kind: "smaller", option: "size" }],
      });
    }
    const problem = problemOf(thrown).replace(/\.$/, "");
    throw new WeftError(
      `a batch of ${batchSize} does not fit the adapter: ${problem}; the largest that fits is ${largest}`,
      {
        remedy: [
          { kind: "set", option: "batch", value: largest },
          { kind: "smaller", option: "size" },
        ],
      },
    );
  }
}

/** The largest batch below `tooLarge` that can be laid out; 0 where none can. */
function largestFitting(tooLarge: number, attempt: (size: number) => unknown): number {
  const fits = (size: number): boolean => {
    try {
      attempt(size);
      return true;
    } catch (thrown) {
      if (thrown instanceof WeftError) return false;
      throw thrown;
    }
  };
  let low = 0;
  let high = tooLarge;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (fits(middle)) low = middle;
    else high = middle;
  }
  return low;
}

/** What an action throws, or undefined. */
function faultOf(action: () => unknown): unknown {
  try {
    action();
    return undefined;
  } catch (thrown) {
    return thrown;
  }
}
