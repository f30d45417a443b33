// `weft weights`: what a weights file holds, and whether it fits a backbone.

import { Command, Option } from "commander";
import { WeftError } from "../base/errors.ts";
import { requireFit, requireUsable } from "../formats/weight_matching.ts";
import type { Backbone } from "../models/backbone.ts";
import { backboneNamed } from "../models/backbones.ts";
import { nodeFiles } from "../platform/node/files.ts";
import { openKerasInWorker } from "../platform/node/keras_reader.ts";
import { FORM_NAMES, type OpenWeights, openWeightsFile } from "../training/weights_file.ts";
import { fitToBackbone } from "../training/weights_fit.ts";
import { pathText } from "./flag_readers.ts";
import { alphaOption, jsonOption } from "./options.ts";
import { print, styleOf } from "./terminal.ts";
import { fitLine, fitRows, fitTable, tensorLine, tensorRows, tensorTable } from "./weights_table.ts";

interface WeightsOptions {
  readonly for?: Backbone;
  readonly alpha?: number;
  /** False with --no-top. */
  readonly top: boolean;
  readonly json?: boolean;
}

/** The `weights` subcommand. */
export function weightsCommand(): Command {
  return new Command("weights")
    .description("list a weights file's tensors, or how they fit a backbone")
    .argument("<file>", ".h5, .weights.h5 or .keras of Keras, or .safetensors", pathText("FILE"))
    .addOption(
      new Option("--for <backbone>", "compare with this backbone's weights").argParser(backboneNamed),
    )
    .addOption(alphaOption())
    .addOption(new Option("--no-top", "compare with the backbone without its top"))
    .addOption(jsonOption("a line a tensor"))
    .action(weights);
}

async function weights(path: string, options: WeightsOptions): Promise<void> {
  requireBackbone(options);
  const file = await openWeightsFile(nodeFiles, path, openKerasInWorker);
  try {
    if (options.for === undefined) await listTensors(file, options);
    else await listFit(file, options.for, options);
  } finally {
    file.close();
  }
}

/** @throws WeftError where an option is given that only --for uses, or that its backbone has not. */
function requireBackbone({ for: backbone, alpha, top }: WeightsOptions): void {
  const flag = alpha !== undefined ? `--alpha ${alpha}` : top ? undefined : "--no-top";
  if (flag !== undefined && backbone === undefined) {
    throw new WeftError(`${flag} says which network is meant; expected --for <backbone> with it`);
  }
  if (alpha !== undefined && backbone?.hasAlpha === false) {
    throw new WeftError(`--alpha ${alpha}: ${backbone.name} has no width to choose; leave --alpha out`);
  }
}

function formOf({ form, tensors }: OpenWeights): string {
  const isNameless = tensors.some(({ position }) => position !== undefined);
  return FORM_NAMES[form] + (isNameless ? ", layers without names" : "");
}

/** @throws WeftError, after the list, where a variance is negative. */
async function listTensors(file: OpenWeights, { json }: WeightsOptions): Promise<void> {
  const rows = await tensorRows(file.tensors); // first of all: what cannot be read is a fault
  if (json) for (const row of rows) print(tensorLine(row));
  else {
    const style = styleOf(process.stdout);
    print(`${style.bold(file.path)}  ${style.dim(formOf(file))}\n\n${tensorTable(rows, style)}`);
  }
  const fault = rows.find(({ fault }) => fault !== undefined)?.fault;
  if (fault !== undefined) throw new WeftError(`${file.path}: ${fault}`);
}

/** @throws WeftError, after the list, where a weight is missing, of another shape or not usable. */
async function listFit(
  file: OpenWeights,
  backbone: Backbone,
  { alpha, top, json }: WeightsOptions,
): Promise<void> {
  const { network, report, expected } = fitToBackbone(file.tensors, backbone, { alpha, isTopless: !top });
  const rows = fitRows(report, expected);
  if (json) for (const row of rows) print(fitLine(row));
  else {
    const style = styleOf(process.stdout);
    const head = `${style.bold(file.path)}  ${style.dim(`${formOf(file)}; for ${network}`)}`;
    print(`${head}\n\n${fitTable(rows, style)}`);
  }
  requireFit(report, file.path, network);
  for (const { found } of report.matched) requireUsable(await found.load(), found, file.path);
}
