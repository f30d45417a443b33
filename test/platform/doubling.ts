// The smallest computation that goes all the way: doubles numbers on a device and reads them back.

import { BUFFER_USAGE, MAP_MODE_READ } from "../../src/gpu/constants.ts";
import { waitGently } from "../../src/platform/node/waiting.ts";

const DOUBLING = `
  @group(0) @binding(0) var<storage, read_write> x: array<f32>;
  @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) {
    if (id.x < arrayLength(&x)) { x[id.x] = 2 * x[id.x]; }
  }`;

export async function double(device: GPUDevice, values: Float32Array<ArrayBuffer>): Promise<Float32Array> {
  const size = values.byteLength;
  const { STORAGE, COPY_SRC, COPY_DST, MAP_READ } = BUFFER_USAGE;
  const x = device.createBuffer({ size, usage: STORAGE | COPY_SRC | COPY_DST });
  const read = device.createBuffer({ size, usage: MAP_READ | COPY_DST });
  device.queue.writeBuffer(x, 0, values);
  const module = device.createShaderModule({ code: DOUBLING });
  const pipeline = device.createComputePipeline({ layout: "auto", compute: { module } });
  const entries = [{ binding: 0, resource: { buffer: x } }];
  const encoder = device.createCommandEncoder();
  const pass = encoder.beginComputePass();
  pass.setPipeline(pipeline);
  pass.setBindGroup(0, device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries }));
  pass.dispatchWorkgroups(Math.ceil(values.length / 64));
  pass.end();
  encoder.copyBufferToBuffer(x, 0, read, 0, size);
  device.queue.submit([encoder.finish()]);
  await waitGently(read.mapAsync(MAP_MODE_READ));
  const result = new Float32Array(read.getMappedRange().slice(0));
  x.destroy();
  read.destroy();
  return result;
}
