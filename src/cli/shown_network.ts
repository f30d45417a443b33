// The network that `summary` and `plot` show: a run's, from its configuration alone, or a backbone's.

import type { Command } from "commander";
import { WeftError } from "../base/errors.ts";
import type { Backbone } from "../models/backbone.ts";
import type { LayerRecord } from "../nn/layer_scope.ts";
import type { PreprocessMode } from "../ops/image/preprocess.ts";
import { nodeFiles } from "../platform/node/files.ts";
import { networkName } from "../training/network.ts";
import { describeBackbone, describeNetwork, type NetworkDescription } from "../training/network_layers.ts";
import { requireSuits } from "../training/recipe/prepare.ts";
import { readRunConfig } from "../training/run_folder.ts";
import { wholeNumber } from "./flag_readers.ts";
import { alphaOption, backboneOption, modelOption, sizeOption } from "./options.ts";

/** What the command line gives; absent where it is silent. */
export interface ShownNetworkOptions {
  readonly model?: string;
  readonly backbone?: Backbone;
  readonly alpha?: number;
  readonly size?: number;
  readonly top: boolean;
  readonly classes?: number;
}

export interface ShownNetwork extends NetworkDescription {
  /** Such as `MobileNetV2 (alpha 0.35)`. */
  readonly name: string;
  /** Of a run, which takes bytes; a backbone on its own takes what it is given. */
  readonly preprocessing: PreprocessMode | undefined;
  /** Names of the layers that answer for an attribute. */
  readonly heads: readonly string[];
}

/** Adds the options that choose the network. */
export function addNetworkOptions(command: Command): Command {
  return command
    .addOption(modelOption())
    .addOption(backboneOption())
    .addOption(alphaOption())
    .addOption(sizeOption())
    .option("--no-top", "the backbone without its classifier, as trainings use it")
    .option("--classes <n>", "classes of the backbone's top (default: 1000)", wholeNumber("--classes", 1));
}

/**
 * Describes the network that the options name.
 * @throws WeftError where they name none or two, do not suit each other, or the run cannot be read.
 */
export async function shownNetwork(options: ShownNetworkOptions): Promise<ShownNetwork> {
  const { model, backbone } = options;
  if (model !== undefined) {
    const odd = oddOption(options);
    if (odd !== undefined) throw new WeftError(`--model ${model} says it all; leave ${odd} out`);
    return runNetwork(model);
  }
  if (!backbone) {
    throw new WeftError("--model or --backbone is missing; expected a run's folder or a backbone's name");
  }
  return backboneNetwork(backbone, options);
}

/** An option that belongs to `--backbone`. */
function oddOption({ backbone, alpha, size, top, classes }: ShownNetworkOptions): string | undefined {
  const given = { "--backbone": backbone, "--alpha": alpha, "--size": size, "--classes": classes };
  const [flag] = Object.entries(given).find(([, value]) => value !== undefined) ?? [];
  return flag ?? (top ? undefined : "--no-top");
}

async function runNetwork(folder: string): Promise<ShownNetwork> {
  const { network, training } = await readRunConfig(nodeFiles, folder);
  const description = describeNetwork({ ...network, dropout: training.dropout });
  const { records, backboneRecords } = description;
  const frozen = training.freeze === "backbone" ? backboneRecords : 0;
  return {
    ...description,
    records: records.map((record, i) => (i < frozen ? withoutTraining(record) : record)),
    name: networkName(network),
    preprocessing: network.backbone.preprocessing,
    heads: network.heads.map(({ name }) => name),
  };
}

function withoutTraining(record: LayerRecord): LayerRecord {
  return { ...record, weights: record.weights.map((weight) => ({ ...weight, trainable: false })) };
}

function backboneNetwork(backbone: Backbone, options: ShownNetworkOptions): ShownNetwork {
  const { alpha, top: includeTop, classes } = options;
  const size = options.size ?? backbone.defaultSize;
  requireSuits(backbone, { alpha, size });
  if (!includeTop && classes !== undefined) {
    throw new WeftError(`--classes ${classes}: a backbone without its top has no classes; leave one out`);
  }
  return {
    ...describeBackbone({ backbone, alpha, size, includeTop, classes }),
    name: networkName({ backbone, alpha }),
    preprocessing: undefined,
    heads: [],
  };
}
