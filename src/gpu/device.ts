// One opened GPU: its limits and features, the buffers created on it and their total bytes, its one pipeline cache, and
// what happens when it is lost. All state is in the instance: several engines in one process are independent.

import { WeftError } from "../base/errors.ts";
import { LESS_MEMORY } from "../base/remedies.ts";
import { describeAdapter } from "./adapters.ts";
import { BUFFER_USAGE } from "./constants.ts";
import { DeviceLoss } from "./device_loss.ts";
import type { HostWait } from "./host_wait.ts";
import { PipelineCache } from "./pipelines.ts";

/** The kernel family that suits the adapter: workgroup memory slows software adapters down and speeds GPUs up. */
export type KernelFamily = "cpu" | "gpu";

/** Names of chosen candidates by what is chosen: `{ splits: "8" }`. */
export type Choices = Readonly<Record<string, string>>;

/** The choices that were measured to be fastest, by the key of a node (graph/choices.ts). */
export type TuningTable = ReadonlyMap<string, Choices>;

/**
 * Subgroup matrices: f16 matrices that a subgroup multiplies with sums in f32, [rows, depth] by [depth, columns].
 * WGSL's extension chromium_experimental_subgroup_matrix.
 */
export interface SubgroupMatrix {
  readonly rows: number;
  readonly columns: number;
  readonly depth: number;
  /** The largest number of lanes that a subgroup has; workgroups are multiples of it. */
  readonly lanes: number;
  /** The largest number of threads in a workgroup. */
  readonly maxThreads: number;
}

/** The facts about the device by which operators choose kernels. */
export interface DeviceFacts {
  readonly family: KernelFamily;
  readonly features: ReadonlySet<string>;
  /** Lanes of a subgroup, if all subgroups of the adapter have one size that kernels are written for. */
  readonly subgroupSize: 4 | 8 | 16 | undefined;
  /** Absent if the adapter has none for f16 with sums in f32. */
  readonly subgroupMatrix?: SubgroupMatrix;
  readonly maxBindingBytes: number;
  readonly maxBufferBytes: number;
  readonly maxWorkgroupsPerDimension: number;
  readonly maxWorkgroupMemoryBytes: number;
  /** Without it, or without an entry, operators choose by their own rules. */
  readonly tuning?: TuningTable;
}

/** How a device is opened. Every option has a default that suits the adapter. */
export interface DeviceOptions {
  /** False leaves subgroups unused, as on adapters without them. */
  readonly subgroups?: boolean;
  /** True uses subgroup matrices: their WGSL is that of the pinned Dawn, and browsers' WGSL differs by version. */
  readonly subgroupMatrices?: boolean;
  readonly wait?: HostWait;
  /** Forces a kernel family; by default the CPU family on software adapters. */
  readonly family?: KernelFamily;
  /** Name for messages; by default the adapter's own description. */
  readonly name?: string;
}

/** Only Dawn's toggle for unsafe interfaces offers it, and WebGPU's types do not know it. */
const SUBGROUP_MATRIX = "chromium-experimental-subgroup-matrix" as GPUFeatureName;
const WANTED_FEATURES: readonly GPUFeatureName[] = [
  "timestamp-query",
  "shader-f16",
  "subgroups",
  SUBGROUP_MATRIX,
];

/**
 * A WebGPU device and the state that weft keeps with it: pipelines, live buffers, tuning. Opened by `GpuDevice.open`, or
 * in Node by `openDevice`; `destroy` ends it with all its buffers.
 */
export class GpuDevice {
  readonly pipelines: PipelineCache;
  private ownFacts: DeviceFacts;
  private readonly live = new Set<GPUBuffer>();
  private bytes = 0;
  private readonly loss: DeviceLoss;
  /**
   * Awaits a promise of this device. @throws DeviceLostError once the device is lost, whatever becomes of the promise
   */
  readonly wait: HostWait;

  private constructor(
    readonly raw: GPUDevice,
    readonly name: string,
    family: KernelFamily,
    subgroups: Pick<DeviceFacts, "subgroupSize" | "subgroupMatrix">,
    hostWait: HostWait,
  ) {
    this.loss = new DeviceLoss(raw, name);
    this.wait = (promise) => this.loss.guard(promise, hostWait);
    this.pipelines = new PipelineCache(raw, this.wait);
    const { limits } = raw;
    this.ownFacts = {
      family,
      features: new Set(raw.features),
      ...subgroups,
      maxBindingBytes: limits.maxStorageBufferBindingSize,
      maxBufferBytes: limits.maxBufferSize,
      maxWorkgroupsPerDimension: limits.maxComputeWorkgroupsPerDimension,
      maxWorkgroupMemoryBytes: limits.maxComputeWorkgroupStorageSize,
    };
  }

  get facts(): DeviceFacts {
    return this.ownFacts;
  }

  /** Lets plans that are laid out from now on choose kernels by a table. */
  useTuning(tuning: TuningTable): void {
    this.ownFacts = { ...this.ownFacts, tuning };
  }

  /**
   * Opens a device with the adapter's largest buffers and bindings, and with those optional features that weft has
   * kernels for.
   */
  static async open(adapter: GPUAdapter, options: DeviceOptions = {}): Promise<GpuDevice> {
    const { limits } = adapter;
    const { name, kind } = describeAdapter(adapter, "WebGPU", "system");
    const { wait = (promise) => promise, subgroups = true } = options;
    const matrices = subgroups && options.subgroupMatrices === true;
    const raw = await adapter.requestDevice({
      requiredFeatures: WANTED_FEATURES.filter((feature) => {
        if (feature === "subgroups" && !subgroups) return false;
        return adapter.features.has(feature) && (feature !== SUBGROUP_MATRIX || matrices);
      }),
      requiredLimits: {
        maxBufferSize: limits.maxBufferSize,
        maxStorageBufferBindingSize: limits.maxStorageBufferBindingSize,
        maxComputeWorkgroupStorageSize: limits.maxComputeWorkgroupStorageSize,
        maxComputeInvocationsPerWorkgroup: limits.maxComputeInvocationsPerWorkgroup,
        maxComputeWorkgroupSizeX: limits.maxComputeWorkgroupSizeX,
      },
    });
    const family = options.family ?? (kind === "software" ? "cpu" : "gpu");
    return new GpuDevice(
      raw,
      options.name ?? name,
      family,
      {
        subgroupSize: subgroups ? fixedSubgroupSize(adapter) : undefined,
        ...(matrices ? subgroupMatrix(adapter) : {}),
      },
      wait,
    );
  }

  /**
   * Creates a buffer and counts its bytes until `destroyBuffer`.
   * @throws WeftError when one buffer exceeds the adapter's limit.
   */
  createBuffer(label: string, bytes: number, usage: number): GPUBuffer {
    const size = Math.ceil(bytes / 4) * 4;
    if (size > this.facts.maxBufferBytes) {
      throw new WeftError(
        `${label} needs a buffer of ${megabytes(size)}, but ${this.name} allows ${megabytes(this.facts.maxBufferBytes)}`,
        { remedy: LESS_MEMORY },
      );
    }
    const buffer = this.raw.createBuffer({ label, size, usage });
    this.live.add(buffer);
    this.bytes += size;
    return buffer;
  }

  /** Creates a storage buffer for kernels, uploads and copies. */
  createStorage(label: string, bytes: number): GPUBuffer {
    return this.createBuffer(
      label,
      bytes,
      BUFFER_USAGE.STORAGE | BUFFER_USAGE.COPY_SRC | BUFFER_USAGE.COPY_DST,
    );
  }

  destroyBuffer(buffer: GPUBuffer): void {
    if (!this.live.delete(buffer)) return;
    this.bytes -= buffer.size;
    buffer.destroy();
  }

  /** Bytes of all buffers that exist on the device now. */
  get allocatedBytes(): number {
    return this.bytes;
  }

  /** @throws DeviceLostError when the device was lost (driver reset, GPU removed). */
  throwIfLost(): void {
    this.loss.throwIfLost();
  }

  /**
   * Runs `work` and turns the validation and out-of-memory errors of its GPU calls into one exception. The work is
   * synchronous, so that no other call on the device falls into its error scopes.
   * @throws WeftError when the device ran out of memory; Error for a validation error.
   */
  async checked<T>(what: string, work: () => T): Promise<T> {
    this.raw.pushErrorScope("out-of-memory");
    this.raw.pushErrorScope("validation");
    let outcome: { readonly result: T } | { readonly thrown: unknown };
    try {
      outcome = { result: work() };
    } catch (thrown) {
      outcome = { thrown };
    }
    const scopes = Promise.all([this.raw.popErrorScope(), this.raw.popErrorScope()]);
    const [validation, memory] = await this.wait(scopes);
    if ("thrown" in outcome) throw outcome.thrown;
    if (memory) throw new WeftError(`${this.name} has no memory left for ${what}`, { remedy: LESS_MEMORY });
    if (validation) throw new Error(`${what}: ${validation.message}`);
    return outcome.result;
  }

  /** Resolves when all work submitted so far is done. */
  async idle(): Promise<void> {
    await this.wait(this.raw.queue.onSubmittedWorkDone());
  }

  /** Frees everything. The process can end once the adapter's `gpu` object is dropped as well. */
  destroy(): void {
    for (const buffer of this.live) buffer.destroy();
    this.live.clear();
    this.bytes = 0;
    this.loss.expect();
    this.raw.destroy();
  }
}

function fixedSubgroupSize({ features, info }: GPUAdapter): DeviceFacts["subgroupSize"] {
  const { subgroupMinSize, subgroupMaxSize } = info;
  if (!features.has("subgroups") || subgroupMinSize !== subgroupMaxSize) return undefined;
  return subgroupMinSize === 4 || subgroupMinSize === 8 || subgroupMinSize === 16
    ? subgroupMinSize
    : undefined;
}

/** A matrix size that an adapter multiplies, by Dawn's names. */
interface SubgroupMatrixConfig {
  readonly M: number;
  readonly N: number;
  readonly K: number;
  readonly componentType: string;
  readonly resultComponentType: string;
}

/** The largest f16 matrices with sums in f32 that the adapter multiplies. */
function subgroupMatrix({ features, info, limits }: GPUAdapter): Pick<DeviceFacts, "subgroupMatrix"> {
  if (![SUBGROUP_MATRIX, "subgroups", "shader-f16"].every((feature) => features.has(feature))) return {};
  const offered: GPUAdapterInfo & { readonly subgroupMatrixConfigs?: Iterable<SubgroupMatrixConfig> } = info;
  const [largest] = [...(offered.subgroupMatrixConfigs ?? [])]
    .filter(({ componentType, resultComponentType: result }) => componentType === "f16" && result === "f32")
    .sort((a, b) => b.M * b.N * b.K - a.M * a.N * a.K);
  if (!largest) return {};
  const { M: rows, N: columns, K: depth } = largest;
  const maxThreads = Math.min(limits.maxComputeInvocationsPerWorkgroup, limits.maxComputeWorkgroupSizeX);
  return { subgroupMatrix: { rows, columns, depth, lanes: info.subgroupMaxSize, maxThreads } };
}

/** Bytes in a readable unit. */
export function megabytes(bytes: number): string {
  return bytes >= 1e9 ? `${(bytes / 1e9).toFixed(2)} GB` : `${(bytes / 1e6).toFixed(1)} MB`;
}
