// TensorFlow.js with its WebGPU backend, on Dawn.

import { becomeBrowser } from "./dawn.mjs";
import { serve, waitGently } from "./protocol.mjs";

let tf;
let parts;

/** Ends the pass, submits it, and waits for the queue. */
async function wait() {
  const backend = tf.backend();
  if (backend.commandEncoder) {
    backend.endComputePassEncoder();
    backend.submitQueue();
  }
  await waitGently(backend.queue.onSubmittedWorkDone());
}

await serve({
  async open(request) {
    const adapter = await becomeBrowser(request);
    tf = await import("@tensorflow/tfjs");
    await import("@tensorflow/tfjs-backend-webgpu");
    await tf.setBackend("webgpu");
    await tf.ready();
    parts = {
      ...(await import("./tfjs_operators.mjs")),
      ...(await import("./tfjs_networks.mjs")),
    };
    return { adapter, version: tf.version_core };
  },
  async prepare(spec) {
    const tools = { tf, wait, read: (tensor) => waitGently(tensor.data()) };
    if (spec.kind === "operator") return parts.prepareOperator(tools, spec);
    return spec.pass === "train" ? parts.prepareTraining(tools, spec) : parts.prepareInference(tools, spec);
  },
});
