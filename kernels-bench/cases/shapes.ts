// The shapes of shapes.json with their types. The file is plain data, so that other programs can read it as well.

import type { Shape } from "../../src/base/tensors.ts";
import type { Padding } from "../../src/graph/attributes.ts";
import type { Pass } from "./bench_case.ts";
import shapes from "./shapes.json" with { type: "json" };

/** A form from a network. */
interface NamedShape {
  readonly name: string;
  /** The network and its image size. */
  readonly of: string;
  readonly x: Shape;
  readonly quick?: boolean;
}

export interface DenseShape extends NamedShape {
  readonly w: Shape;
}

export interface ConvolutionShape extends NamedShape {
  /** [R, S, C, K]; [R, S, C, 1] of a depthwise convolution. */
  readonly w: Shape;
  readonly strides: readonly [number, number];
  readonly padding: Padding;
  /** All by default. */
  readonly passes?: readonly Pass[];
}

export interface PoolShape extends NamedShape {
  readonly size: readonly [number, number];
  readonly strides: readonly [number, number];
  readonly padding: Padding;
}

export interface NormShape extends NamedShape {
  /** What the networks fuse after it. */
  readonly activation?: "none" | "relu" | "relu6";
}

interface Shapes {
  readonly conv2d: readonly ConvolutionShape[];
  readonly depthwiseConv2d: readonly ConvolutionShape[];
  readonly dense: readonly DenseShape[];
  readonly maxPool2d: readonly PoolShape[];
  readonly avgPool2d: readonly PoolShape[];
  readonly globalAvgPool2d: readonly NamedShape[];
  readonly globalMaxPool2d: readonly NamedShape[];
  readonly batchNorm: readonly NormShape[];
}

/** TypeScript reads JSON's pairs as lists of any length; the registry's test builds every case from them. */
export const SHAPES = shapes as unknown as Shapes;
