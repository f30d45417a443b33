// Where tuning tables are stored between runs: the cache folder in Node, IndexedDB in browsers; the store is passed in
// from outside. A table that cannot be used is left alone and reported in one line; it never ends a run.

import { messageOf } from "../base/errors.ts";
import type { TuningTable } from "../gpu/device.ts";
import {
  formatTuning,
  parseTuning,
  type TuningFile,
  type TuningOrigin,
  tuningFileName,
  whyStale,
} from "./tuning_file.ts";

/** Texts by name, which outlive the process. */
export interface TuningStore {
  /** The text of that name; undefined if there is none. */
  read(name: string): Promise<string | undefined>;
  /** Replaces the text so that a crash leaves either the old one or the new one. */
  write(name: string, text: string): Promise<void>;
  /** Runs work while no other process changes the text, if several processes share the store. */
  exclusively?<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** The place of a name's text, for messages. */
  placeOf(name: string): string;
}

/** What a store has for an adapter. */
export interface StoredTuning {
  /** Empty if there is no valid table. */
  readonly table: TuningTable;
  readonly place: string;
  /** Why the stored table is not used, in one line. */
  readonly remark?: string;
}

/** Reads the table for measurements of this origin. Never throws because of the stored content. */
export async function loadTuning(store: TuningStore, origin: TuningOrigin): Promise<StoredTuning> {
  const name = tuningFileName(origin);
  const place = store.placeOf(name);
  const none = { table: new Map(), place };
  try {
    const text = await store.read(name);
    if (text === undefined) return none;
    const file = parseTuning(text, place);
    const reason = whyStale(file.origin, origin);
    if (reason === undefined) return { table: file.table, place };
    return { ...none, remark: `${place} is not used: ${reason}. Measure the kernels again.` };
  } catch (thrown) {
    return { ...none, remark: `a tuning table is not used: ${messageOf(thrown).split("\n")[0]}` };
  }
}

/** Adds entries to the stored table of their origin, or replaces the table if it is no longer valid. */
export async function saveTuning(store: TuningStore, { origin, table }: TuningFile): Promise<StoredTuning> {
  const name = tuningFileName(origin);
  const add = async () => {
    const { table: earlier, place } = await loadTuning(store, origin);
    const merged: TuningTable = new Map([...earlier, ...table]);
    await store.write(name, formatTuning({ origin, table: merged }));
    return { table: merged, place };
  };
  return store.exclusively ? store.exclusively(name, add) : add();
}
