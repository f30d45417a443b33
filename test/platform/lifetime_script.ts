// Run by lifetime.test.ts in a process of its own: `SCENARIO`, prints one line of JSON, then must end by
// itself.

import { performance } from "node:perf_hooks";
import { BUFFER_USAGE, MAP_MODE_READ } from "../../src/gpu/constants.ts";
import { openAdapter } from "../../src/platform/node/adapters.ts";
import { waitGently } from "../../src/platform/node/waiting.ts";
import { double } from "./doubling.ts";

const IDLE_MS = 1000;
/** About half a second on a software adapter. */
const LONG_KERNEL = `
  @group(0) @binding(0) var<storage, read_write> x: array<f32>;
  @compute @workgroup_size(1) fn main() {
    var sum = x[0];
    for (var i = 0u; i < 1000u; i++) {
      for (var j = 0u; j < 60000u; j++) { sum = fract(sum * 1.1 + f32(j)); }
    }
    x[0] = sum;
  }`;

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function openDevice(): Promise<GPUDevice> {
  const { adapter } = await openAdapter();
  return adapter.requestDevice();
}

/** Starts work of some length and returns the buffer its result is copied to. */
function startLongWork(device: GPUDevice): GPUBuffer {
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = BUFFER_USAGE;
  const x = device.createBuffer({ size: 4, usage: STORAGE | COPY_SRC });
  const read = device.createBuffer({ size: 4, usage: MAP_READ | COPY_DST });
  const module = device.createShaderModule({ code: LONG_KERNEL });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
  const entries = [{ binding: 0, resource: { buffer: x } }];
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(1);
  pass.end();
  encoder.copyBufferToBuffer(x, 0, read, 0, 4);
  device.queue.submit([encoder.finish()]);
  return read;
}

async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 5; i++) {
    globalThis.gc?.();
    await pause(20);
  }
}

/** Turns of the event loop while the wait lasts, and its length. */
async function countTurns(wait: Promise<unknown>): Promise<{ turns: number; ms: number }> {
  const start = performance.now();
  let turns = 0;
  let isOver = false;
  const count = () => {
    turns++;
    if (!isOver) setImmediate(count);
  };
  count();
  await wait;
  isOver = true;
  return { turns, ms: performance.now() - start };
}

const scenarios: Record<string, () => Promise<object>> = {
  async idle() {
    const device = await openDevice();
    await double(device, new Float32Array([1]));
    const before = process.cpuUsage();
    await pause(IDLE_MS);
    const { user, system } = process.cpuUsage(before);
    device.destroy();
    return { cpuMs: (user + system) / 1000 };
  },
  async "dropped without destroy"() {
    await double(await openDevice(), new Float32Array([1]));
    return {};
  },
  async "held by a global"() {
    Object.assign(globalThis, { held: await openDevice() });
    return {};
  },
  async "abandoned map"() {
    const device = await openDevice();
    startLongWork(device)
      .mapAsync(MAP_MODE_READ)
      .catch(() => undefined);
    device.destroy();
    return {};
  },
  async "wait gently"() {
    const device = await openDevice();
    const counted = await countTurns(waitGently(startLongWork(device).mapAsync(MAP_MODE_READ)));
    device.destroy();
    return counted;
  },
  async "destroyed while waiting"() {
    const device = await openDevice();
    const wait = waitGently(startLongWork(device).mapAsync(MAP_MODE_READ)).then(
      () => "mapped",
      () => "rejected",
    );
    await pause(30);
    device.destroy();
    return { outcome: await wait };
  },
  async "garbage collected"() {
    for (let i = 0; i < 5; i++) {
      const device = await openDevice(); // adapter and instance are out of reach from here on
      await collectGarbage();
      const [two] = await double(device, new Float32Array([1]));
      if (two !== 2) throw new Error(`2 * 1 is ${two}`);
      if (i % 2 === 0) device.destroy();
      await collectGarbage();
    }
    await collectGarbage();
    return { isCollected: globalThis.gc !== undefined };
  },
};

const scenario = scenarios[process.argv[1] ?? ""];
if (!scenario) throw new Error(`unknown scenario ${process.argv[1]}`);
console.log(JSON.stringify(await scenario()));
