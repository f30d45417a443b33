/**
 * Choosing among kernels by measuring them, and keeping what was chosen.
 *
 * @module weft/tune
 */

export type { Choice, NodeChoices } from "../graph/choices.ts";
export type { SearchResult } from "../tune/node_search.ts";
export {
  type FailedCandidate,
  type TunedNode,
  type TuningOptions,
  type TuningProgress,
  type TuningResult,
  tune,
} from "../tune/tuner.ts";
export {
  formatTuning,
  originOf,
  parseTuning,
  type TuningFile,
  type TuningOrigin,
  tuningFileName,
} from "../tune/tuning_file.ts";
export { loadTuning, type StoredTuning, saveTuning, type TuningStore } from "../tune/tuning_store.ts";
