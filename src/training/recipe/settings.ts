// Settings given in code or by flags, checked by the schema; and what follows from them for the trainer and the record.

import { WeftError } from "../../base/errors.ts";
import { acceptValue } from "../../base/option_kinds.ts";
import {
  type CompleteSettings,
  type RecordedSettings,
  type SettledSettings,
  TRAIN_OPTION_LIST,
  type TrainerFields,
} from "./schema.ts";

/**
 * Checks settings and adds the table's defaults. What is undefined counts as not given.
 * @throws WeftError naming an option that there is not, or one whose value is not what it takes
 */
export function checkSettings(given: object): CompleteSettings {
  const known = new Map(TRAIN_OPTION_LIST);
  const values: Record<string, unknown> = {};
  for (const [name, { default: value }] of known) if (value !== undefined) values[name] = value;
  for (const [name, value] of Object.entries(given)) {
    if (value === undefined) continue;
    const option = known.get(name as never);
    if (!option) {
      throw new WeftError(`there is no option ${name}; a training has ${[...known.keys()].join(", ")}`);
    }
    values[name] = acceptValue(name, option.kind, value);
  }
  return values as CompleteSettings;
}

/** The part of the trainer's configuration that takes settings as they are. */
export function trainerFields(settings: SettledSettings): TrainerFields {
  const fields = TRAIN_OPTION_LIST.flatMap(([name, { trainerField }]) => {
    return trainerField === undefined ? [] : [[trainerField, settings[name]] as const];
  });
  return Object.fromEntries(fields) as unknown as TrainerFields;
}

/** The part of the record in `config.json` that is settings. */
export function recordedSettings(settings: SettledSettings): RecordedSettings {
  const fields = TRAIN_OPTION_LIST.flatMap(([name, { recordedAs, recordedText }]) => {
    if (recordedAs === undefined) return [];
    const value = settings[name] ?? null;
    const isText = recordedText !== undefined && value !== null;
    return [[recordedAs, isText ? recordedText(value as never) : value] as const];
  });
  return Object.fromEntries(fields) as unknown as RecordedSettings;
}
