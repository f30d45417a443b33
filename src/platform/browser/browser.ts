/**
 * What a browser adds to the library. The adapter is `navigator.gpu`'s: see `GpuDevice.open`.
 *
 * @module weft/browser
 */

export { browserImplementation, indexedDbTuningStore } from "./tuning_store.ts";
