// Mixed precision seen from a training: what it asks of the adapter, and what its loss scale did in an epoch.

import { WeftError } from "../base/errors.ts";
import { SLOWER } from "../base/remedies.ts";
import type { GpuDevice } from "../gpu/device.ts";
import type { Precision } from "../nn/mixed_precision.ts";
import { LEAST_LOSS_SCALE } from "../ops/mixed_precision/loss_scale.ts";

/** @throws WeftError where the adapter cannot compute in the precision. */
export function requirePrecision(
  precision: Precision | undefined,
  { name, facts }: Pick<GpuDevice, "name" | "facts">,
): void {
  if (precision !== "mixed" || facts.features.has("shader-f16")) return;
  throw new WeftError(
    `mixed needs an adapter with the feature shader-f16, which ${name} does not have; lavapipe and most GPUs do`,
    {
      option: "precision",
      remedy: [
        { kind: "other", option: "adapter" },
        { kind: "set", option: "precision", value: "f32" },
        { kind: "see", command: "doctor" },
      ],
    },
  );
}

/** What the loss scale did in an epoch. */
export interface LossScaleReport {
  /** Of the last step. */
  readonly scale: number;
  /** Steps that were left out because a gradient was infinite in f16. */
  readonly skippedSteps: number;
}

/** Follows the loss scale through an epoch. */
export class LossScaleWatch {
  private scale = 0;
  private skippedSteps = 0;

  /**
   * Takes a step's output `lossScale`; undefined in f32.
   * @throws WeftError where even the least scale leaves infinite gradients: no step would ever be taken.
   */
  take(lossScale: ArrayLike<number> | undefined, where: string): void {
    if (!lossScale) return;
    const [factor = 0, scale = 0] = Array.from(lossScale);
    this.scale = scale;
    if (factor !== 0) return;
    this.skippedSteps++;
    if (scale > LEAST_LOSS_SCALE) return;
    throw new WeftError(`gradients are infinite in f16 even with the least loss scale, ${scale}, ${where}`, {
      remedy: [...SLOWER, { kind: "set", option: "precision", value: "f32" }],
    });
  }

  /** Undefined where no step had a loss scale. */
  get report(): LossScaleReport | undefined {
    return this.scale === 0 ? undefined : { scale: this.scale, skippedSteps: this.skippedSteps };
  }
}
