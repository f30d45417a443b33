// A network's step: which network, its sizes, and training or inference.

import type { Backbone } from "../../src/models/backbone.ts";
import type { Precision } from "../../src/nn/mixed_precision.ts";

export type NetworkPass = "train" | "inference";

export interface NetworkForm {
  readonly backbone: Backbone;
  readonly alpha: number | undefined;
  /** Pixels. */
  readonly size: number;
  readonly batch: number;
  readonly pass: NetworkPass;
  /** Of a training step; f32 by default. */
  readonly precision?: Precision;
}

/** `MobileNetV2_96`, `MobileNetV2_0.35_224`, `MobileNetV2_96_mixed`. */
export function networkCaseName({ backbone, alpha = 1, size, precision = "f32" }: NetworkForm): string {
  const width = alpha === 1 ? [] : [alpha];
  const type = precision === "f32" ? [] : [precision];
  return [backbone.name, ...width, size, ...type].join("_");
}
