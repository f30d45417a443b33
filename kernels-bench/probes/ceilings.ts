// The ceilings for shares: the fastest of three matrix products, and the fastest of two copies, on the same device in
// the same run.

import { WeftError } from "../../src/base/errors.ts";
import { RandomStream } from "../../src/base/random.ts";
import { quantile } from "../../src/base/statistics.ts";
import type { AdapterKind } from "../../src/gpu/adapters.ts";
import type { BufferRange, Command } from "../../src/gpu/commands.ts";
import type { GpuDevice } from "../../src/gpu/device.ts";
import type { ShaderSource } from "../../src/gpu/shader_linking.ts";
import { VariableStore } from "../../src/gpu/variables.ts";
import type { OperatorCase } from "../cases/bench_case.ts";
import { checkRealForm } from "../measuring/check.ts";
import { PreparedPass } from "../measuring/prepared_pass.ts";
import type { Ceilings } from "../measuring/rows.ts";
import { timeCommands } from "../measuring/timing.ts";
import copyShader from "./copy.wgsl";
import registersShader from "./matmul_registers.wgsl";
import tilesShader from "./matmul_tiles.wgsl";

/** Long enough that the adapter's clock settles, and larger than its caches. */
const SIZES = {
  software: { matrix: 512, copyBytes: 64 * 2 ** 20, copyThreads: 64 * 256 },
  hardware: { matrix: 4096, copyBytes: 128 * 2 ** 20, copyThreads: 64 * 8192 },
} as const;

/** How long each probe is timed. */
const SECONDS = 0.6;

/** A device and the size and duration of its probes. */
interface Probing {
  readonly device: GpuDevice;
  readonly sizes: (typeof SIZES)[AdapterKind];
  readonly seconds: number;
}

/** The sample that counts: a ceiling is what the adapter can reach, not its average. */
const FASTEST = 0.1;

/** Measures both ceilings. @throws WeftError if a probe computes wrong values. */
export async function measureCeilings(
  device: GpuDevice,
  kind: AdapterKind,
  seconds = SECONDS,
): Promise<Ceilings> {
  const probing: Probing = { device, sizes: SIZES[kind], seconds };
  const products = [
    await measureProduct(probing, { name: "matmul_registers", source: registersShader, tile: 32 }),
    await measureProduct(probing, { name: "matmul_tiles", source: tilesShader, tile: 128 }),
    await measureDense(probing),
  ];
  return { gflops: Math.max(...products), gbPerSecond: await measureCopies(probing) };
}

interface Product {
  readonly name: string;
  readonly source: string;
  /** Rows and columns that a workgroup computes. */
  readonly tile: number;
}

async function measureProduct(
  { device, sizes, seconds }: Probing,
  { name, source, tile }: Product,
): Promise<number> {
  const size = sizes.matrix;
  const buffers = [0, 1, 2].map((i) => device.createStorage(`ceiling ${i}`, 4 * size * size));
  const [a, b, c] = buffers as [GPUBuffer, GPUBuffer, GPUBuffer];
  try {
    const values = [a, b].map((buffer, i) => {
      const stream = new RandomStream(3, `ceiling/${i}`);
      const data = Float32Array.from({ length: size * size }, () => stream.between(-1, 1));
      device.raw.queue.writeBuffer(buffer, 0, data);
      return data;
    }) as [Float32Array, Float32Array];
    const groups = size / tile;
    const shader = { name: `probes/${name}`, source, constants: { SIZE: `${size}u` } };
    const command = await dispatchOf(device, shader, { a, b, c }, [groups, groups, 1]);
    const { wallMs } = await timeCommands(device, [command], { seconds });
    await checkProduct(device, c, values, size);
    return (2 * size ** 3) / quantile(wallMs, FASTEST) / 1e6;
  } finally {
    for (const buffer of buffers) device.destroyBuffer(buffer);
  }
}

/** The same product with weft's own kernels, in case they are faster than the probes. */
async function measureDense({ device, sizes, seconds }: Probing): Promise<number> {
  const size = sizes.matrix;
  const form = (rows: number) => ({
    attrs: {},
    inputs: { x: { shape: [rows, rows] }, w: { shape: [rows, rows] } },
  });
  const bench: OperatorCase = {
    op: "dense",
    name: `${size}x${size}`,
    of: "ceiling",
    isQuick: false,
    real: form(size),
    small: form(64),
    passes: { forward: [] },
    isConvolution: true,
  };
  const prepared = await PreparedPass.compile(device, bench, bench.real, "forward");
  try {
    await checkRealForm(bench, "forward", prepared);
    const { wallMs } = await timeCommands(device, prepared.plan.commands, { seconds });
    return prepared.cost.flops / quantile(wallMs, FASTEST) / 1e6;
  } finally {
    prepared.destroy();
  }
}

/** A few elements against float64. */
async function checkProduct(
  device: GpuDevice,
  c: GPUBuffer,
  [a, b]: readonly [Float32Array, Float32Array],
  size: number,
): Promise<void> {
  const got = await readBuffer(device, c);
  for (const at of [0, size + 1, 70 * size + 99, size * size - 1]) {
    const [row, column] = [Math.floor(at / size), at % size];
    let want = 0;
    for (let k = 0; k < size; k++) want += a[row * size + k]! * b[k * size + column]!;
    if (!(Math.abs(got[at]! - want) < 1e-3 * Math.sqrt(size))) {
      throw new WeftError(`the matrix product of the ceiling is ${got[at]} instead of ${want} at ${at}`);
    }
  }
}

async function readBuffer(device: GpuDevice, buffer: GPUBuffer): Promise<Float32Array> {
  const store = new VariableStore(device);
  store.declare({ name: "read back", shape: [buffer.size / 4], dtype: "f32" });
  try {
    const { buffer: target } = store.resolve("read back", { shape: [buffer.size / 4], dtype: "f32" });
    const encoder = device.raw.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, target, 0, buffer.size);
    device.raw.queue.submit([encoder.finish()]);
    return (await store.read(["read back"])).get("read back") ?? new Float32Array();
  } finally {
    store.destroy();
  }
}

async function measureCopies({ device, sizes, seconds }: Probing): Promise<number> {
  const { copyBytes, copyThreads } = sizes;
  const bytes = Math.min(copyBytes, device.facts.maxBindingBytes);
  const [x, y] = [0, 1].map((i) => device.createStorage(`ceiling ${i}`, bytes)) as [GPUBuffer, GPUBuffer];
  try {
    const constants = { COUNT: `${bytes / 16}u`, THREADS: `${copyThreads}u` };
    const shader = { name: "probes/copy", source: copyShader, constants };
    const range = (buffer: GPUBuffer): BufferRange => ({ buffer, offset: 0, bytes });
    const copies: Command[] = [
      await dispatchOf(device, shader, { x, y }, [copyThreads / 64, 1, 1]),
      { kind: "copy", from: range(x), to: range(y) },
    ];
    const rates: number[] = [];
    for (const command of copies) {
      const { wallMs } = await timeCommands(device, [command], { seconds });
      rates.push((2 * bytes) / quantile(wallMs, FASTEST) / 1e6);
    }
    return Math.max(...rates);
  } finally {
    device.destroyBuffer(x);
    device.destroyBuffer(y);
  }
}

async function dispatchOf(
  device: GpuDevice,
  source: ShaderSource,
  buffers: Readonly<Record<string, GPUBuffer>>,
  workgroups: readonly [number, number, number],
): Promise<Command> {
  const kernel = await device.pipelines.get(source);
  const entries = kernel.shader.storage.flatMap(({ name, binding }) => {
    const buffer = buffers[name];
    return buffer ? [{ binding, resource: { buffer } }] : [];
  });
  const bindGroup = device.raw.createBindGroup({ layout: kernel.layout, entries });
  return { kind: "dispatch", kernel, bindGroup, workgroups, label: source.name };
}
