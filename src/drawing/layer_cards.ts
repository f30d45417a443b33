// The text on the card of a layer or of a block: a title, what it does, the shape of its output, its parameters.

import type { Shape } from "../base/tensors.ts";
import type { LayerNode } from "../nn/layer_graph.ts";
import type { KerasConfig, LayerRecord } from "../nn/layer_scope.ts";
import { countParameters } from "../nn/parameters.ts";
import type { PreprocessMode } from "../ops/image/preprocess.ts";
import { blockKind, type LayerGroup } from "./layer_groups.ts";

/** The meaning of a card's colour. */
export type CardKind =
  | "input"
  | "convolution"
  | "depthwise"
  | "normalization"
  | "activation"
  | "pooling"
  | "merge"
  | "shape"
  | "dropout"
  | "dense"
  | "head"
  | "other"
  | "block";

export interface Card {
  readonly kind: CardKind;
  /** The legend's name for a block, such as `block35`. */
  readonly blockKind: string | undefined;
  readonly title: string;
  readonly lines: readonly string[];
  /** How many equal blocks the card represents. */
  readonly repeats: number;
}

const KINDS: Readonly<Record<string, CardKind>> = {
  Conv2D: "convolution",
  SeparableConv2D: "depthwise",
  DepthwiseConv2D: "depthwise",
  BatchNormalization: "normalization",
  Normalization: "normalization",
  ReLU: "activation",
  Activation: "activation",
  MaxPooling2D: "pooling",
  AveragePooling2D: "pooling",
  GlobalAveragePooling2D: "pooling",
  GlobalMaxPooling2D: "pooling",
  Add: "merge",
  Multiply: "merge",
  Concatenate: "merge",
  CustomScaleLayer: "merge",
  ZeroPadding2D: "shape",
  Cropping2D: "shape",
  Reshape: "shape",
  Rescaling: "shape",
  Dropout: "dropout",
  Dense: "dense",
};

/** How each mode of preprocessing changes pixels of 0 to 255. */
const PREPROCESSING: Readonly<Record<PreprocessMode, string>> = {
  tf: "tf: x / 127.5 − 1",
  caffe: "caffe: BGR − ImageNet mean",
  torch: "torch: (x / 255 − mean) / deviation",
  none: "none: 0 … 255 as they are",
};

/** `224 × 224 × 3`; the batch is left out. */
export function extentText(shape: Shape): string {
  return shape.slice(1).join(" × ");
}

/** `1234567` → `1,234,567`. */
export function groupedDigits(count: number): string {
  return count.toLocaleString("en-US");
}

/** The cards of an image's pixels and of the preprocessing before the first layer. */
export function preprocessingCards(mode: PreprocessMode, shape: Shape): Card[] {
  const common = { kind: "input", blockKind: undefined, repeats: 1 } as const;
  return [
    { ...common, title: "image", lines: ["RGB, 0 … 255", extentText(shape)] },
    { ...common, title: "preprocessing", lines: [PREPROCESSING[mode], extentText(shape)] },
  ];
}

/** The card of a group. @param heads names of the layers that answer for an attribute. */
export function cardOf(group: LayerGroup, heads: ReadonlySet<string>): Card {
  const { nodes, blocks } = group;
  const [first] = nodes;
  const last = nodes.at(-1);
  if (!first || !last) throw new Error("a group without layers");
  if (!first.record) {
    const lines = ["input", extentText(first.output.shape)];
    return { kind: "input", blockKind: undefined, title: first.name, lines, repeats: 1 };
  }
  return blocks.length > 0 ? blockCard(group, last) : chainCard(nodes, last, heads);
}

function blockCard({ nodes, blocks }: LayerGroup, last: LayerNode): Card {
  const repeats = blocks.length;
  const [name = ""] = blocks;
  const kind = blockKind(name);
  const layers = nodes.length / repeats;
  const convolutions = nodes.filter(({ record }) => record?.className.includes("Conv2D")).length / repeats;
  const parameters = totalParameters(nodes);
  const each = repeats > 1 ? `${repeats} × ${groupedDigits(parameters / repeats)} = ` : "";
  return {
    kind: "block",
    blockKind: kind,
    title: repeats > 1 ? `${kind} × ${repeats}` : name,
    lines: [
      ...(repeats > 1 ? [`${name} ${repeats === 2 ? "and" : "…"} ${blocks.at(-1)}, each`] : []),
      `${layers} layers, ${convolutions} convolutions`,
      extentText(last.output.shape),
      `${each}${groupedDigits(parameters)} params`,
    ],
    repeats,
  };
}

function chainCard(nodes: readonly LayerNode[], last: LayerNode, heads: ReadonlySet<string>): Card {
  const main = nodes.find(({ record }) => record?.className !== "ZeroPadding2D") ?? last;
  const { record } = main;
  if (!record) throw new Error(`${main.name} has no layer`);
  const before = main === nodes[0] ? [] : ["zero padding"];
  const after = nodes
    .slice(nodes.indexOf(main) + 1)
    .flatMap((node) => (node.record ? [briefly(node.record)] : []));
  const around = [...before, ...after];
  const parameters = totalParameters(nodes);
  const lines = [
    layerText(record),
    ...(around.length > 0 ? [`+ ${around.join(", ")}`] : []),
    extentText(last.output.shape),
    ...(parameters > 0 ? [`${groupedDigits(parameters)} params`] : []),
  ];
  const isHead = heads.has(last.name);
  if (isHead) lines[lines.indexOf(extentText(last.output.shape))] = `${last.output.shape.at(-1)} classes`;
  const kind = isHead ? "head" : (KINDS[record.className] ?? "other");
  return { kind, blockKind: undefined, title: main.name, lines, repeats: 1 };
}

function totalParameters(nodes: readonly LayerNode[]): number {
  return countParameters(nodes.flatMap(({ record }) => record?.weights ?? [])).total;
}

/** A layer in one or two words, appended to the layer that the card is about. */
function briefly({ className, config }: LayerRecord): string {
  if (className === "BatchNormalization") return "batch norm";
  if (className === "ReLU") return config.max_value === 6 ? "relu6" : "relu";
  return className === "Activation" ? String(config.activation) : className;
}

/** What a layer does: its class and the most important part of its configuration. */
function layerText({ className, config }: LayerRecord): string {
  const parts = [...windowText(config), ...activationText(config)];
  if (className === "ReLU") return config.max_value === 6 ? "ReLU, at most 6" : "ReLU";
  if (className === "Activation") return `Activation ${config.activation}`;
  if (className === "Dropout") return `Dropout ${config.rate}`;
  if (className === "CustomScaleLayer") return `CustomScaleLayer ${config.scale}`;
  return parts.length === 0 ? className : `${className} ${parts.join(", ")}`;
}

/** `3 × 3`, `stride 2`, `dilation 2`. */
function windowText(config: KerasConfig): string[] {
  const size = pairOf(config.kernel_size ?? config.pool_size);
  if (!size) return [];
  const named = (name: string, value: unknown) => {
    const pair = pairOf(value);
    if (!pair || (pair[0] === 1 && pair[1] === 1)) return [];
    return [`${name} ${pair[0] === pair[1] ? pair[0] : pair.join(" × ")}`];
  };
  return [size.join(" × "), ...named("stride", config.strides), ...named("dilation", config.dilation_rate)];
}

function activationText({ activation }: KerasConfig): string[] {
  return typeof activation === "string" && activation !== "linear" ? [activation] : [];
}

function pairOf(value: unknown): [unknown, unknown] | undefined {
  return Array.isArray(value) && value.length === 2 ? [value[0], value[1]] : undefined;
}
