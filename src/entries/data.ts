/**
 * Attribute data sets, their split and order, batches with prefetch, augmentation; files as they are read.
 *
 * @module weft/data
 */

export {
  type FileContent,
  type FileFacts,
  type FileSystem,
  joinPath,
  splitPath,
} from "../base/platform.ts";
export { augmentationTransform } from "../data/augmentation.ts";
export {
  type BadImage,
  type Batch,
  BatchLoader,
  type BatchOptions,
  type EpochOptions,
} from "../data/batches.ts";
export { type CheckedImages, findGoodImages, type ImageCheckOptions } from "../data/checked_images.ts";
export {
  type AttributeDataset,
  type DatasetOptions,
  epochOrder,
  type IdenticalImages,
  loadDataset,
  type Split,
  type SplitOptions,
  splitImages,
} from "../data/dataset.ts";
export { ImageCache } from "../data/image_cache.ts";
export { ImageChecks } from "../data/image_checks.ts";
export {
  type ImageSurvey,
  type SurveyedBadImage,
  type SurveyTools,
  surveyImages,
} from "../data/image_survey.ts";
export {
  DEFAULT_MAX_PIXELS,
  enlargeBilinear,
  type ImageDecoder,
  type ImageInspector,
} from "../data/images.ts";
export type { MissingOptions } from "../data/missing_images.ts";
export type { OrderState } from "../data/order.ts";
export { loadQuestions, type Question, type QuestionSet } from "../data/questions.ts";
export { splitForTraining, type TrainingSplit } from "../data/training_split.ts";
