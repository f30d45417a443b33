// Keras 3's `.keras`: a zip archive of `metadata.json`, `config.json` and `model.weights.h5`, stored without
// compression as Keras does. In the weights file groups are numbered per class in the order of the layers.

import { Zip, ZipPassThrough } from "fflate";
import { type HdfGroupWriter, writeHdf } from "./hdf5_writer.ts";
import { KERAS_VERSION, type KerasLayer, type KerasModel, kerasModelSize } from "./keras_model.ts";
import { snakeCase } from "./model_config.ts";

/** Gives archives the same bytes whenever they are written. */
const DATE_SAVED = "2000-01-01@00:00:00";
/** The first date that zip archives can store, in local time as they require. */
const ZIP_DATE = () => new Date(1980, 0, 1);

/** The pieces of a `.keras` file, to be written one after the other. The same model gives the same bytes. */
export async function writeKerasArchive(model: KerasModel): Promise<Uint8Array[]> {
  const { tensorBytes, tensors } = kerasModelSize(model);
  const size = { tensorBytes, tensors: tensors + 2 * model.layers.length };
  const weights = await writeHdf(size, (root) => writeWeights(root, model));
  const encode = (value: object) => new TextEncoder().encode(JSON.stringify(value));
  return zipPieces([
    ["metadata.json", encode({ keras_version: KERAS_VERSION, date_saved: DATE_SAVED })],
    ["config.json", encode(keras3ModelConfig(model))],
    ["model.weights.h5", weights],
  ]);
}

function zipPieces(files: readonly (readonly [string, Uint8Array])[]): Uint8Array[] {
  const pieces: Uint8Array[] = [];
  const zip = new Zip((fault, piece) => {
    if (fault) throw fault;
    pieces.push(piece);
  });
  for (const [name, content] of files) {
    const file = new ZipPassThrough(name);
    file.mtime = ZIP_DATE();
    zip.add(file);
    file.push(content, true);
  }
  zip.end();
  return pieces;
}

function writeWeights(root: HdfGroupWriter, { name, layers }: KerasModel): void {
  root.addGroup("vars").setText("name", name);
  const group = root.addGroup("layers");
  for (const [key, layer] of numbered(layers)) {
    const vars = group.addGroup(key).addGroup("vars");
    vars.setText("name", layer.name);
    for (const [index, weight] of layer.weights.entries()) vars.addTensor(String(index), weight);
  }
}

/** Layers by their class and a count per class: `conv2d`, `conv2d_1`, …. */
function numbered(layers: readonly KerasLayer[]): [string, KerasLayer][] {
  const counts = new Map<string, number>();
  return layers.map((layer) => {
    const kind = snakeCase(layer.className);
    const count = counts.get(kind) ?? 0;
    counts.set(kind, count + 1);
    return [count === 0 ? kind : `${kind}_${count}`, layer];
  });
}

/** The package of Keras that contains the class; when the file is opened, custom classes must be passed by name. */
function classOf({ className }: KerasLayer): object {
  if (className === "CustomScaleLayer") {
    const module = "keras.src.applications.inception_resnet_v2";
    return { module, class_name: className, registered_name: className };
  }
  return { module: "keras.layers", class_name: className, registered_name: null };
}

/** The JSON of a `.keras` archive's `config.json`: the model as Keras 3 describes it. */
export function keras3ModelConfig({ name, layers, input, outputs }: KerasModel): object {
  const shapes = new Map(layers.map((layer) => [layer.name, layer.shape]));
  const historyOf = (layer: string) => [layer, 0, 0];
  const tensorOf = (layer: string) => ({
    class_name: "__keras_tensor__",
    config: {
      shape: [null, ...(shapes.get(layer) ?? [])],
      dtype: "float32",
      keras_history: historyOf(layer),
    },
  });
  const nodesOf = ({ inputs }: KerasLayer) => {
    const tensors = inputs.map(tensorOf);
    if (tensors.length === 0) return [];
    return [{ args: tensors.length === 1 ? tensors : [tensors], kwargs: {} }];
  };
  const config = {
    name,
    trainable: true,
    layers: layers.map((layer) => ({
      ...classOf(layer),
      config: keras3LayerConfig(layer),
      name: layer.name,
      inbound_nodes: nodesOf(layer),
    })),
    input_layers: historyOf(input),
    output_layers: outputs.length === 1 ? historyOf(outputs[0] ?? "") : outputs.map(historyOf),
  };
  const className = "Functional";
  const model = { module: "keras.src.models.functional", class_name: className, registered_name: className };
  return { ...model, config, build_config: { input_shape: null }, compile_config: {} };
}

/** Keras 3 uses another name for the shape of an input than Keras 2. */
function keras3LayerConfig({ config }: KerasLayer): object {
  const { batch_input_shape: shape, ...others } = config;
  return shape === undefined ? config : { ...others, batch_shape: shape };
}
