// `weft backbones`: the networks that weft has, with what they cost and whose ImageNet weights there are.

import { Command } from "commander";
import { WeftError } from "../base/errors.ts";
import type { Backbone } from "../models/backbone.ts";
import { BACKBONES } from "../models/backbones.ts";
import { imagenetWeights } from "../models/imagenet_weights.ts";
import { countParameters } from "../nn/parameters.ts";
import { fuse } from "../passes/passes.ts";
import { describeBackbone, type NetworkDescription } from "../training/network_layers.ts";
import { jsonOption } from "./options.ts";
import { columns } from "./tables.ts";
import { grouped, print, styleOf } from "./terminal.ts";

/** A backbone without its top, at its default size; of those with a width, that of 1. */
interface BackboneFacts {
  readonly name: string;
  /** Width and height of the images, in pixels: the usual and the smallest. */
  readonly size: number;
  readonly minSize: number;
  readonly parameters: number;
  /** Of one image forward. */
  readonly flops: number;
  /** The widths and sizes that Keras has ImageNet weights for, or null where it has none. */
  readonly imagenet: { readonly alphas: readonly number[] | null; readonly sizes: readonly number[] } | null;
}

/** Widths and sizes among which the published ones are looked for. */
const ALPHAS = [0.25, 0.35, 0.5, 0.75, 1, 1.3, 1.4];
const SIZES = [96, 128, 160, 192, 224];

/** The `backbones` subcommand. */
export function backbonesCommand(): Command {
  return new Command("backbones")
    .description("list the networks that weft has")
    .addOption(jsonOption("a line a backbone"))
    .action(backbones);
}

function backbones({ json }: { readonly json?: boolean }): void {
  const facts = [...BACKBONES.values()].map(factsOf);
  if (json) {
    for (const backbone of facts) print(JSON.stringify(backbone));
    return;
  }
  const { dim } = styleOf(process.stdout);
  const published = facts.map(({ imagenet }) => weightsText(imagenet));
  const width = Math.max(...published.map(({ length }) => length));
  const rows = facts.map(({ name, size, minSize, parameters, flops }, i) => [
    name,
    `${size} x ${size}`,
    String(minSize),
    grouped(parameters),
    gigaflops(flops),
    (published[i] ?? "").padEnd(width),
  ]);
  const headings = [
    "backbone",
    "image size",
    "smallest",
    "parameters",
    "GFLOPs",
    "ImageNet weights".padEnd(width),
  ];
  print(columns([headings.map(dim), ...rows]));
  print(dim("  Parameters and GFLOPs: the network without its top (alpha 1), one image forward;"));
  print(dim("  a multiplication and an addition count as two FLOPs."));
}

function factsOf(backbone: Backbone): BackboneFacts {
  const { name, defaultSize: size, minSize } = backbone;
  const network = describeBackbone({ backbone, size, includeTop: false });
  const { total } = countParameters(network.records.flatMap(({ weights }) => weights));
  return {
    name,
    size,
    minSize,
    parameters: total,
    flops: flopsOf(network),
    imagenet: publishedFor(backbone),
  };
}

/** FLOPs of a network's operators, fused as a plan has them. */
function flopsOf({ graph }: NetworkDescription): number {
  fuse(graph);
  return graph.nodes.reduce((sum, { operator, inputs, outputs, attrs }) => {
    return sum + operator.cost(inputs, outputs, attrs).flops;
  }, 0);
}

function publishedFor({ name, defaultSize, hasAlpha }: Backbone): BackboneFacts["imagenet"] {
  const fileFor = (alpha: number, size: number) => {
    try {
      return imagenetWeights({ backbone: name, alpha, size, includeTop: false }).fileName;
    } catch (thrown) {
      if (thrown instanceof WeftError) return undefined;
      throw thrown;
    }
  };
  if (!hasAlpha) return fileFor(1, defaultSize) === undefined ? null : { alphas: null, sizes: [defaultSize] };
  const alphas = ALPHAS.filter((alpha) => fileFor(alpha, defaultSize) !== undefined);
  // Sizes without weights of their own share those of another size.
  const sizes = SIZES.filter((size) => fileFor(1, size)?.includes(`_${size}_`));
  return alphas.length === 0 ? null : { alphas, sizes };
}

function weightsText(imagenet: BackboneFacts["imagenet"]): string {
  if (!imagenet) return "none";
  const { alphas, sizes } = imagenet;
  return alphas ? `alpha ${alphas.join(", ")}; of ${sizes.join(", ")} px` : "yes";
}

const GIGA = 1e9;

function gigaflops(flops: number): string {
  return (flops / GIGA).toFixed(2);
}
