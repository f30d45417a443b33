// A run's network as an ONNX file that says which network it is.

import { writeOnnx } from "../formats/onnx.ts";
import type { NetworkDescription } from "./network_layers.ts";
import type { SavedRun } from "./run_folder.ts";
import { networkMetadata } from "./weights_export.ts";

/** What the file takes of a run. */
type ExportedRun = Pick<SavedRun, "network" | "weights">;

/**
 * The pieces of the file: input `image` [N,size,size,3] float32, N free; for each head its probabilities
 * [N,classes] under its name. Metadata: backbone, alpha (of backbones that have one), size, heads (JSON),
 * preprocessing (Keras' mode) and input, `0..255` or `preprocessed`.
 * @param description what `describeNetwork` says of the run's network
 * @param includePreprocessing whether the model takes RGB from 0 to 255; else what the backbone takes
 * @throws WeftError where a head is called `image`, or the file would be larger than 2 GB.
 */
export function onnxForExport(
  { network, weights }: ExportedRun,
  description: NetworkDescription,
  includePreprocessing: boolean,
): Uint8Array[] {
  const { name, preprocessing } = network.backbone;
  return writeOnnx(description, weights, {
    name,
    preprocessing: includePreprocessing ? preprocessing : "none",
    metadata: {
      ...networkMetadata(network),
      preprocessing,
      input: includePreprocessing ? "0..255" : "preprocessed",
    },
  });
}
