// Variables: tensors that live between steps and are shared by plans (weights, moments, moving statistics). Variables
// that one kernel updates together lie in an arena: one buffer, one offset each, so that an optimizer updates all of
// them in one dispatch.

import { WeftError } from "../base/errors.ts";
import { byteSize, elementCount, sameShape, shapeText, type TensorType } from "../base/tensors.ts";
import type { BufferRange } from "./commands.ts";
import { BINDING_ALIGNMENT_BYTES } from "./constants.ts";
import type { GpuDevice } from "./device.ts";
import { readRanges } from "./read_back.ts";

/** A variable: its name, shape and element type. */
export interface VariableSpec extends TensorType {
  readonly name: string;
}

/** Several variables in one buffer. The buffer is itself a variable: `[elements]` floats. */
export interface Arena {
  readonly name: string;
  readonly elements: number;
  /** Offsets in elements; the gaps between members are padding. */
  readonly members: readonly { readonly name: string; readonly offset: number }[];
}

interface StoredVariable {
  readonly type: TensorType;
  readonly range: BufferRange;
}

/**
 * Divides variables among arenas of at most `maxBytes`. Pure: the same input gives the same layout.
 * @param alignment members begin at multiples of this number of elements.
 */
export function layOutArenas(
  name: string,
  specs: readonly VariableSpec[],
  maxBytes: number,
  alignment = BINDING_ALIGNMENT_BYTES / 4,
): Arena[] {
  const arenas: { members: { name: string; offset: number }[]; elements: number }[] = [];
  let current: (typeof arenas)[number] | undefined;
  for (const spec of specs) {
    const size = Math.ceil(elementCount(spec.shape) / alignment) * alignment;
    if (!current || (current.elements + size) * 4 > maxBytes) {
      current = { members: [], elements: 0 };
      arenas.push(current);
    }
    current.members.push({ name: spec.name, offset: current.elements });
    current.elements += size;
  }
  return arenas.map((arena, i) => ({ name: `${name}/${i}`, ...arena }));
}

/** Bytes of the buffer of a variable outside any arena; at least one vec4, so that kernels may bind it as such. */
function variableBufferBytes(spec: VariableSpec): number {
  return Math.max(16, byteSize(spec));
}

/** Bytes that a store allocates for arenas and for variables outside them. */
export function variableBytes(arenas: readonly Arena[], alone: readonly VariableSpec[]): number {
  const inArenas = arenas.reduce((sum, { elements }) => sum + 4 * elements, 0);
  return alone.reduce((sum, spec) => sum + variableBufferBytes(spec), inArenas);
}

/** Variables on a device, which plans share. New ones are zero. The store owns their buffers until `destroy`. */
export class VariableStore {
  /** Creates a store and runs `work` on it; if that fails, no variable is left on the device. */
  static async with<T>(device: GpuDevice, make: (store: VariableStore) => Promise<T>): Promise<T> {
    const store = new VariableStore(device);
    try {
      return await make(store);
    } catch (thrown) {
      store.destroy();
      throw thrown;
    }
  }

  private readonly variables = new Map<string, StoredVariable>();
  private readonly buffers: GPUBuffer[] = [];

  constructor(readonly device: GpuDevice) {}

  get names(): string[] {
    return [...this.variables.keys()];
  }

  /** Bytes of all buffers of the store. */
  get bytes(): number {
    return this.buffers.reduce((sum, buffer) => sum + buffer.size, 0);
  }

  has(name: string): boolean {
    return this.variables.has(name);
  }

  /** Creates a variable with a buffer of its own. */
  declare(spec: VariableSpec): void {
    const bytes = byteSize(spec);
    const buffer = this.device.createStorage(spec.name, variableBufferBytes(spec));
    this.buffers.push(buffer);
    this.register(spec.name, spec, { buffer, offset: 0, bytes });
  }

  /** Creates the arenas' buffers and registers their members and the arenas themselves. */
  declareArenas(arenas: readonly Arena[], specs: readonly VariableSpec[]): void {
    const byName = new Map(specs.map((spec) => [spec.name, spec]));
    for (const arena of arenas) {
      const bytes = arena.elements * 4;
      const buffer = this.device.createStorage(arena.name, bytes);
      this.buffers.push(buffer);
      this.register(arena.name, { shape: [arena.elements], dtype: "f32" }, { buffer, offset: 0, bytes });
      for (const { name, offset } of arena.members) {
        const spec = byName.get(name);
        if (!spec) throw new Error(`arena ${arena.name}: no variable ${name}`);
        this.register(name, spec, { buffer, offset: offset * 4, bytes: byteSize(spec) });
      }
    }
  }

  private register(name: string, { shape, dtype }: TensorType, range: BufferRange): void {
    if (this.variables.has(name)) throw new Error(`the variable ${name} exists already`);
    this.variables.set(name, { type: { shape, dtype }, range });
  }

  /**
   * The memory of a variable.
   * @throws WeftError if there is none of that name, or if it has another type.
   */
  resolve(name: string, type: TensorType): BufferRange {
    const variable = this.get(name);
    if (!sameShape(variable.type.shape, type.shape) || variable.type.dtype !== type.dtype) {
      throw new WeftError(
        `variable ${name} is ${variable.type.dtype}${shapeText(variable.type.shape)}, the graph expects ` +
          `${type.dtype}${shapeText(type.shape)}`,
      );
    }
    return variable.range;
  }

  typeOf(name: string): TensorType {
    return this.get(name).type;
  }

  private get(name: string): StoredVariable {
    const variable = this.variables.get(name);
    if (!variable) throw new WeftError(`there is no variable ${name}`);
    return variable;
  }

  /** Writes a whole variable. */
  write(name: string, values: Float32Array): void {
    const { type, range } = this.get(name);
    if (values.length !== elementCount(type.shape)) {
      throw new WeftError(
        `variable ${name} is ${shapeText(type.shape)} and does not take ${values.length} values`,
      );
    }
    this.device.raw.queue.writeBuffer(
      range.buffer,
      range.offset,
      values.buffer,
      values.byteOffset,
      values.byteLength,
    );
  }

  /** Fills a whole variable with zeros. */
  clear(name: string): void {
    const { range } = this.get(name);
    const encoder = this.device.raw.createCommandEncoder();
    encoder.clearBuffer(range.buffer, range.offset, range.bytes);
    this.device.raw.queue.submit([encoder.finish()]);
  }

  /** Reads variables back in one transfer. */
  async read(names: readonly string[]): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    const ranges = names.map((name) => this.get(name).range);
    const bytes = await readRanges(this.device, ranges, "variables");
    return new Map(names.map((name, i) => [name, new Float32Array(bytes[i] ?? new ArrayBuffer(0))]));
  }

  destroy(): void {
    for (const buffer of this.buffers) this.device.destroyBuffer(buffer);
    this.variables.clear();
  }
}
