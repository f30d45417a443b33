// The library: everything but the platform, so it runs in Node and in browsers alike. In Node,
// `weft/node` adds the adapter, files and image decoding; in a browser, `navigator.gpu` gives the adapter.

// Faults that a person can act on, and the version.
export { type FaultDetails, messageOf, WeftError } from "./base/errors.ts";
// What a platform is written against: `weft/node` is, and imports these.
export {
  type FileContent,
  type FileFacts,
  type FileSystem,
  type FolderSystem,
  type HeldLock,
  joinPath,
  type LockHolder,
  splitPath,
} from "./base/platform.ts";
export { type Advice, type Remedy, remedyText, type Words } from "./base/remedies.ts";
export { VERSION } from "./base/version.ts";
// Data: attribute data sets, their split and order, batches with prefetch, augmentation.
export { augmentationTransform } from "./data/augmentation.ts";
export { type Batch, BatchLoader, type BatchOptions } from "./data/batches.ts";
export { type AttributeDataset, epochOrder, loadDataset, type Split, splitImages } from "./data/dataset.ts";
export { type ImageSurvey, type SurveyTools, surveyImages } from "./data/image_survey.ts";
export { enlargeBilinear, type ImageDecoder, type ImageInspector } from "./data/images.ts";
export { loadQuestions, type QuestionSet } from "./data/questions.ts";
export { splitForTraining, type TrainingSplit } from "./data/training_split.ts";
// Formats: Keras HDF5, safetensors, label and answer CSV.
export { formatAnswerCsv } from "./formats/answer_csv.ts";
export { ImageFault, type ImageFaultKind, type ImageHeader } from "./formats/image_source.ts";
export type { KerasFile, KerasReader } from "./formats/keras_file.ts";
export { type KerasWeight, type KerasWeightFile, openKerasH5 } from "./formats/keras_h5.ts";
export {
  formatLabelCsv,
  type Label,
  type LabelFile,
  type LabelledImage,
  parseLabelCsv,
  parseQuestionCsv,
} from "./formats/label_csv.ts";
export { readSafetensors, type StoredTensor, writeSafetensors } from "./formats/safetensors.ts";
export { toFloat32 } from "./formats/tensor_values.ts";
// The device: opened from a WebGPU adapter; buffers, pipelines and their accounting live in it.
export {
  type AdapterChoice,
  type AdapterDescription,
  type DawnTier,
  describeAdapter,
  matchesChoice,
  refusedCandidate,
} from "./gpu/adapters.ts";
export { MAP_MODE_READ } from "./gpu/constants.ts";
export {
  type DeviceFacts,
  type DeviceOptions,
  GpuDevice,
  type KernelFamily,
  megabytes,
} from "./gpu/device.ts";
export { DeviceLostError } from "./gpu/device_loss.ts";
export type { HostWait } from "./gpu/host_wait.ts";
export { type Arena, layOutArenas, type VariableSpec, VariableStore } from "./gpu/variables.ts";
// The graph of a step: inputs, variables and nodes; its gradients; its plan, compiled once and replayed.
export { differentiate } from "./graph/differentiate.ts";
export { Graph, type GraphNode, type Tensor } from "./graph/graph.ts";
export { SEGMENTS, type Segment } from "./graph/node.ts";
export type { Operator } from "./graph/operator.ts";
export { type HostArray, Plan, type StepValues, type SubmitOptions } from "./graph/plan.ts";
export { layOutPlan, type PlanLayout } from "./graph/plan_layout.ts";
// Backbones and the multi-task model.
export type { Backbone, BackboneConfig } from "./models/backbone.ts";
export { BACKBONES, backboneNamed } from "./models/backbones.ts";
export type { CountedHead, Head } from "./models/heads.ts";
export { mobileNetV2 } from "./models/mobilenet_v2.ts";
export {
  headProbabilities,
  joinLogits,
  multiTaskHeads,
  multiTaskLoss,
} from "./models/multi_task.ts";
export type { Activation } from "./nn/activations.ts";
// Layers named and parameterised as in Keras, first values of their weights, optimizers.
export { type Initializer, initialValues } from "./nn/initializers.ts";
export type { KerasConfig, LayerRecord, LayersOptions, WeightSpec } from "./nn/layer_scope.ts";
export { Layers } from "./nn/layers.ts";
export { applyOptimizer, type OptimizerConfig, optimizerVariables } from "./nn/optimizers.ts";
// Operators by name, and the sum that differentiation needs.
export { sumOf } from "./ops/elementwise/sum.ts";
export type { PreprocessMode } from "./ops/image/preprocess.ts";
export { OPERATORS } from "./ops/operators.ts";
export { fuse } from "./passes/passes.ts";
// Training by parts, runs, prediction and classification.
export { Classifier } from "./training/classifier.ts";
export { type ImageProbabilities, Predictor } from "./training/inference.ts";
export { type SetMetrics, weightedAccuracy } from "./training/metrics.ts";
export { Model, type ModelDefinition, type TrainingOptions } from "./training/model.ts";
export { type NetworkConfig, networkWeights, type TrainingStepConfig } from "./training/network.ts";
// Training in one call: a data set and settings in, a network that predicts out.
export {
  type FineTuneHooks,
  type FineTuneOptions,
  fineTune,
  type PlannedTraining,
} from "./training/recipe/fine_tune.ts";
export type {
  EvaluatedImages,
  FineTuned,
  ImageAnswer,
  ImageSource,
  TrainingOutcome,
} from "./training/recipe/fine_tuned.ts";
export type {
  KernelTuning,
  RunFolders,
  TrainingEngine,
  TrainingPlatform,
  WorkHooks,
} from "./training/recipe/platform.ts";
export { TRAIN_OPTIONS, type TrainSettings } from "./training/recipe/schema.ts";
export { type RunConfig, readRun, type SavedRun, writeRun } from "./training/run_folder.ts";
export { findRunPlace, type PlaceOptions, type RunPlace } from "./training/run_folder_place.ts";
export { type KeptRun, RunWriter, type RunWriterOptions } from "./training/run_folder_writer.ts";
export { type RecordedEnd, recordTraining } from "./training/run_recording.ts";
export { type Phase, parsePhases, settlingMomentum } from "./training/schedule.ts";
export {
  type EpochReport,
  Trainer,
  type TrainerConfig,
  type TrainerHooks,
  type TrainingEnd,
  type TrainingPosition,
} from "./training/trainer.ts";
export { layOutTraining } from "./training/training_layout.ts";
export { loadWeights, openWeights, openWeightsFile, takeWeights } from "./training/weights_file.ts";
export { type ClassifierConfig, identifyClassifier } from "./training/weights_network.ts";
// Choosing among kernels by measuring them.
export { type TuningOptions, type TuningResult, tune } from "./tune/tuner.ts";
export { formatTuning, originOf, parseTuning, type TuningOrigin } from "./tune/tuning_file.ts";
export { loadTuning, saveTuning, type TuningStore } from "./tune/tuning_store.ts";
