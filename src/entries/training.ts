/**
 * Models and their steps, trainings and what becomes of them, run folders, prediction.
 *
 * @module weft/training
 */

export type { FaultDetails } from "../base/errors.ts";
export type { OptionKind } from "../base/option_kinds.ts";
export type { FolderSystem, HeldLock, LockHolder } from "../base/platform.ts";
export { type Advice, type Remedy, remedyText, type Words } from "../base/remedies.ts";
export { Classifier } from "../training/classifier.ts";
export { DivergenceError } from "../training/divergence.ts";
export {
  type EvaluationResult,
  type ImageProbabilities,
  type PredictionHooks,
  Predictor,
  type PredictorOptions,
} from "../training/inference.ts";
export { type SetMetrics, weightedAccuracy } from "../training/metrics.ts";
export { Model, type ModelDefinition, type TrainingOptions } from "../training/model.ts";
export {
  layOutInferenceStep,
  layOutTrainingStep,
  type NetworkConfig,
  networkWeights,
  type TrainingStepConfig,
} from "../training/network.ts";
export { describeNetwork, type NetworkDescription } from "../training/network_layers.ts";
export { onnxForExport } from "../training/onnx_export.ts";
export type { LossScaleReport } from "../training/precision.ts";
export type { WantedImagenet } from "../training/published_weights.ts";
export {
  type FineTuneHooks,
  type FineTuneOptions,
  fineTune,
  type PlannedTraining,
} from "../training/recipe/fine_tune.ts";
export type {
  EvaluatedImages,
  FineTuned,
  ImageAnswer,
  ImageSource,
  TrainingOutcome,
} from "../training/recipe/fine_tuned.ts";
export type {
  KernelTuning,
  RunFolders,
  TrainingEngine,
  TrainingPlatform,
  WorkHooks,
} from "../training/recipe/platform.ts";
export type { PreparedTraining } from "../training/recipe/prepare.ts";
export { TRAIN_OPTIONS, type TrainOption, type TrainSettings } from "../training/recipe/schema.ts";
export {
  type RunConfig,
  readRun,
  type SavedRun,
  type TrainingRecord,
  writeRun,
} from "../training/run_folder.ts";
export { findRunPlace, type PlaceOptions, type RunPlace } from "../training/run_folder_place.ts";
export {
  type KeptRun,
  RunWriter,
  type RunWriterOptions,
  type TrainedWeights,
} from "../training/run_folder_writer.ts";
export { type RecordedEnd, recordTraining } from "../training/run_recording.ts";
export { type Phase, parsePhases, settlingMomentum } from "../training/schedule.ts";
export type { InferenceStep, TrainingStep } from "../training/step_layout.ts";
export {
  type EpochReport,
  type StepProgress,
  Trainer,
  type TrainerConfig,
  type TrainerHooks,
  type TrainerOptions,
  type TrainingEnd,
  type TrainingPosition,
} from "../training/trainer.ts";
export { layOutTraining, type TrainingLayout } from "../training/training_layout.ts";
export { weightsForExport } from "../training/weights_export.ts";
export {
  type LoadedWeights,
  loadWeights,
  type OfferedTensor,
  type OpenWeights,
  openWeights,
  openWeightsFile,
  takeWeights,
  type WantedWeights,
  type WeightsForm,
} from "../training/weights_file.ts";
export {
  type ClassifierConfig,
  type ClassifierHints,
  identifyClassifier,
} from "../training/weights_network.ts";
