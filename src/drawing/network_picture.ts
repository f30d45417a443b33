// The picture of a network: its layers, or its blocks, as cards in the order in which data flows through them.

import type { Tensor } from "../graph/graph.ts";
import { type LayerNode, layerGraph } from "../nn/layer_graph.ts";
import type { LayerRecord } from "../nn/layer_scope.ts";
import { countParameters } from "../nn/parameters.ts";
import type { PreprocessMode } from "../ops/image/preprocess.ts";
import type { Edge } from "./diagram_columns.ts";
import { layOutDiagram } from "./diagram_layout.ts";
import { cardSize, diagramSvg, type TextForm } from "./diagram_svg.ts";
import { type Card, cardOf, extentText, groupedDigits, preprocessingCards } from "./layer_cards.ts";
import { foldedBlocks, groupEdges, singleLayers } from "./layer_groups.ts";

/** What is drawn as one card: every layer, or every block. */
export const PICTURE_LEVELS = ["layers", "blocks"] as const;
/** A level of `PICTURE_LEVELS`. */
export type PictureLevel = (typeof PICTURE_LEVELS)[number];

/** With more layers than this, pictures show blocks unless layers are requested. */
export const MOST_LAYERS_DRAWN = 150;

/** A network to draw: what its layers recorded, and its input, [N, H, W, C]. */
export interface PicturedNetwork {
  /** The title, such as `MobileNetV2 (alpha 0.35)`. */
  readonly name: string;
  readonly records: readonly LayerRecord[];
  readonly input: Tensor;
  /** Drawn before the first layer if given. */
  readonly preprocessing?: PreprocessMode | undefined;
  /** Names of the layers that answer for an attribute. */
  readonly heads: readonly string[];
}

/** A drawn network; sizes in pixels. */
export interface NetworkPicture {
  readonly svg: string;
  readonly width: number;
  readonly height: number;
  /** How many cards it has. */
  readonly cards: number;
}

/** Cards of a network and which of them reads which. */
export interface NetworkDiagram {
  readonly cards: readonly Card[];
  readonly edges: readonly Edge[];
  /** Indices of the cards at which a part of the network begins. */
  readonly begins: ReadonlySet<number>;
}

/** The level at which a network is drawn by default. */
export function usualLevel(records: readonly LayerRecord[]): PictureLevel {
  return records.length > MOST_LAYERS_DRAWN ? "blocks" : "layers";
}

/** The cards of a network. */
export function networkDiagram(network: PicturedNetwork, level: PictureLevel): NetworkDiagram {
  const { records, input, preprocessing, heads } = network;
  const nodes: readonly LayerNode[] = layerGraph(records, [input]);
  const groups = level === "layers" ? singleLayers(nodes) : foldedBlocks(nodes);
  const cards = groups.map((group) => cardOf(group, new Set(heads)));
  const edges = groupEdges(groups);
  const blockAt = (place: number) => groups[place]?.nodes[0]?.record?.block;
  const begins = cards.flatMap((_, place) => {
    const block = blockAt(place);
    return block === undefined || block !== blockAt(place - 1) ? [place] : [];
  });
  if (preprocessing === undefined) return { cards, edges, begins: new Set(begins) };
  const [, ...rest] = cards;
  const [image, converted] = preprocessingCards(preprocessing, input.shape);
  if (!image || !converted) throw new Error("preprocessing has two cards");
  return {
    cards: [image, converted, ...rest],
    edges: [[0, 1], ...edges.map(([from, to]): Edge => [from + 1, to + 1])],
    begins: new Set(begins.map((place) => place + 1)),
  };
}

/**
 * Draws a network as SVG.
 * @param level whether a card is a layer or a block; `usualLevel` says what is readable
 * @param form whether text stays text or becomes outlines, which need no font
 */
export async function drawNetwork(
  network: PicturedNetwork,
  level: PictureLevel,
  form: TextForm,
): Promise<NetworkPicture> {
  const { cards, edges, begins } = networkDiagram(network, level);
  const layout = await layOutDiagram(cards.map(cardSize), edges, begins);
  const picture = diagramSvg({ title: network.name, facts: factsOf(network) }, cards, layout, form);
  return { ...picture, cards: cards.length };
}

function factsOf({ records, input, heads }: PicturedNetwork): string {
  const { total, trainable } = countParameters(records.flatMap(({ weights }) => weights));
  return [
    extentText(input.shape),
    `${groupedDigits(records.length)} layers`,
    ...(heads.length > 0 ? [`${heads.length} ${heads.length === 1 ? "head" : "heads"}`] : []),
    `${groupedDigits(total)} parameters, ${groupedDigits(trainable)} of them trainable`,
  ].join("  ·  ");
}
