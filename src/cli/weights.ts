// `weft weights`: what a weights file holds, and whether it fits a backbone.

import { Command, Option } from "commander";
import { WeftError } from "../base/errors.ts";
import { requireFinite, requireFit } from "../formats/weight_matching.ts";
import type { Backbone } from "../models/backbone.ts";
import { backboneNamed } from "../models/backbones.ts";
import { nodeFiles } from "../platform/node/files.ts";
import { FORM_NAMES, type OpenWeights, openWeights } from "../training/weights_file.ts";
import { fitToBackbone } from "../training/weights_fit.ts";
import { alphaOption, jsonOption, pathText } from "./options.ts";
import { print, styleOf } from "./terminal.ts";
import { fitLine, fitRows, fitTable, tensorLine, tensorTable } from "./weights_table.ts";

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
  const file = await openWeights(await nodeFiles.readFile(path), path);
  try {
    if (options.for === undefined) listTensors(file, options);
    else listFit(file, options.for, options);
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

function listTensors(file: OpenWeights, { json }: WeightsOptions): void {
  if (json) {
    for (const tensor of file.tensors) print(tensorLine(tensor));
    return;
  }
  const style = styleOf(process.stdout);
  const table = tensorTable(file.tensors, style); // first of all: what cannot be read is a fault
  print(`${style.bold(file.path)}  ${style.dim(formOf(file))}\n\n${table}`);
}

/** @throws WeftError, after the list, where a weight is missing, of another shape or not finite. */
function listFit(file: OpenWeights, backbone: Backbone, { alpha, top, json }: WeightsOptions): void {
  const { network, report, expected } = fitToBackbone(file.tensors, backbone, { alpha, isTopless: !top });
  const rows = fitRows(report, expected);
  if (json) for (const row of rows) print(fitLine(row));
  else {
    const style = styleOf(process.stdout);
    const head = `${style.bold(file.path)}  ${style.dim(`${formOf(file)}; for ${network}`)}`;
    print(`${head}\n\n${fitTable(rows, style)}`);
  }
  requireFit(report, file.path, network);
  for (const { found } of report.matched) requireFinite(found.load(), found.name, file.path);
}
