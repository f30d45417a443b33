// The one pipeline cache of a device. A pipeline's key is its linked source itself (conditions and constants are part
// of it), so operators that specialise a shader in the same way share one pipeline.

import { SHADER_STAGE_COMPUTE } from "./constants.ts";
import type { HostWait } from "./host_wait.ts";
import { type LinkedShader, linkShader, type ShaderSource } from "./shader_linking.ts";

/** A compiled kernel and the names of its bindings. */
export interface KernelPipeline {
  readonly shader: LinkedShader;
  readonly pipeline: GPUComputePipeline;
  readonly layout: GPUBindGroupLayout;
}

export class PipelineCache {
  private readonly byCode = new Map<string, Promise<KernelPipeline>>();
  private readonly bySpecialisation = new Map<string, Promise<KernelPipeline>>();

  constructor(
    private readonly device: GPUDevice,
    private readonly wait: HostWait,
  ) {}

  /** Pipelines compiled on this device so far. */
  get count(): number {
    return this.byCode.size;
  }

  /** Compiles a shader, or returns the pipeline that was compiled from the same code before. */
  get(shader: ShaderSource): Promise<KernelPipeline> {
    const key = specialisationKey(shader);
    let pipeline = this.bySpecialisation.get(key);
    if (!pipeline) {
      pipeline = this.compile(shader);
      this.bySpecialisation.set(key, pipeline);
      pipeline.catch(() => this.bySpecialisation.delete(key)); // a later attempt may succeed
    }
    return pipeline;
  }

  private async compile(source: ShaderSource): Promise<KernelPipeline> {
    const shader = await linkShader(source);
    let compiled = this.byCode.get(shader.code);
    if (!compiled) {
      compiled = this.wait(createPipeline(this.device, shader));
      this.byCode.set(shader.code, compiled);
    }
    return compiled;
  }
}

/** A text that is equal for equal specialisations of one shader. */
export function specialisationKey(shader: ShaderSource): string {
  const sorted = (record: object | undefined) =>
    Object.entries(record ?? {}).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([
    shader.name,
    shader.source.length,
    sorted(shader.conditions),
    sorted(shader.constants),
    ...(shader.narrow ? [shader.narrow] : []),
  ]);
}

async function createPipeline(device: GPUDevice, shader: LinkedShader): Promise<KernelPipeline> {
  const entries: GPUBindGroupLayoutEntry[] = shader.storage.map(({ binding, writable }) => ({
    binding,
    visibility: SHADER_STAGE_COMPUTE,
    buffer: { type: writable ? "storage" : "read-only-storage" },
  }));
  if (shader.uniforms.binding >= 0) {
    const buffer: GPUBufferBindingLayout = { type: "uniform", minBindingSize: shader.uniforms.bytes };
    entries.push({ binding: shader.uniforms.binding, visibility: SHADER_STAGE_COMPUTE, buffer });
  }
  const module = device.createShaderModule({ label: shader.name, code: shader.code });
  const layout = device.createBindGroupLayout({ label: shader.name, entries });
  try {
    const pipeline = await device.createComputePipelineAsync({
      label: shader.name,
      layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
      compute: { module, entryPoint: "main" },
    });
    return { shader, pipeline, layout };
  } catch (thrown) {
    const { messages } = await module.getCompilationInfo();
    // Line numbers refer to the linked text, which nobody sees, so the line is looked up in the source.
    const lines = shader.code.split("\n");
    const details = messages.map((m) => `${m.message}, in "${lines[m.lineNum - 1]?.trim()}"`).join("; ");
    throw new Error(`shader ${shader.name} does not compile: ${details || String(thrown)}`);
  }
}
