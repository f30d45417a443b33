/**
 * Keras' files in every form, safetensors, ONNX, label and answer CSV, headers of images.
 *
 * @module weft/formats
 */

export { formatAnswerCsv } from "../formats/answer_csv.ts";
export type { LayerPosition } from "../formats/hdf5.ts";
export { readImageHeader } from "../formats/image_header.ts";
export {
  type ByteSource,
  ImageFault,
  type ImageFaultKind,
  type ImageHeader,
} from "../formats/image_source.ts";
export { keras3ModelConfig, writeKerasArchive } from "../formats/keras_archive_writer.ts";
export {
  isKerasFile,
  type KerasFile,
  type KerasReader,
  type KerasTensor,
  openKerasFile,
} from "../formats/keras_file.ts";
export { type KerasForm, type KerasWeight, type KerasWeightFile, openKerasH5 } from "../formats/keras_h5.ts";
export { legacyModelConfig, writeKerasH5 } from "../formats/keras_h5_writer.ts";
export {
  type KerasLayer,
  type KerasModel,
  type KerasModelOptions,
  type KerasVariable,
  kerasModel,
  type RecordedNetwork,
} from "../formats/keras_model.ts";
export {
  formatLabelCsv,
  type Label,
  type LabelFile,
  type LabelledImage,
  type LabelRow,
  parseLabelCsv,
  parseQuestionCsv,
  type QuestionRow,
  type QuestionRows,
} from "../formats/label_csv.ts";
export type { BadRow, LabelOptions } from "../formats/label_rows.ts";
export type { PairingOptions } from "../formats/layer_pairing.ts";
export { type OnnxNetwork, type OnnxOptions, writeOnnx } from "../formats/onnx.ts";
export {
  readSafetensors,
  type SafetensorsDtype,
  type SafetensorsFile,
  type StoredTensor,
  type TensorData,
  writeSafetensors,
} from "../formats/safetensors.ts";
export { toFloat32 } from "../formats/tensor_values.ts";
export {
  type ExpectedWeight,
  formatWeightReport,
  type MatchedWeight,
  matchWeights,
  type OfferedWeight,
  type WeightReport,
} from "../formats/weight_matching.ts";
