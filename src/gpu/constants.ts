// WebGPU's flag values. dawn.node defines no globals unless asked to, and the library must not touch the host's
// globals, so the few values that the engine needs are written down here.
// Source: https://www.w3.org/TR/webgpu/#namespacedef-gpubufferusage

export const BUFFER_USAGE = {
  MAP_READ: 0x0001,
  COPY_SRC: 0x0004,
  COPY_DST: 0x0008,
  UNIFORM: 0x0040,
  STORAGE: 0x0080,
  QUERY_RESOLVE: 0x0200,
} as const;

export const MAP_MODE_READ = 0x0001;
export const SHADER_STAGE_COMPUTE = 0x4;

/** Offsets of uniform and storage bindings are multiples of this (the default limit of WebGPU). */
export const BINDING_ALIGNMENT_BYTES = 256;
