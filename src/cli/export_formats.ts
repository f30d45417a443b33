// The formats of `weft export`: what writes each and how its files are opened.

import type { FileContent } from "../base/platform.ts";
import { writeKerasArchive } from "../formats/keras_archive_writer.ts";
import { writeKerasH5 } from "../formats/keras_h5_writer.ts";
import { type KerasModel, kerasModel } from "../formats/keras_model.ts";
import type { NetworkDescription } from "../training/network_layers.ts";
import { onnxForExport } from "../training/onnx_export.ts";
import type { SavedRun } from "../training/run_folder.ts";
import { weightsForExport } from "../training/weights_export.ts";

/** What a format's writer gets. */
export interface ExportInput {
  readonly run: SavedRun;
  readonly network: NetworkDescription;
  /** Whether the model takes 0..255; else what the backbone takes. */
  readonly includePreprocessing: boolean;
}

/** A file's content and how to use it. */
export interface Exported {
  readonly content: FileContent;
  /** Names of the outputs, in the heads' order, where the format cannot have the heads' own. */
  readonly outputs?: readonly string[];
}

export interface ExportFormat {
  /** Of file names. */
  readonly ending: string;
  /** Whether the file computes something, so that it can do the preprocessing as well. */
  readonly isModel: boolean;
  write(input: ExportInput): Promise<Exported>;
  /** The Python that opens the file. */
  opening(path: string, network: NetworkDescription): string;
}

/** Formats by the name that `--format` takes. */
export const EXPORT_FORMATS: ReadonlyMap<string, ExportFormat> = new Map(
  Object.entries({
    h5: {
      ending: ".h5",
      isModel: true,
      write: async (input) => {
        const model = kerasModelOf(input);
        return { content: await writeKerasH5(model), outputs: model.outputs };
      },
      opening: kerasOpening,
    },
    keras: {
      ending: ".keras",
      isModel: true,
      write: async (input) => {
        const model = kerasModelOf(input);
        return { content: await writeKerasArchive(model), outputs: model.outputs };
      },
      opening: kerasOpening,
    },
    onnx: {
      ending: ".onnx",
      isModel: true,
      write: async ({ run, network, includePreprocessing }) => ({
        content: onnxForExport(run, network, includePreprocessing),
      }),
      opening: (path) => `onnxruntime.InferenceSession(${JSON.stringify(path)})`,
    },
    safetensors: {
      ending: ".safetensors",
      isModel: false,
      write: async ({ run }) => ({ content: weightsForExport(run) }),
      opening: (path) => `safetensors.numpy.load_file(${JSON.stringify(path)})`,
    },
  }),
);

function kerasModelOf({ run, network, includePreprocessing }: ExportInput): KerasModel {
  const { backbone } = run.network;
  return kerasModel(network, run.weights, {
    name: backbone.name,
    preprocessing: includePreprocessing ? backbone.preprocessing : "none",
    frozenRecords: run.training.freeze === "backbone" ? network.backboneRecords : 0,
  });
}

function kerasOpening(path: string, { records }: NetworkDescription): string {
  const hasScale = records.some(({ className }) => className === "CustomScaleLayer");
  const scale = "keras.src.applications.inception_resnet_v2.CustomScaleLayer";
  const objects = hasScale ? `, custom_objects={"CustomScaleLayer": ${scale}}` : "";
  return `keras.models.load_model(${JSON.stringify(path)}${objects}, compile=False)`;
}
