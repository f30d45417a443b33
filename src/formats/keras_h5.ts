// Weights out of Keras' HDF5 files, read by h5wasm from bytes in memory. Three forms:
//  - weights only:   root attribute `layer_names`, a group per layer with the attribute `weight_names`;
//  - whole model:    the same below the group `model_weights`, and the attribute `model_config`;
//  - Keras 3's `.weights.h5`: `layers/<name>/vars/<index>`, see keras3_layers.ts.

import type { Attribute, Dataset, Group, File as HdfFile } from "h5wasm";
import { WeftError } from "../base/errors.ts";
import { type HdfSession, isDataset, isGroup, openHdf } from "./hdf5.ts";
import { type FoundWeight, listKeras3Weights } from "./keras3_layers.ts";

/** One tensor of a file. */
export interface KerasWeight {
  /** Keras' layer name; it may contain `/`. */
  layer: string;
  /** The variable's own name without `:0`: kernel, depthwise_kernel, gamma, … */
  weight: string;
  /** `layer/weight`. */
  name: string;
  shape: readonly number[];
  /**
   * The elements, row-major in Keras' own layout.
   * @throws WeftError naming file and tensor where the data cannot be read
   */
  load(): Float32Array;
}

/** An open file. `close` frees its bytes; tensors cannot be loaded afterwards. */
export interface KerasWeightFile {
  path: string;
  /** In the file's own order. */
  weights: readonly KerasWeight[];
  /** The JSON that `model.save` writes, where the file has it. */
  modelConfig: string | undefined;
  close(): void;
}

/**
 * Opens a Keras weights file.
 * @param bytes the whole file; not copied, so leave it as it is until `close`
 * @param path named in faults
 * @throws WeftError `path: …` where it is truncated, not HDF5, or holds no Keras weights
 */
export async function openKerasH5(bytes: Uint8Array, path: string): Promise<KerasWeightFile> {
  const session = await openHdf(bytes, path);
  try {
    const { file } = session;
    const found = session.guard("its layers", () => listWeights(file, path));
    const weights = found.map((entry) => toWeight(entry, session, path));
    const config = session.guard("its model_config", () => file.attrs.model_config?.value);
    return {
      path,
      weights,
      modelConfig: typeof config === "string" ? config : undefined,
      close: () => session.close(),
    };
  } catch (thrown) {
    session.close();
    throw thrown;
  }
}

function listWeights(file: HdfFile, path: string): FoundWeight[] {
  const nested = file.get("model_weights");
  const root = isGroup(nested) ? nested : file;
  if (root.attrs.layer_names !== undefined || root.attrs.layer_names0 !== undefined) {
    return listLegacyWeights(root, modelNamesOf(file), path);
  }
  if (isGroup(file.get("layers"))) return listKeras3Weights(file);
  throw new WeftError(
    `${path}: an HDF5 file, but not one of Keras: expected the attribute layer_names or the group layers`,
  );
}

/** A list attribute; Keras cuts lists over 64 KB into `name0`, `name1`, …. Undefined where there is none. */
function stringList(attrs: Record<string, Attribute>, name: string): string[] | undefined {
  const whole = attrs[name];
  if (whole !== undefined) return stringsOf(whole);
  if (attrs[`${name}0`] === undefined) return undefined;
  const parts: string[] = [];
  for (let index = 0; ; index++) {
    const part = attrs[`${name}${index}`];
    if (part === undefined) return parts;
    parts.push(...stringsOf(part));
  }
}

/** An empty list may be stored as an empty array of floats. */
function stringsOf(attribute: Attribute): string[] {
  const { value } = attribute;
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

function listLegacyWeights(root: Group, modelNames: ReadonlySet<string>, path: string): FoundWeight[] {
  const found: FoundWeight[] = [];
  for (const group of stringList(root.attrs, "layer_names") ?? []) {
    const entity = root.get(group);
    if (!isGroup(entity)) throw new WeftError(`${path}: layer ${group} is listed but its group is missing`);
    const names = stringList(entity.attrs, "weight_names") ?? [];
    const layerOf = layerNaming(group, names, modelNames);
    for (const name of names) {
      const dataset = entity.get(name);
      if (!isDataset(dataset)) {
        throw new WeftError(`${path}: tensor ${name} of layer ${group} is listed but missing`);
      }
      found.push({ layer: layerOf(name), weight: lastPart(name), dataset });
    }
  }
  return found;
}

function withoutVersion(name: string): string {
  return name.replace(/:\d+$/, "");
}

function lastPart(name: string): string {
  const plain = withoutVersion(name);
  return plain.slice(plain.lastIndexOf("/") + 1);
}

function prefixOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf("/")));
}

/**
 * How a weight of this group is named. A layer's group names the layer, whatever its weights are called
 * (`uniform1`, `model/conv/kernel:0`). A nested model's group holds weights of several layers
 * (`Conv1/kernel:0`, in Keras 3 `inner/Conv1/kernel`): there the layer is in the weight's name.
 */
function layerNaming(group: string, weightNames: readonly string[], modelNames: ReadonlySet<string>) {
  const prefixes = new Set(weightNames.map(prefixOf).filter((prefix) => prefix !== "" && prefix !== group));
  const isBelowGroup = [...prefixes].some((prefix) => prefix.startsWith(`${group}/`));
  const isModel = modelNames.has(group) || isBelowGroup || prefixes.size > 1;
  const outerNames = [group, ...modelNames];
  return (name: string): string => {
    if (!isModel) return group;
    let prefix = prefixOf(name);
    for (let outer: string | undefined = group; outer !== undefined; ) {
      outer = outerNames.find((model) => prefix.startsWith(`${model}/`));
      if (outer !== undefined) prefix = prefix.slice(outer.length + 1);
    }
    return prefix === "" ? group : prefix;
  };
}

/** The names of all models nested in a whole-model file, from its configuration. */
function modelNamesOf(file: HdfFile): Set<string> {
  const names = new Set<string>();
  const config = file.attrs.model_config?.value;
  if (typeof config !== "string") return names;
  const visit = (node: unknown): void => {
    if (typeof node !== "object" || node === null) return;
    const inner = "config" in node ? node.config : undefined;
    if (typeof inner === "object" && inner !== null && "layers" in inner && "name" in inner) {
      names.add(String(inner.name));
      if (Array.isArray(inner.layers)) inner.layers.forEach(visit);
    }
  };
  try {
    visit(JSON.parse(config));
  } catch {
    // A configuration that is not JSON names no models; the weights can still be read.
  }
  return names;
}

function toWeight({ layer, weight, dataset }: FoundWeight, session: HdfSession, path: string): KerasWeight {
  const name = `${layer}/${weight}`;
  const shape = session.guard(`tensor ${name}`, () => dataset.shape);
  return {
    layer,
    weight,
    name,
    shape: shape ?? [],
    load: () => loadFloats(dataset, session, name, path),
  };
}

function loadFloats(dataset: Dataset, session: HdfSession, name: string, path: string): Float32Array {
  const value = session.guard(`tensor ${name}`, () => dataset.value);
  if (value instanceof Float32Array) return value;
  if (value instanceof BigInt64Array || value instanceof BigUint64Array)
    return Float32Array.from(value, Number);
  if (ArrayBuffer.isView(value)) return Float32Array.from(value);
  if (typeof value === "number" || typeof value === "bigint") return Float32Array.of(Number(value));
  throw new WeftError(`${path}: tensor ${name}: expected numbers but it holds ${String(dataset.dtype)}`);
}
