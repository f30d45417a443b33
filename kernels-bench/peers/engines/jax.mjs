// jax-js with its WebGPU backend, on Dawn. It computes with channels first.

import { becomeBrowser } from "./dawn.mjs";
import { serve, waitGently } from "./protocol.mjs";

const VERSION = "0.1.25";

let jax;
let parts;

await serve({
  async open(request) {
    const adapter = await becomeBrowser(request);
    jax = await import("@jax-js/jax");
    const devices = await jax.init("webgpu");
    if (!devices.includes("webgpu")) throw new Error("jax-js finds no WebGPU");
    jax.defaultDevice("webgpu");
    parts = { ...(await import("./jax_operators.mjs")), ...(await import("./jax_networks.mjs")) };
    return { adapter, version: VERSION };
  },
  async prepare(spec) {
    const tools = {
      jax,
      // Arrays are computed when they are awaited, so all are kept until then.
      wait: (arrays) => waitGently(jax.blockUntilReady(arrays)),
      read: (array) => waitGently(array.data()),
    };
    if (spec.kind === "operator") return parts.prepareOperator(tools, spec);
    return spec.pass === "train" ? parts.prepareTraining(tools, spec) : parts.prepareInference(tools, spec);
  },
});
