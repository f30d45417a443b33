// What augmentAffine is checked with.

import { augmentAffineDefinition } from "../../src/ops/image/augment_affine_definition.ts";
import { exactly, uniform } from "./draw.ts";
import type { OperatorRecord, Sample } from "./reference.ts";

const IDENTITY = [1, 0, 0, 0, 1, 0];

/** Flip, then rotation and zoom about the centre of an H x W image, as a row of six. */
function warp(
  H: number,
  W: number,
  degrees: number,
  zoom: readonly [number, number],
  isFlipped: boolean,
): number[] {
  const angle = (degrees * Math.PI) / 180;
  const sign = isFlipped ? -1 : 1;
  const [a, b] = [sign * Math.cos(angle) * zoom[0], -Math.sin(angle) * zoom[1]];
  const [d, e] = [sign * Math.sin(angle) * zoom[0], Math.cos(angle) * zoom[1]];
  const [u, v] = [(W - 1) / 2, (H - 1) / 2];
  return [a, b, u - a * u - b * v, d, e, v - d * u - e * v];
}

function samplesOf(fill: "nearest" | "constant"): Sample[] {
  const sample = (
    name: string,
    shape: readonly [number, number, number, number],
    rows: number[][],
  ): Sample => ({
    name: `${fill}: ${name}`,
    attrs: { fill },
    inputs: {
      x: uniform(`augmentAffine/${fill}/${name}`, shape, 0, 255),
      transform: exactly([rows.length, 6], rows.flat()),
    },
  });
  return [
    sample("identity", [1, 5, 7, 3], [IDENTITY]),
    sample("flip", [1, 4, 7, 3], [[-1, 0, 6, 0, 1, 0]]),
    sample(
      "shift by fractions",
      [2, 6, 5, 3],
      [
        [1, 0, 0.3, 0, 1, -1.6],
        [1, 0, -2.45, 0, 1, 0.75],
      ],
    ),
    sample(
      "rotation and zoom",
      [3, 9, 11, 3],
      [warp(9, 11, 20, [0.8, 1.2], false), warp(9, 11, -13, [1.2, 0.9], true), warp(9, 11, 4, [1, 1], false)],
    ),
    sample("vectors of four channels", [1, 6, 7, 8], [warp(6, 7, 30, [0.9, 1.1], true)]),
    sample("quarter turn", [1, 8, 8, 1], [warp(8, 8, 90, [1, 1], false)]),
    sample("far outside", [1, 4, 5, 3], [[1, 0, 100.5, 0, 1, -70.25]]),
    sample("shrunk into one pixel", [1, 5, 5, 3], [[0.1, 0, 2.2, 0, 0.1, 1.7]]),
    sample("one pixel", [2, 1, 1, 3], [IDENTITY, [1, 0, 0.25, 0, 1, 0.5]]),
    sample(
      "several workgroups",
      [5, 23, 29, 3],
      [
        warp(23, 29, -20, [1.1, 0.8], true),
        warp(23, 29, 17, [0.85, 0.95], false),
        warp(23, 29, 0, [1.2, 1.2], true),
        IDENTITY,
        warp(23, 29, 9, [1.05, 1], false),
      ],
    ),
  ];
}

export const augmentAffine: OperatorRecord = {
  ...augmentAffineDefinition,
  op: "augmentAffine",
  differentiable: ["x"],
  upstream: ["y"],
  samples: () => [...samplesOf("nearest"), ...samplesOf("constant")],
  badInputs: [
    {
      name: "a transform of eight",
      attrs: { fill: "nearest" },
      inputs: { x: [2, 3, 3, 3], transform: [2, 8] },
      message: /augmentAffine.*transform/,
    },
    {
      name: "a transform for another batch",
      attrs: { fill: "nearest" },
      inputs: { x: [2, 3, 3, 3], transform: [3, 6] },
      message: /augmentAffine.*transform/,
    },
    {
      name: "an unknown fill",
      attrs: { fill: "mirror" },
      inputs: { x: [1, 3, 3, 3], transform: [1, 6] },
      message: /augmentAffine.*fill/,
    },
  ],
};
