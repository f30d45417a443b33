/**
 * What you need to train and to predict, in Node and in browsers. `weft/node` and `weft/browser` add what the platform
 * has; the other entries (src/entries/) hold the parts that all of this is made of. A test keeps it to 40 names.
 *
 * @module weft
 */

// Faults that a person can act on, and the version.
export { WeftError } from "./base/errors.ts";
export type { FileSystem } from "./base/platform.ts";
export { VERSION } from "./base/version.ts";
// Data sets: read, split, and handed out in batches.
export { BatchLoader } from "./data/batches.ts";
export { type AttributeDataset, loadDataset } from "./data/dataset.ts";
export type { ImageDecoder } from "./data/images.ts";
export { splitForTraining } from "./data/training_split.ts";
// The device, opened from a WebGPU adapter.
export { type DeviceOptions, GpuDevice } from "./gpu/device.ts";
export { DeviceLostError } from "./gpu/device_loss.ts";
export type { Tensor } from "./graph/tensor.ts";
// Backbones and the multi-task model.
export type { Backbone, BackboneConfig } from "./models/backbone.ts";
export { BACKBONES } from "./models/backbones.ts";
export type { Head } from "./models/heads.ts";
export { multiTaskLoss } from "./models/multi_task.ts";
export { Layers } from "./nn/layers.ts";
// Training, runs, prediction and classification.
export { Classifier } from "./training/classifier.ts";
export { Predictor } from "./training/inference.ts";
export { Model, type ModelDefinition, type TrainingOptions } from "./training/model.ts";
export { type FineTuneOptions, fineTune } from "./training/recipe/fine_tune.ts";
export type { FineTuned, ImageAnswer, ImageSource } from "./training/recipe/fine_tuned.ts";
export type { TrainingPlatform } from "./training/recipe/platform.ts";
export type { TrainSettings } from "./training/recipe/schema.ts";
export { readRun, type SavedRun } from "./training/run_folder.ts";
export { type EpochReport, Trainer, type TrainerConfig, type TrainerHooks } from "./training/trainer.ts";
export { loadWeights, openWeights } from "./training/weights_file.ts";
