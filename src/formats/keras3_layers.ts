// Keras 3's `.weights.h5`: `layers/<class>_<n>/vars/<index>`, models nested as `layers/<model>/layers/…`.
// The group's attribute `name` on `vars` has the layer's own name (newer files only); a variable's name
// follows from the layer's class and the number of its variables.

import type { Dataset, Group } from "h5wasm";
import { isDataset, isGroup } from "./hdf5.ts";

/** A dataset and the names it goes by, before it becomes a `KerasWeight`. */
export interface FoundWeight {
  layer: string;
  weight: string;
  dataset: Dataset;
}

const VARIABLES: Record<string, readonly string[]> = {
  conv2d: ["kernel", "bias"],
  conv2d_transpose: ["kernel", "bias"],
  dense: ["kernel", "bias"],
  depthwise_conv2d: ["depthwise_kernel", "bias"],
  separable_conv2d: ["depthwise_kernel", "pointwise_kernel", "bias"],
  batch_normalization: ["gamma", "beta", "moving_mean", "moving_variance"],
  normalization: ["mean", "variance", "count"],
};

/** Variables of a batch norm with `scale=False`, as in InceptionV3 and InceptionResNetV2. */
const UNSCALED_BATCH_NORM = ["beta", "moving_mean", "moving_variance"];

/** `batch_normalization_12` → class `batch_normalization`, number 12; without a number 0. */
export function splitAutoName(name: string): { kind: string; index: number } {
  const match = name.match(/^(.+?)_(\d+)$/);
  return match ? { kind: match[1] ?? name, index: Number(match[2]) } : { kind: name, index: 0 };
}

function variableName(kind: string, index: number, count: number): string {
  const names = kind === "batch_normalization" && count === 3 ? UNSCALED_BATCH_NORM : VARIABLES[kind];
  return names?.[index] ?? String(index);
}

function byClassAndNumber(a: string, b: string): number {
  const [left, right] = [splitAutoName(a), splitAutoName(b)];
  if (left.kind !== right.kind) return left.kind < right.kind ? -1 : 1;
  return left.index - right.index;
}

/** The weights of a `.weights.h5`, layers by class and then in creation order. */
export function listKeras3Weights(model: Group): FoundWeight[] {
  const found: FoundWeight[] = [];
  const layers = model.get("layers");
  if (!isGroup(layers)) return found;
  for (const key of layers.keys().sort(byClassAndNumber)) {
    const group = layers.get(key);
    if (isGroup(group)) found.push(...listLayer(group, key), ...listKeras3Weights(group));
  }
  return found;
}

function listLayer(group: Group, key: string): FoundWeight[] {
  const vars = group.get("vars");
  if (!isGroup(vars)) return [];
  const stored = vars.attrs.name?.value;
  const layer = typeof stored === "string" ? stored : key;
  const indices = vars
    .keys()
    .map(Number)
    .sort((a, b) => a - b);
  const { kind } = splitAutoName(key);
  return indices.flatMap((index) => {
    const dataset = vars.get(String(index));
    return isDataset(dataset) ? [{ layer, weight: variableName(kind, index, indices.length), dataset }] : [];
  });
}
