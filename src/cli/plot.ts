// `weft plot`: a network as a picture.

import { dirname } from "node:path";
import { Command, Option } from "commander";
import { WeftError } from "../base/errors.ts";
import {
  drawNetwork,
  MOST_LAYERS_DRAWN,
  type NetworkPicture,
  PICTURE_LEVELS,
  type PictureLevel,
  usualLevel,
} from "../drawing/network_picture.ts";
import { nodeFiles } from "../platform/node/files.ts";
import { renderPng } from "../platform/node/svg_picture.ts";
import { pathText } from "./flag_readers.ts";
import { requireOption } from "./options.ts";
import { addNetworkOptions, type ShownNetworkOptions, shownNetwork } from "./shown_network.ts";
import { grouped, say } from "./terminal.ts";

interface PlotOptions extends ShownNetworkOptions {
  readonly out?: string;
  readonly level?: PictureLevel;
}

/** Pixels a unit of small pictures, and about how many pixels large ones may come to by being enlarged. */
const PNG_SCALE = 2;
const MOST_ENLARGED_PIXELS = 60e6;

/** The `plot` subcommand. */
export function plotCommand(): Command {
  return addNetworkOptions(new Command("plot").description("draw a run's network or a backbone"))
    .addOption(new Option("--out <file>", "picture, .svg or .png").argParser(pathText("--out")))
    .addOption(
      new Option(
        "--level <level>",
        `draw each layer or each block (default: blocks for more than ${MOST_LAYERS_DRAWN} layers)`,
      ).choices([...PICTURE_LEVELS]),
    )
    .action(plot);
}

async function plot(options: PlotOptions): Promise<void> {
  const out = requireOption(options.out, "--out", "a file name that ends in .svg or .png");
  const ending = /\.(svg|png)$/i.exec(out)?.[1]?.toLowerCase();
  if (ending === undefined) {
    throw new WeftError(`--out expects a file name that ends in .svg or .png, received "${out}"`);
  }
  const folder = dirname(out);
  if (!(await nodeFiles.exists(folder)))
    throw new WeftError(`${out}: there is no folder ${folder}; make it first`);
  const network = await shownNetwork(options);
  const level = options.level ?? usualLevel(network.records);
  const picture = await drawNetwork(network, level, ending === "svg" ? "text" : "outlines");
  const scale = ending === "svg" ? 1 : pngScale(picture);
  await nodeFiles.writeFile(out, ending === "svg" ? picture.svg : await renderPng(picture.svg, scale));
  const layers = `${grouped(network.records.length)} layers`;
  const how = level === "blocks" ? `folded to blocks (--level layers draws each)` : "each drawn";
  const size = `${Math.round(picture.width * scale)} x ${Math.round(picture.height * scale)} pixels`;
  say(`${network.name}: ${layers}, ${how}; ${out}, ${size}`);
}

function pngScale({ width, height }: NetworkPicture): number {
  return Math.min(PNG_SCALE, Math.max(1, Math.sqrt(MOST_ENLARGED_PIXELS / (width * height))));
}
