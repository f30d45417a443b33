// The protocol between a peer and the bench: one JSON object per line, requests on stdin, answers on stdout. Tensors
// are files of raw little-endian float32, channels last.
//
//   {"do":"open","driver","tier"}           → {"adapter","version"}
//   {"do":"prepare","case":{…}}             → {"losses"?}; other results lie in the case's file `output`
//   {"do":"time","repeats"}                 → {"ms"}: all repeats together, the work waited for
//   {"do":"release"}                        → {}
//
// A request that fails is answered with {"error": one line}.

import { readFileSync, writeFileSync } from "node:fs";
import { createInterface } from "node:readline";
import { setImmediate as nextTurn } from "node:timers/promises";

/**
 * Serves requests until stdin ends.
 * @param {{ open(request): Promise<object>, prepare(spec): Promise<Prepared> }} peer with `Prepared`
 *   `{ losses?, run(repeats): Promise<void>, release(): void | Promise<void> }`
 */
export async function serve(peer) {
  const answer = console.log.bind(console);
  for (const name of ["log", "info", "debug", "warn"]) console[name] = console.error;
  let prepared;
  const release = async () => {
    const old = prepared;
    prepared = undefined;
    await old?.release();
  };
  const actions = {
    open: (request) => peer.open(request),
    async prepare(request) {
      await release();
      prepared = await peer.prepare(request.case);
      return { losses: prepared.losses };
    },
    async time({ repeats }) {
      const start = performance.now();
      await prepared.run(repeats);
      return { ms: performance.now() - start };
    },
    async release() {
      await release();
      return {};
    },
  };
  for await (const line of createInterface({ input: process.stdin })) {
    const request = JSON.parse(line);
    try {
      answer(JSON.stringify(await actions[request.do](request)));
    } catch (thrown) {
      const message = thrown instanceof Error ? thrown.message : String(thrown);
      if (process.env.WEFT_PEERS_DEBUG) console.error(thrown);
      answer(JSON.stringify({ error: message.replace(/\s*\n\s*/g, "; ").slice(0, 300) }));
    }
  }
  process.exit(0);
}

/** The tensor of a file. */
export function readFloats(path) {
  const bytes = readFileSync(path);
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

/** Writes a tensor to a file. */
export function writeFloats(path, values) {
  writeFileSync(path, new Uint8Array(values.buffer, values.byteOffset, values.byteLength));
}

/** Matrices with the same number of rows, concatenated by columns. */
export function joinRows(matrices, rows) {
  const widths = matrices.map((values) => values.length / rows);
  const joined = [];
  for (let row = 0; row < rows; row++) {
    for (const [i, values] of matrices.entries()) {
      joined.push(...values.subarray(row * widths[i], (row + 1) * widths[i]));
    }
  }
  return Float32Array.from(joined);
}

const cell = new Int32Array(new SharedArrayBuffer(4));

/**
 * Awaits a promise with the event loop slowed down, as weft does for itself: while a promise of dawn.node is pending
 * the loop spins, and takes that core from a software adapter.
 */
export async function waitGently(promise) {
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
