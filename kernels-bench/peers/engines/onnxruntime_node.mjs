// onnxruntime-node: its CPU provider, or its WebGPU provider with the Dawn that it brings itself.

import { createRequire } from "node:module";
import { prepareOnnx } from "./onnx.mjs";
import { serve } from "./protocol.mjs";

let engine;

await serve({
  async open({ provider }) {
    const { InferenceSession, Tensor } = await import("onnxruntime-node");
    const { version } = createRequire(import.meta.url)("onnxruntime-node/package.json");
    const create = (path, options) =>
      InferenceSession.create(path, { executionProviders: [provider], logSeverityLevel: 3, ...options });
    engine = { Tensor, create, isGpu: provider === "webgpu" };
    return { version }; // its WebGPU provider does not tell its adapter
  },
  prepare: (spec) => prepareOnnx(engine, spec),
});
