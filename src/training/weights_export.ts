// A run's weights as one safetensors file that says which network they are of.

import { float32Tensor, safetensorsPieces } from "../formats/safetensors.ts";
import { type NetworkConfig, networkWeights } from "./network.ts";
import type { SavedRun } from "./run_folder.ts";

/** The pieces of the file: every weight under Keras' name, `layer/weight`. A training can start from it. */
export function weightsForExport({ network, weights }: SavedRun): Uint8Array[] {
  const { backbone, heads } = networkWeights(network);
  const tensors = [...backbone, ...heads].map(({ name, shape }) => {
    const values = weights.get(name);
    if (!values) throw new Error(`the run has no values of ${name}`);
    return [name, float32Tensor(values, shape)] as const;
  });
  return safetensorsPieces(tensors, networkMetadata(network));
}

/** What a file says of the network that it is of: backbone, alpha where it has one, size, heads as JSON. */
export function networkMetadata({ backbone, alpha, size, heads }: NetworkConfig): Record<string, string> {
  return {
    backbone: backbone.name,
    ...(alpha !== undefined && { alpha: String(alpha) }),
    size: String(size),
    heads: JSON.stringify(heads.map(({ name, classes }) => ({ name, classes }))),
  };
}
