// Keras' description of a model as JSON: the attribute `model_config` of an HDF5 file and the file `config.json` of a
// `.keras` archive. Layers are in the order of `model.layers`; models are nested.

import { WeftError } from "../base/errors.ts";
import { faultOfDepth, outlineJson } from "./json_text.ts";

/** A model's description as Keras writes it: `{ class_name, config: { name, layers: […] } }`. */
export type ModelConfig = Readonly<Record<string, unknown>>;

/** A layer of a description. */
export interface ConfiguredLayer {
  readonly name: string;
  /** `Conv2D` */
  readonly className: string;
  /** Its own entries, such as `use_bias`. */
  readonly config: Readonly<Record<string, unknown>>;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Keras writes about 1,000 per layer: a million for NASNetLarge. */
const MOST_CHARACTERS = 16 * 2 ** 20;

/**
 * Parses a description; Python's `NaN` and `Infinity` become null.
 * @param where the beginning of the message: file and part
 * @throws WeftError if it is not a JSON object, or larger or deeper than any model's
 */
export function parseModelConfig(text: string, where: string): ModelConfig {
  if (text.length > MOST_CHARACTERS) {
    throw new WeftError(
      `${where}: expected a model's configuration, but it has ${text.length} characters, more than ${MOST_CHARACTERS}`,
    );
  }
  const fault = faultOfDepth(outlineJson(text));
  if (fault !== undefined)
    throw new WeftError(`${where}: expected a model's configuration, but it is ${fault}`);
  for (const read of [() => text, () => withoutPythonNumbers(text)]) {
    try {
      const parsed: unknown = JSON.parse(read());
      if (isRecord(parsed)) return parsed;
    } catch {
      // Tries the next candidate, or throws the fault below.
    }
  }
  throw new WeftError(`${where}: expected a model's configuration as JSON, but it cannot be parsed`);
}

function withoutPythonNumbers(text: string): string {
  return text.replace(/"[^"\\]*(?:\\.[^"\\]*)*"|-?Infinity|NaN/gs, (part) =>
    part.startsWith('"') ? part : "null",
  );
}

/** The layers of a model or of a layer that is a model; undefined for any other layer. */
function layersOf(node: Readonly<Record<string, unknown>>): unknown[] | undefined {
  const { config } = node;
  if (Array.isArray(config)) return config; // a Sequential of early versions
  return isRecord(config) && Array.isArray(config.layers) ? config.layers : undefined;
}

function toLayer(node: Readonly<Record<string, unknown>>): ConfiguredLayer {
  const config = isRecord(node.config) ? node.config : {};
  return { name: textOf(node.name ?? config.name), className: classNameOf(node), config };
}

/** A name; empty if the value is not a string. String is not used: it calls an object's own `toString`. */
const textOf = (value: unknown) => (typeof value === "string" ? value : "");

/** Without the package of a registered class: `weft>Scale` is `Scale`. */
function classNameOf(node: Readonly<Record<string, unknown>>): string {
  const name = textOf(node.class_name);
  return name.slice(name.lastIndexOf(">") + 1);
}

/** The names of the model, of all models nested in it, and of all their other layers. */
export function namesIn(config: ModelConfig): { models: Set<string>; layers: Set<string> } {
  const models = new Set<string>();
  const layers = new Set<string>();
  const visit = (node: unknown): void => {
    if (!isRecord(node)) return;
    const below = layersOf(node);
    (below ? models : layers).add(toLayer(node).name);
    below?.forEach(visit);
  };
  visit(config);
  return { models, layers };
}

/** `DepthwiseConv2D` → `depthwise_conv2d`, as Keras makes names of classes. */
export function snakeCase(className: string): string {
  return className
    .replace(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replace(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/**
 * Layers by the groups in which Keras 3 stores them: `layers/functional/layers/conv2d_3`, numbered per class in the
 * order of the description, whatever the layers are called; in that order.
 */
export function layersByGroup(config: ModelConfig): Map<string, ConfiguredLayer> {
  const found = new Map<string, ConfiguredLayer>();
  const visit = (model: Readonly<Record<string, unknown>>, group: string): void => {
    const counts = new Map<string, number>();
    for (const node of layersOf(model) ?? []) {
      if (!isRecord(node)) continue;
      const kind = snakeCase(classNameOf(node));
      const count = counts.get(kind) ?? 0;
      counts.set(kind, count + 1);
      const path = `${group}layers/${kind}${count === 0 ? "" : `_${count}`}`;
      found.set(path, toLayer(node));
      visit(node, `${path}/`);
    }
  };
  visit(config, "");
  return found;
}
