// Which cases a run takes.

import { WeftError } from "../src/base/errors.ts";
import { type BenchItem, operatorItems } from "./bench_item.ts";
import { dataItems } from "./data_pipeline.ts";
import { encodingItems } from "./encoding.ts";
import { networkItems } from "./network.ts";
import { OPERATOR_CASES } from "./operators.ts";
import { startItems } from "./start_up.ts";

export interface Selection {
  /** An operator's name, or "network", "data", "encode", "start". */
  readonly op?: string | undefined;
  /** Whole names of cases. */
  readonly case?: string | undefined;
  /** A part of `case pass`. */
  readonly filter?: string | undefined;
  readonly all?: boolean | undefined;
}

/** Everything that can be measured. @param adapter as `--adapter` has it. */
export function allItems(adapter: string): BenchItem[] {
  return [
    ...operatorItems(OPERATOR_CASES),
    ...networkItems(),
    ...dataItems(),
    ...encodingItems(),
    ...startItems(adapter),
  ];
}

/** The items that a selection names; the default run's without one. @throws WeftError where none is left. */
export function selectItems(items: readonly BenchItem[], selection: Selection): BenchItem[] {
  const { op, case: name, filter, all } = selection;
  const isNarrowed = op !== undefined || name !== undefined || filter !== undefined;
  const chosen = items.filter((item) => {
    if (op !== undefined && item.op !== op) return false;
    if (name !== undefined && item.case !== name) return false;
    if (filter !== undefined && !`${item.case} ${item.pass}`.includes(filter)) return false;
    return isNarrowed || all || item.isQuick;
  });
  if (chosen.length > 0) return chosen;
  const operators = [...new Set(items.map((item) => item.op))].join(", ");
  throw new WeftError(`no case fits; --list shows all of them, --op takes ${operators}`);
}
