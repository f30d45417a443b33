// The configuration of a small run, for tests that write or read one.

import { mobileNetV2 } from "../../src/models/mobilenet_v2.ts";
import type { RunConfig, TrainingRecord } from "../../src/training/run_folder.ts";

/** A run of MobileNetV2 0.35 with two heads, colour of three classes and another of two. */
export function smallRunConfig({
  size = 32,
  second = "tone",
  training = {},
}: {
  size?: number;
  second?: string;
  training?: Partial<TrainingRecord>;
} = {}): RunConfig {
  const heads = [
    { name: "colour", classes: 3, rows: 20 },
    { name: second, classes: 2, rows: 14 },
  ];
  return {
    network: { backbone: mobileNetV2, alpha: 0.35, size, heads },
    heads,
    training: {
      data: "somewhere",
      trainingImages: 16,
      validationImages: 4,
      phases: "2@0.001",
      batchSize: 8,
      seed: 3,
      limit: null,
      dropout: 0.5,
      augment: true,
      batchNormMomentum: 0.9,
      optimizer: { name: "adam" },
      freeze: null,
      weights: null,
      ...training,
    },
  };
}
