// Links a WESL module and its constants to plain WGSL, and reads from the linked text what the host must bind: storage
// buffers and the uniform struct's fields, by name. So no binding number and no uniform offset is written twice.

import { link } from "wesl/core";
import { messageOf } from "../base/errors.ts";
import { narrowStorage } from "./narrow_storage.ts";
import { ShaderModules } from "./shader_modules.ts";

/**
 * A WESL module with the conditions and constants that specialise it. A module without an entry point defines what
 * happens to one element; common/element_wise.wesl is then its entry point.
 */
export interface ShaderSource {
  /**
   * Path without extension, such as `conv2d/forward`. After a space comes a label that tells people which
   * specialisation of the file it is, such as `conv2d/depthwise/forward_square 5x5`.
   */
  readonly name: string;
  readonly source: string;
  readonly conditions?: Readonly<Record<string, boolean>>;
  readonly constants?: Readonly<Record<string, number | string>>;
  /** Storage variables that hold f16 instead of f32, sorted; see narrow_storage.ts. */
  readonly narrow?: readonly string[];
}

export interface StorageBinding {
  readonly name: string;
  readonly binding: number;
  readonly writable: boolean;
}

type UniformFieldType = "u32" | "i32" | "f32";

export interface UniformField {
  readonly name: string;
  readonly type: UniformFieldType;
  readonly offset: number;
  readonly length: number;
}

/** Linked WGSL and its bindings. */
export interface LinkedShader {
  readonly name: string;
  readonly code: string;
  readonly storage: readonly StorageBinding[];
  readonly uniforms: {
    readonly binding: number;
    readonly bytes: number;
    readonly fields: readonly UniformField[];
  };
}

/** The declarations of common/subgroup_matrix.wesl. */
const STAND_INS = /^(?:alias subgroup_matrix_\w+|const (?:row|col)_major|fn subgroupMatrix\w+).*\n/gm;

/** A module without one defines what happens to one element. */
const ENTRY_POINT = /^@compute\b/m;

/** Links one shader. @throws Error naming the shader if it does not parse or an import is missing. */
export async function linkShader(shader: ShaderSource): Promise<LinkedShader> {
  const modules = new ShaderModules(shader.name, shader.source, shader.constants ?? {});
  let code: string;
  try {
    const linked = await link({
      resolver: modules,
      rootModuleName: ENTRY_POINT.test(shader.source) ? "main" : "common/element_wise",
      conditions: { ...shader.conditions },
      constants: { ...shader.constants },
      sourceMap: false,
    });
    code = narrowStorage(linked.dest.replace(STAND_INS, ""), shader.narrow ?? []);
  } catch (thrown) {
    throw new Error(`shader ${shader.name} does not link: ${modules.inSourceLines(messageOf(thrown))}`);
  }
  return {
    name: shader.name,
    code,
    storage: storageBindings(code),
    uniforms: uniformLayout(shader.name, code),
  };
}

const writableNames = new Map<string, ReadonlySet<string>>();

/** The storage variables that a shader's source may write in any specialisation. */
export function writableVariables(source: string): ReadonlySet<string> {
  const known = writableNames.get(source);
  if (known) return known;
  const names = new Set(
    [...source.matchAll(/var<storage,\s*read_write>\s*(\w+)/g)].map(([, name]) => name ?? ""),
  );
  writableNames.set(source, names);
  return names;
}

function storageBindings(code: string): StorageBinding[] {
  const pattern = /@group\(0\)\s*@binding\((\d+)\)\s*var<storage,\s*(read_write|read)>\s*(\w+)/g;
  return [...code.matchAll(pattern)].map(([, binding, access, name]) => ({
    name: name ?? "",
    binding: Number(binding),
    writable: access === "read_write",
  }));
}

const SCALAR_OR_VECTOR = /^(?:vec([234])(?:<(u32|i32|f32)>|([uif]))|(u32|i32|f32))$/;
const VECTOR_SUFFIX: Readonly<Record<string, UniformFieldType>> = { u: "u32", i: "i32", f: "f32" };

/** Offsets of a uniform struct's fields by WGSL's layout rules (scalars and vectors only). */
function uniformLayout(shader: string, code: string): LinkedShader["uniforms"] {
  const variable = /@group\(0\)\s*@binding\((\d+)\)\s*var<uniform>\s*\w+\s*:\s*(\w+)/.exec(code);
  if (!variable) return { binding: -1, bytes: 0, fields: [] };
  const body = new RegExp(`struct\\s+${variable[2]}\\s*\\{([^}]*)\\}`).exec(code)?.[1];
  if (body === undefined) throw new Error(`shader ${shader}: no struct ${variable[2]} for its uniforms`);
  const fields: UniformField[] = [];
  let offset = 0;
  for (const [, name, typeName] of body.matchAll(/(\w+)\s*:\s*([\w<>]+)/g)) {
    const match = SCALAR_OR_VECTOR.exec(typeName ?? "");
    if (!match)
      throw new Error(`shader ${shader}: uniform ${name} has type ${typeName}, not a scalar or vector`);
    const length = match[1] ? Number(match[1]) : 1;
    const type = (match[2] ?? match[4] ?? VECTOR_SUFFIX[match[3] ?? ""]) as UniformFieldType;
    const alignment = length === 1 ? 4 : length === 2 ? 8 : 16;
    offset = Math.ceil(offset / alignment) * alignment;
    fields.push({ name: name ?? "", type, offset, length });
    offset += 4 * length;
  }
  return { binding: Number(variable[1]), bytes: Math.ceil(offset / 16) * 16, fields };
}

/** Values of a uniform struct by field name. */
export type UniformValues = Readonly<Record<string, number | readonly number[]>>;

/**
 * Writes uniform values where the shader reads them.
 * @throws Error if a field has no value or a value has no field: a mistake in the operator's file.
 */
export function packUniforms(
  shader: LinkedShader,
  values: UniformValues,
  target: DataView,
  base: number,
): void {
  const known = new Set(shader.uniforms.fields.map((field) => field.name));
  const stray = Object.keys(values).find((name) => !known.has(name));
  if (stray !== undefined) throw new Error(`shader ${shader.name} has no uniform ${stray}`);
  for (const field of shader.uniforms.fields) {
    const given = values[field.name];
    if (given === undefined) throw new Error(`shader ${shader.name}: no value for uniform ${field.name}`);
    const list = typeof given === "number" ? [given] : given;
    if (list.length !== field.length) {
      throw new Error(
        `shader ${shader.name}: uniform ${field.name} takes ${field.length} values, not ${list.length}`,
      );
    }
    list.forEach((value, i) => {
      const at = base + field.offset + 4 * i;
      if (field.type === "f32") target.setFloat32(at, value, true);
      else if (field.type === "u32") target.setUint32(at, value, true);
      else target.setInt32(at, value, true);
    });
  }
}
