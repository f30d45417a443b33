// Keras' HDF5 files made in memory, and what reading them gives.

import type { FileOptions, Group } from "h5wasm";
import { expect } from "vitest";
import { WeftError } from "../../src/base/errors.ts";
import { openKerasH5 } from "../../src/formats/keras_h5.ts";

/**
 * Writes an HDF5 file in memory.
 * @param options `libver: ["earliest", "latest"]` is the format of h5py, whose headers have no checksums
 */
export async function writeH5(build: (root: Group) => void, options: FileOptions = {}): Promise<Uint8Array> {
  const { ready, File } = await import("h5wasm");
  const { FS } = await ready;
  const file = new File("/test.h5", "w", options);
  build(file);
  file.close();
  const bytes = Uint8Array.from(FS.readFile("/test.h5"));
  FS.unlink("/test.h5");
  return bytes;
}

/** Shape and values of each weight by name. */
export type Tensors = Record<string, [number[], Float32Array | Float64Array | BigInt64Array]>;

/** Adds a layer in the legacy form; `a/b` is a group in a group. */
export function addLayer(root: Group, layer: string, tensors: Tensors | undefined): void {
  const parts = layer.split("/");
  let group = root;
  for (const part of parts) group = (group.get(part) as Group | null) ?? group.create_group(part);
  if (tensors === undefined) return;
  group.create_attribute("weight_names", Object.keys(tensors), null, "S64");
  for (const [name, [shape, data]] of Object.entries(tensors)) {
    let parent = group;
    const path = name.split("/");
    for (const part of path.slice(0, -1))
      parent = (parent.get(part) as Group | null) ?? parent.create_group(part);
    parent.create_dataset({ name: path.at(-1) ?? name, data, shape });
  }
}

/** Adds layers and the list of them. */
export function addLayers(root: Group, layers: Record<string, Tensors | undefined>): void {
  root.create_attribute("layer_names", Object.keys(layers), null, "S64");
  for (const [layer, tensors] of Object.entries(layers)) addLayer(root, layer, tensors);
}

/** Names of the weights in a file. */
export async function namesIn(bytes: Uint8Array): Promise<string[]> {
  const file = await openKerasH5(bytes, "f.h5");
  const names = file.weights.map(({ name }) => name);
  file.close();
  return names;
}

/** The one-line fault that reading a file ends in. */
export async function faultOf(bytes: Uint8Array): Promise<string> {
  try {
    const file = await openKerasH5(bytes, "f.h5");
    try {
      for (const weight of file.weights) weight.load();
    } finally {
      file.close();
    }
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(WeftError);
    return (thrown as WeftError).message;
  }
  throw new Error("nothing was thrown");
}
