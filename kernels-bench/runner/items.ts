// Selects the cases of a run.

import { WeftError } from "../../src/base/errors.ts";
import { withBatch } from "../cases/bench_case.ts";
import { OPERATOR_CASES } from "../cases/operators.ts";
import { type BenchItem, operatorItems } from "../measuring/bench_item.ts";
import { dataItems } from "../networks/data_pipeline.ts";
import { encodingItems } from "../networks/encoding.ts";
import { networkItems } from "../networks/network.ts";
import { startItems } from "../networks/start_up.ts";

export interface Selection {
  /** An operator's name, or "network", "data", "encode", "start". */
  readonly op?: string | undefined;
  /** Whole names of cases, with commas between. */
  readonly case?: string | undefined;
  /** A part of `case pass`. */
  readonly filter?: string | undefined;
  readonly all?: boolean | undefined;
}

/**
 * Everything that can be measured.
 * @param adapter as `--adapter` has it
 * @param batch if given, only convolutions are measured, with this number of images
 */
export function allItems(adapter: string, batch?: number): BenchItem[] {
  if (batch !== undefined) {
    return operatorItems(OPERATOR_CASES.flatMap((bench) => withBatch(bench, batch) ?? []));
  }
  return [
    ...operatorItems(OPERATOR_CASES),
    ...networkItems(),
    ...dataItems(),
    ...encodingItems(),
    ...startItems(adapter),
  ];
}

/** The items of a selection; without one, the default run's. @throws WeftError if none is left. */
export function selectItems(items: readonly BenchItem[], selection: Selection): BenchItem[] {
  const { op, case: name, filter, all } = selection;
  const isNarrowed = op !== undefined || name !== undefined || filter !== undefined;
  const named = name?.split(",").map((word) => word.trim());
  const stray = named?.find((word) => !items.some((item) => item.case === word));
  if (stray !== undefined)
    throw new WeftError(`there is no case ${stray}; --list shows all there are with these options`);
  const chosen = items.filter((item) => {
    if (op !== undefined && item.op !== op) return false;
    if (named && !named.includes(item.case)) return false;
    if (filter !== undefined && !`${item.case} ${item.pass}`.includes(filter)) return false;
    return isNarrowed || all || item.isQuick;
  });
  if (chosen.length > 0) return chosen;
  const operators = [...new Set(items.map((item) => item.op))].join(", ");
  throw new WeftError(`no case fits; --list shows all of them, --op takes ${operators}`);
}
