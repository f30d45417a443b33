// The options of `npm run bench`, and which cases they name.

import { type Command, Option } from "commander";
import { WeftError } from "../../src/base/errors.ts";
import { pathText, wholeNumber } from "../../src/cli/flag_readers.ts";
import {
  jsonOption,
  requireTraining,
  type StepOptions,
  stepOptions,
  suitableSize,
} from "../../src/cli/options.ts";
import type { DawnTier } from "../../src/gpu/adapters.ts";
import type { Backbone } from "../../src/models/backbone.ts";
import { backboneNamed } from "../../src/models/backbones.ts";
import type { NetworkForm, NetworkPass } from "../cases/network_form.ts";
import type { BenchItem } from "../measuring/bench_item.ts";
import { networkItem } from "../networks/network.ts";
import { PEER_NAMES, type PeerName } from "../peers/pool.ts";
import { allItems, selectItems } from "./items.ts";

export interface BenchOptions extends StepOptions {
  readonly op?: string;
  readonly case?: string;
  readonly filter?: string;
  readonly all?: boolean;
  readonly list?: boolean;
  readonly json?: boolean;
  readonly compare?: string;
  readonly network?: Backbone;
  readonly batch?: number;
  readonly pass?: NetworkPass;
  readonly profile?: boolean;
  readonly profileTrace?: string;
  readonly peers?: true | readonly PeerName[];
  readonly tier: DawnTier;
  readonly tuned?: boolean;
  readonly firstStep?: boolean;
}

/** What --profile profiles if no network is named. */
const PROFILED = { backbone: "MobileNetV2", size: 96, batch: 16 } as const;

/** Adds them all. */
export function addBenchOptions(command: Command): Command {
  const path = (flags: string, what: string) =>
    new Option(flags, what).argParser(pathText(flags.split(" ")[0] ?? flags));
  const options = [
    new Option("--op <name>", "cases of one operator, or network, data, encode, start"),
    new Option("--case <names>", "cases as --list prints them, separated by commas"),
    new Option("--filter <text>", "cases whose name and pass contain the text"),
    new Option("--all", "every case, not only the default run's"),
    new Option("--list", "print the cases, mark those of the default run, and measure nothing"),
    jsonOption("one row per line"),
    path("--compare <file>", "rows of an earlier --json; exit code 1 if one has become slower"),
    new Option("--network <name>", "a step of one network").argParser(backboneNamed),
    new Option("--batch <n>", "images per step of --network, or per convolution").argParser(
      wholeNumber("--batch", 1),
    ),
    new Option("--pass <pass>", "of --network").choices(["train", "inference"]),
    new Option("--profile", "a step's time by kernel and by layer"),
    path("--profile-trace <file>", "the same as a Chrome trace"),
    new Option(
      "--peers [names]",
      `time other engines next to weft, case by case: ${PEER_NAMES.join(", ")}`,
    ).argParser(peerNames),
    new Option("--tier <tier>", "Dawn's toggles: fast, or portable as in browsers")
      .choices(["fast", "portable"])
      .default("fast"),
    new Option("--tuned", "choose kernels by the table that weft tune stored for the adapter"),
    ...stepOptions(),
    new Option("--first-step").hideHelp(),
  ];
  for (const option of options) command.addOption(option);
  return command;
}

/** @throws WeftError naming an unknown one. */
function peerNames(text: string): PeerName[] {
  return text.split(",").map((word) => {
    const name = PEER_NAMES.find((peer) => peer === word.trim());
    if (!name) throw new WeftError(`--peers expects some of ${PEER_NAMES.join(", ")}, received "${word}"`);
    return name;
  });
}

export const isProfiled = ({ profile, profileTrace }: BenchOptions): boolean =>
  profile === true || profileTrace !== undefined;

/** The network of --network, or of --profile without it; undefined if neither is given. */
export function networkForm(options: BenchOptions): NetworkForm | undefined {
  const { network, alpha, pass = "train", batch, precision } = options;
  if (!network) {
    const stray = (["alpha", "size", "pass"] as const).find((key) => options[key] !== undefined);
    if (stray !== undefined) throw new WeftError(`--${stray} belongs to --network NAME`);
    if (isProfiled(options)) {
      if (batch !== undefined) throw new WeftError("--batch with --profile belongs to --network NAME");
      return { ...PROFILED, backbone: backboneNamed(PROFILED.backbone), alpha, pass, precision };
    }
    if (precision !== "f32") throw new WeftError(`--precision ${precision} belongs to --network NAME`);
    return undefined;
  }
  requireTraining(precision, pass, "--pass");
  const size = suitableSize(network, options);
  return { backbone: network, alpha, size, batch: batch ?? 1, pass, precision };
}

/** The cases of a run. @throws WeftError if the options select none. */
export function chosenItems(options: BenchOptions, form: NetworkForm | undefined): BenchItem[] {
  if (form) return [networkItem(form)];
  const { op, case: name, filter, list, all, batch, adapter } = options;
  if (batch !== undefined && op === undefined && name === undefined && filter === undefined) {
    throw new WeftError("--batch belongs to --network NAME, or to convolutions: --op conv2d, --case NAMES");
  }
  return selectItems(allItems(adapter, batch), { op, case: name, filter, all: all || list });
}
