/**
 * What Node adds to the library: `import { openDevice } from "weft/node"`.
 *
 * @module weft/node
 */

export { type AdapterOptions, type OpenedAdapter, openAdapter } from "./adapters.ts";
export { dawnPackage } from "./dawn_package.ts";
export { openDevice } from "./device.ts";
export { nodeFiles } from "./files.ts";
export { nodeFolders } from "./folders.ts";
export { createNodeImageDecoder, type ImageDecoderOptions } from "./images.ts";
export { openKerasInWorker } from "./keras_reader.ts";
export { fineTune, type NodeFineTuneOptions, type NodeMachine, nodeTrainingPlatform } from "./training.ts";
export { fileTuningStore } from "./tuning_store.ts";
