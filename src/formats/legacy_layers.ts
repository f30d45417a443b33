// Keras' older HDF5 layout: the attribute `layer_names`, and a group per layer with the attribute `weight_names`; in a
// whole-model file below the group `model_weights`.

import type { Attribute, File as HdfFile } from "h5wasm";
import { WeftError } from "../base/errors.ts";
import {
  attributeValue,
  type FoundWeight,
  type HdfGroup,
  isDataset,
  isGroup,
  requireInFile,
} from "./hdf5.ts";
import { MOST_GROUPS, requireTensorCount } from "./hdf5_limits.ts";
import { type ModelConfig, namesIn } from "./model_config.ts";

/** The group with the attribute `layer_names`, if the file has one. */
export function legacyRoot(file: HdfFile): HdfGroup | undefined {
  const nested = file.get("model_weights");
  const root = isGroup(nested) ? nested : file;
  const { attrs } = root;
  return attrs.layer_names !== undefined || attrs.layer_names0 !== undefined ? root : undefined;
}

/** A list attribute; Keras splits lists over 64 KB into `name0`, `name1`, …. Undefined if there is none. */
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
  const value = attributeValue(attribute);
  return Array.isArray(value) ? value.filter((entry) => typeof entry === "string") : [];
}

/**
 * The weights in the file's own order.
 * @throws WeftError `path: …` if a layer or a tensor is listed but missing
 */
export function listLegacyWeights(
  root: HdfGroup,
  config: ModelConfig | undefined,
  path: string,
): FoundWeight[] {
  const found: FoundWeight[] = [];
  const known = config ? namesIn(config) : { models: new Set<string>(), layers: new Set<string>() };
  const groups = stringList(root.attrs, "layer_names") ?? [];
  requireDistinct(groups, (name) => `${path}: layer ${name}`);
  for (const group of groups) {
    const entity = root.get(group);
    requireInFile(entity, `layer ${group}`, path);
    if (!isGroup(entity)) throw new WeftError(`${path}: layer ${group} is listed but its group is missing`);
    const names = stringList(entity.attrs, "weight_names") ?? [];
    requireDistinct(names, (name) => `${path}: tensor ${name} of layer ${group}`);
    const layerOf = layerNaming(group, names, known);
    for (const name of names) {
      const dataset = entity.get(name);
      requireInFile(dataset, `tensor ${name} of layer ${group}`, path);
      if (!isDataset(dataset)) {
        throw new WeftError(`${path}: tensor ${name} of layer ${group} is listed but missing`);
      }
      requireTensorCount(found.length + 1, path);
      found.push({ layer: layerOf(name), weight: lastPart(name), dataset });
    }
  }
  return found;
}

/** @throws WeftError if a list contains a name twice, or is longer than weft accepts. */
function requireDistinct(names: readonly string[], where: (name: string) => string): void {
  const met = new Set<string>();
  for (const name of names) {
    if (met.has(name)) throw new WeftError(`${where(name)} is listed twice. Is the file damaged?`);
    if (met.size === MOST_GROUPS) throw new WeftError(`${where(name)} is one of ${names.length}: too many`);
    met.add(name);
  }
}

function lastPart(name: string): string {
  const plain = name.replace(/:\d+$/, "");
  return plain.slice(plain.lastIndexOf("/") + 1);
}

function prefixOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf("/")));
}

/**
 * The name of a weight in this group. A layer's group names the layer, whatever its weights are called (`uniform1`,
 * `model/conv/kernel:0`). A nested model's group holds the weights of several layers (`Conv1/kernel:0`; in a Sequential
 * `inner/Conv1/kernel`; in NASNet `normal_A_block_1/block_2/conv/kernel`): there the layer is part of the weight's
 * name, after the names of models and, if the configuration tells the layers' names, after any prefix that is none of
 * them.
 */
function layerNaming(
  group: string,
  weightNames: readonly string[],
  { models, layers }: ReturnType<typeof namesIn>,
): (name: string) => string {
  const prefixes = new Set(weightNames.map(prefixOf).filter((prefix) => prefix !== "" && prefix !== group));
  const isBelowGroup = [...prefixes].some((prefix) => prefix.startsWith(`${group}/`));
  const isModel = models.has(group) || isBelowGroup || prefixes.size > 1;
  const outerNames = [group, ...models];
  return (name) => {
    if (!isModel) return group;
    let prefix = prefixOf(name);
    for (let outer: string | undefined = group; outer !== undefined; ) {
      outer = outerNames.find((model) => prefix.startsWith(`${model}/`));
      if (outer !== undefined) prefix = prefix.slice(outer.length + 1);
    }
    return endings(prefix).find((ending) => layers.has(ending)) ?? (prefix || group);
  };
}

/** `a/b/c` → `a/b/c`, `b/c`, `c`. */
function endings(path: string): string[] {
  const parts = path.split("/");
  return parts.map((_, index) => parts.slice(index).join("/"));
}
