// A step of a network: what, how large, and in which direction.

import type { Backbone } from "../src/models/backbone.ts";

export type NetworkPass = "train" | "inference";

export interface NetworkForm {
  readonly backbone: Backbone;
  readonly alpha: number | undefined;
  /** Pixels. */
  readonly size: number;
  readonly batch: number;
  readonly pass: NetworkPass;
}

/** `MobileNetV2_96`, `MobileNetV2_0.35_224`. */
export function networkCaseName({ backbone, alpha, size }: NetworkForm): string {
  return [backbone.name, ...(alpha === undefined || alpha === 1 ? [] : [alpha]), size].join("_");
}
