// onnxruntime-web with its WebGPU provider, on Dawn.

import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { becomeBrowser } from "./dawn.mjs";
import { prepareOnnx } from "./onnx.mjs";
import { serve, waitGently } from "./protocol.mjs";

const require = createRequire(import.meta.url);
let engine;

/** Dawn's Node binding rejects views of shared memory, and the WebAssembly has its heap there. */
function copySharedMemory() {
  const prototype = globalThis.GPUQueue.prototype;
  const { writeBuffer } = prototype;
  prototype.writeBuffer = function (buffer, offset, data, dataOffset = 0, size = undefined) {
    const isView = ArrayBuffer.isView(data);
    const memory = isView ? data.buffer : data;
    if (!(memory instanceof SharedArrayBuffer)) {
      return writeBuffer.call(this, buffer, offset, data, dataOffset, size);
    }
    const unit = isView ? (data.BYTES_PER_ELEMENT ?? 1) : 1;
    const start = (isView ? data.byteOffset : 0) + dataOffset * unit;
    const whole = isView ? data.byteLength : data.byteLength;
    const bytes = size === undefined ? whole - dataOffset * unit : size * unit;
    return writeBuffer.call(this, buffer, offset, new Uint8Array(memory, start, bytes).slice());
  };
}

await serve({
  async open(request) {
    const adapter = await becomeBrowser(request);
    copySharedMemory();
    const ort = await import("onnxruntime-web/webgpu");
    ort.env.wasm.wasmBinary = readFileSync(
      require.resolve("onnxruntime-web/ort-wasm-simd-threaded.asyncify.wasm"),
    );
    ort.env.wasm.numThreads = 1;
    const create = async (path, options) => {
      const providers = { executionProviders: ["webgpu"], logSeverityLevel: 3 };
      const bytes = new Uint8Array(readFileSync(path));
      return gentle(await waitGently(ort.InferenceSession.create(bytes, { ...providers, ...options })));
    };
    engine = { Tensor: ort.Tensor, create, isGpu: true };
    return { adapter, version: ort.env.versions.web };
  },
  prepare: (spec) => prepareOnnx(engine, spec),
});

/** A session that waits as weft does. */
function gentle(session) {
  return {
    run: (feeds) => waitGently(session.run(feeds)),
    release: () => session.release(),
  };
}
