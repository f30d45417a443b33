// The `.h5` of Keras' `model.save`: the model's configuration as the root attribute `model_config`, its weights in the
// group `model_weights`. Keras 2 can read these files as well: layers refer to each other by lists, and the input layer
// has a `batch_input_shape`.

import { type HdfGroupWriter, writeHdf } from "./hdf5_writer.ts";
import { KERAS_VERSION, type KerasLayer, type KerasModel, kerasModelSize, TOP_LEVEL } from "./keras_model.ts";

const BACKEND = "tensorflow";

/** A whole-model HDF5 file. The same model gives the same bytes. */
export function writeKerasH5(model: KerasModel): Promise<Uint8Array> {
  const { tensorBytes, tensors } = kerasModelSize(model);
  const config = JSON.stringify(legacyModelConfig(model));
  // Every layer has a group and lists, even a layer without tensors.
  const size = { tensorBytes: tensorBytes + 2 * config.length, tensors: tensors + model.layers.length };
  return writeHdf(size, (root) => {
    root.setText("keras_version", KERAS_VERSION);
    root.setText("backend", BACKEND);
    root.setText("model_config", config);
    writeWeights(root.addGroup("model_weights"), model.layers);
  });
}

function writeWeights(group: HdfGroupWriter, layers: readonly KerasLayer[]): void {
  group.setText("keras_version", KERAS_VERSION);
  group.setText("backend", BACKEND);
  group.setList(
    "layer_names",
    layers.map(({ name }) => name),
  );
  for (const { name, weights } of layers) {
    const ofLayer = group.addGroup(name);
    ofLayer.setList(
      "weight_names",
      weights.map((weight) => `${name}/${weight.name}`),
    );
    if (weights.length === 0) continue;
    const tensors = ofLayer.addGroup(name);
    for (const weight of weights) tensors.addTensor(weight.name, weight);
  }
  group.addGroup(TOP_LEVEL).setList("weight_names", []);
}

/** The JSON of an HDF5 file's attribute `model_config`: the model as Keras described it before version 3. */
export function legacyModelConfig({ name, layers, input, outputs }: KerasModel): object {
  const tensorOf = (layer: string) => [layer, 0, 0];
  const config = {
    name,
    trainable: true,
    layers: layers.map((layer) => ({
      class_name: layer.className,
      config: layer.config,
      name: layer.name,
      inbound_nodes: layer.inputs.length === 0 ? [] : [layer.inputs.map((one) => [...tensorOf(one), {}])],
    })),
    input_layers: tensorOf(input),
    output_layers: outputs.length === 1 ? tensorOf(outputs[0] ?? "") : outputs.map(tensorOf),
  };
  return { class_name: "Functional", config, keras_version: KERAS_VERSION, backend: BACKEND };
}
