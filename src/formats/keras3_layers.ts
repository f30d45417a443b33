// Keras 3's `.weights.h5`: `layers/<class>_<n>/vars/<index>`, models nested as `layers/<model>/layers/…`, numbered per
// class in the order of `model.layers`. The attribute `name` of `vars` gives the layer's name (newer files); otherwise
// the model's configuration does (in a `.keras`); otherwise the file does not tell it. A variable's name follows from
// the layer's class and its variables.

import type { FoundWeight, HdfDataset, HdfGroup, LayerPosition } from "./hdf5.ts";
import { attributeValue, isDataset, isGroup, requireInFile } from "./hdf5.ts";
import { GroupWalk } from "./hdf5_limits.ts";
import { type ConfiguredLayer, layersByGroup, type ModelConfig } from "./model_config.ts";

const VARIABLES: Readonly<Record<string, readonly string[]>> = {
  conv2d: ["kernel", "bias"],
  conv2d_transpose: ["kernel", "bias"],
  dense: ["kernel", "bias"],
  depthwise_conv2d: ["depthwise_kernel", "bias"],
  separable_conv2d: ["depthwise_kernel", "pointwise_kernel", "bias"],
  batch_normalization: ["gamma", "beta", "moving_mean", "moving_variance"],
  normalization: ["mean", "variance", "count"],
};

/** Variables by their ranks, for layers of unknown class. */
const VARIABLES_OF_RANKS: Readonly<Record<string, readonly string[]>> = {
  "2": ["kernel"],
  "4": ["kernel"],
  "2,1": ["kernel", "bias"],
  "4,1": ["kernel", "bias"],
  "4,4": ["depthwise_kernel", "pointwise_kernel"],
  "4,4,1": ["depthwise_kernel", "pointwise_kernel", "bias"],
  "1,1,0": ["mean", "variance", "count"],
  "1,1,1": ["beta", "moving_mean", "moving_variance"],
  "1,1,1,1": ["gamma", "beta", "moving_mean", "moving_variance"],
};

/** Groups besides the layers that hold no weights of their own. */
const NO_LAYERS = new Set(["vars", "optimizer", "metrics", "seed_generator"]);

/** `batch_normalization_12` → class `batch_normalization`, number 12; without a number 0. */
function splitKey(key: string): { kind: string; index: number } {
  const match = key.match(/^(.+?)_(\d+)$/);
  return match ? { kind: match[1] ?? key, index: Number(match[2]) } : { kind: key, index: 0 };
}

function byClassAndNumber(a: string, b: string): number {
  const [left, right] = [splitKey(a), splitKey(b)];
  if (left.kind !== right.kind) return left.kind < right.kind ? -1 : 1;
  return left.index - right.index;
}

/** A layer's group in the file. */
interface FoundLayer {
  /** Its path with `/` and with `layers` as the name of the layers' list, as `layersByGroup` has it. */
  readonly path: string;
  readonly vars: HdfGroup;
  readonly datasets: readonly (readonly [string, HdfDataset])[];
}

/**
 * The weights of a `.weights.h5`: in the order of the configuration if there is one, otherwise by class and number. A
 * layer without a known name has a `position`.
 * @throws WeftError `path: …` if groups form a cycle, are nested too deeply, or are in another file
 */
export function listKeras3Weights(
  root: HdfGroup,
  config: ModelConfig | undefined,
  file: string,
): FoundWeight[] {
  const configured = config ? layersByGroup(config) : new Map<string, ConfiguredLayer>();
  const ranks = new Map(Array.from(configured.keys(), (path, rank) => [path, rank]));
  const rankOf = ({ path }: FoundLayer) => ranks.get(path) ?? ranks.size;
  const layers: FoundLayer[] = [];
  visitLayers(root, "", new GroupWalk(file), (layer) => layers.push(layer), file);
  layers.sort((a, b) => rankOf(a) - rankOf(b));
  return layers.flatMap((layer) => weightsOf(layer, configured.get(layer.path)));
}

function visitLayers(
  group: HdfGroup,
  path: string,
  walk: GroupWalk,
  visit: (layer: FoundLayer) => void,
  file: string,
): void {
  walk.enter(group);
  const keys = group.keys();
  const vars = keys.includes("vars") ? group.get("vars") : null;
  requireInFile(vars, joinKey(path, "vars"), file);
  if (isGroup(vars)) {
    walk.enter(vars);
    const datasets = datasetsIn(vars, joinKey(path, "vars"), file);
    if (datasets.length > 0) visit({ path, vars, datasets });
  }
  for (const key of keys.sort(byClassAndNumber)) {
    if (NO_LAYERS.has(key)) continue;
    const below = group.get(key);
    requireInFile(below, joinKey(path, key), file);
    if (isGroup(below)) visitLayers(below, joinKey(path, key), walk, visit, file);
  }
}

function datasetsIn(vars: HdfGroup, path: string, file: string): FoundLayer["datasets"] {
  const keys = vars.keys().sort((a, b) => Number(a) - Number(b));
  return keys.flatMap((key) => {
    const dataset = vars.get(key);
    requireInFile(dataset, joinKey(path, key), file);
    return isDataset(dataset) ? [[key, dataset] as const] : [];
  });
}

/** Files written on Windows have `layers\conv2d` as one key; files of Keras 2.13 use another name for `layers`. */
function joinKey(path: string, key: string): string {
  const plain = key.replaceAll("\\", "/").replace("_layer_checkpoint_dependencies", "layers");
  return path === "" ? plain : `${path}/${plain}`;
}

function weightsOf(layer: FoundLayer, configured: ConfiguredLayer | undefined): FoundWeight[] {
  const { path, vars, datasets } = layer;
  const stored = attributeValue(vars.attrs.name);
  const known = typeof stored === "string" ? stored : configured?.name;
  const position = known === undefined ? positionOf(path) : undefined;
  const name =
    known ??
    path
      .split("/")
      .filter((part) => part !== "layers")
      .join("/");
  const { kind } = splitKey(path.slice(path.lastIndexOf("/") + 1));
  const names = variableNames(kind, datasets, configured);
  return datasets.map(([key, dataset], index) => {
    const weight = /^\d+$/.test(key) ? (names[index] ?? key) : key;
    return { layer: name, weight, dataset, ...(position && { position }) };
  });
}

/** The position of a layer without a name among the layers of its class; undefined if the key names no class. */
function positionOf(path: string): LayerPosition | undefined {
  const start = path.lastIndexOf("layers/");
  if (start < 0) return undefined;
  const { kind, index } = splitKey(path.slice(start + "layers/".length));
  return Object.hasOwn(VARIABLES, kind) ? { model: path.slice(0, start), kind, index } : undefined;
}

function variableNames(
  kind: string,
  datasets: FoundLayer["datasets"],
  configured: ConfiguredLayer | undefined,
): readonly string[] {
  if (kind === "batch_normalization") {
    const { scale = datasets.length > 3, center = datasets.length > 2 } = configured?.config ?? {};
    return (VARIABLES.batch_normalization ?? []).filter((name) => {
      return (name !== "gamma" || scale === true) && (name !== "beta" || center === true);
    });
  }
  if (Object.hasOwn(VARIABLES, kind)) return VARIABLES[kind] ?? [];
  return VARIABLES_OF_RANKS[datasets.map(([, { shape }]) => shape?.length ?? 0).join()] ?? [];
}
