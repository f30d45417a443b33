// Waiting for the GPU without burning a core. While any promise of dawn.node is pending, it asks Dawn for
// news on every turn of the event loop, and the loop spins: one core busy for as long as the GPU is, which
// a software adapter would rather compute on (1.1 s of CPU for a wait of 1.1 s on webgpu 0.6.2). So the
// loop is slowed down while something is awaited. An idle device costs nothing.

import { setImmediate as nextTurn } from "node:timers/promises";

/** How long the thread sleeps between looks, and how many turns of the loop a look takes. */
const PAUSE_MS = 1;
const TURNS_PER_PAUSE = 3;

const cell = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));

/**
 * Awaits a promise of dawn.node (a map, a pipeline, submitted work, an error scope) with the event loop
 * slowed to about a thousand looks a second: the thread sleeps for a millisecond in every third turn.
 */
export async function waitGently<T>(promise: Promise<T>): Promise<T> {
  let isPending = true;
  const settled = () => {
    isPending = false;
  };
  promise.then(settled, settled);
  for (let turn = 1; isPending; turn++) {
    await nextTurn();
    if (isPending && turn % TURNS_PER_PAUSE === 0) Atomics.wait(cell, 0, 0, PAUSE_MS);
  }
  return promise;
}
