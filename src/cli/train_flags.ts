// The options of a training as flags: form, help and checks come from the recipe's table.

import { Option } from "commander";
import {
  TRAIN_OPTION_LIST,
  TRAIN_OPTIONS,
  type TrainOption,
  type TrainOptionName,
} from "../training/recipe/schema.ts";
import { flagReader } from "./flag_readers.ts";
import { flagOf } from "./flag_words.ts";

/** An option as a flag, without its default: other commands have defaults of their own. */
export function trainFlag(name: TrainOptionName): Option {
  const { kind, valueName, help, preset }: TrainOption = TRAIN_OPTIONS[name];
  const flag = flagOf(name);
  if (valueName === undefined) return new Option(flag, help);
  const value = preset === undefined ? `<${valueName}>` : `[${valueName}]`;
  const option = new Option(`${flag} ${value}`, help);
  if (kind.choices) option.choices(kind.choices);
  else option.argParser(flagReader(flag, kind));
  return preset === undefined ? option : option.preset(preset);
}

/** All options with their defaults in the help, as `weft train` has them. */
export function trainFlags(): Option[] {
  return TRAIN_OPTION_LIST.flatMap(([name, option]) => {
    if (option.default === true) return switchedOn(name, option);
    const flag = trainFlag(name);
    const shown = option.decided ?? shownDefault(option);
    if (shown !== undefined) flag.description += ` (default: ${shown})`;
    return [flag];
  });
}

/** A switch that is on: what takes it off is shown, and what takes that back is understood. */
function switchedOn(name: TrainOptionName, { help }: TrainOption): Option[] {
  const flag = flagOf(name);
  const off = flag.replace("--", "--no-");
  return [new Option(flag, `takes an earlier ${off} back`).hideHelp(), new Option(off, help)];
}

function shownDefault({ default: value, preset }: TrainOption): string | undefined {
  if (typeof value === "string" || typeof value === "number") return String(value);
  if (typeof value === "object" && value !== null && "name" in value) return String(value.name);
  return value === undefined && preset !== undefined ? `${preset} where no value is given` : undefined;
}
