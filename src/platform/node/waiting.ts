// Waiting for the GPU without burning a core. While any promise of dawn.node is pending, it asks Dawn for
// news on every turn of the event loop, and the loop spins: one core busy for as long as the GPU is, which
// a software adapter would rather compute on. (Measured on webgpu 0.6.2: 1.1 s of CPU for a wait of 1.1 s;
// this way 0.05 s. An idle device costs nothing.)

import { setImmediate as nextTurn, setTimeout as sleep } from "node:timers/promises";
import { MAP_MODE_READ } from "../../gpu/constants.ts";

/** A finished map resolves within one or two turns of the event loop. */
const TURNS_PER_ATTEMPT = 4;
const LONGEST_PAUSE_MS = 4;

/**
 * Maps the whole buffer for reading, as `mapAsync` does, but asks, gives up and sleeps until the GPU is
 * done. Rejects with what `mapAsync` rejects with (buffer destroyed, device lost).
 */
export async function mapForReading(buffer: GPUBuffer): Promise<void> {
  const start = performance.now();
  for (;;) {
    const outcome: { thrown?: unknown; settled: boolean } = { settled: false };
    const attempt = buffer.mapAsync(MAP_MODE_READ).then(
      () => {
        outcome.settled = true;
      },
      (thrown: unknown) => {
        outcome.settled = true;
        outcome.thrown = thrown;
      },
    );
    for (let turn = 0; turn < TURNS_PER_ATTEMPT && !outcome.settled; turn++) await nextTurn();
    if (outcome.settled) {
      if (outcome.thrown !== undefined) throw outcome.thrown;
      return;
    }
    buffer.unmap(); // takes the attempt back
    await attempt;
    if (buffer.mapState === "mapped") return; // it succeeded in this very moment
    const elapsed = performance.now() - start;
    await sleep(Math.min(LONGEST_PAUSE_MS, Math.max(1, elapsed / 32)));
  }
}

/**
 * Awaits any other promise of dawn.node (a pipeline, submitted work, an error scope) with the event loop
 * slowed to about a thousand turns a second: the thread sleeps for a millisecond in every third turn.
 */
export async function waitGently<T>(promise: Promise<T>): Promise<T> {
  const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  let isPending = true;
  const settled = () => {
    isPending = false;
  };
  promise.then(settled, settled);
  for (let turn = 1; isPending; turn++) {
    await nextTurn();
    if (isPending && turn % 3 === 0) Atomics.wait(cell, 0, 0, 1);
  }
  return promise;
}
