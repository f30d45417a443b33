// The worker thread that reads a Keras file; its other side is keras_reader.ts.

import { parentPort, workerData } from "node:worker_threads";
import {
  KerasFileServer,
  type KerasReply,
  type KerasRequest,
  transferred,
} from "../../formats/keras_worker.ts";

/** Lets WebAssembly memories grow up to a size: worker threads' own limits do not count them. */
function limitWasmMemory(mostBytes: number): { readonly isReached: boolean } {
  const limit = { isReached: false };
  const grow = WebAssembly.Memory.prototype.grow;
  const PAGE_BYTES = 65_536;
  WebAssembly.Memory.prototype.grow = function (this: WebAssembly.Memory, pages: number) {
    if (this.buffer.byteLength + pages * PAGE_BYTES > mostBytes) {
      limit.isReached = true;
      throw new RangeError(`more than ${mostBytes} bytes`);
    }
    return grow.call(this, pages);
  };
  return limit;
}

const memory = limitWasmMemory(workerData.mostWasmBytes);
const server = new KerasFileServer();

function post(reply: KerasReply): void {
  const told = reply.kind === "fault" && memory.isReached ? { ...reply, blame: "memory" as const } : reply;
  parentPort?.postMessage(told, transferred(told));
}

parentPort?.on("message", async (request: KerasRequest) => post(await server.answer(request)));
post(await server.prepare());
