// An ONNX graph under construction: nodes, constant tensors, and unique names for everything.

import { WeftError } from "../base/errors.ts";
import { elementCount, type Shape, shapeText } from "../base/tensors.ts";
import type { Tensor } from "../graph/graph.ts";
import type { OnnxAttribute, OnnxNode, OnnxTensor } from "./onnx_schema.ts";

/** The layout of a weight in ONNX: as in Keras, or a kernel with its output channels first. */
export type WeightLayout = "keras" | "conv" | "depthwise";

export type OnnxAttributes = Readonly<Record<string, OnnxAttribute>>;

export class OnnxGraph {
  readonly nodes: OnnxNode[] = [];
  private readonly tensors = new Map<string, OnnxTensor>();
  private readonly taken = new Set<string>();
  private readonly nodeNames = new Set<string>();
  private readonly values = new Map<Tensor, string>();
  private readonly weightNames = new Map<string, string>();

  /**
   * @param weights by `layer/weight`, row-major in Keras' layout
   * @param reserved names that are given with `nameValue` only
   */
  constructor(
    private readonly weights: ReadonlyMap<string, Float32Array>,
    reserved: readonly string[],
  ) {
    for (const name of reserved) this.taken.add(name);
  }

  get initializers(): OnnxTensor[] {
    return [...this.tensors.values()];
  }

  /** Sets the ONNX name of a value of the network. */
  nameValue(tensor: Tensor, name: string): void {
    this.values.set(tensor, name);
  }

  hasValue(tensor: Tensor): boolean {
    return this.values.has(tensor);
  }

  /** The ONNX name of a value of the network; made from its own name if it has none yet. */
  valueName(tensor: Tensor): string {
    const known = this.values.get(tensor);
    if (known !== undefined) return known;
    const name = uniqueName(this.taken, tensor.name);
    this.values.set(tensor, name);
    return name;
  }

  /**
   * Adds a node with one output.
   * @param to the value of the network that it computes, or a name for an intermediate one
   * @returns the output's name
   */
  add(
    opType: string,
    inputs: readonly string[],
    to: Tensor | string,
    attributes: OnnxAttributes = {},
  ): string {
    const output = typeof to === "string" ? uniqueName(this.taken, to) : this.valueName(to);
    this.addAs(opType, inputs, output, attributes);
    return output;
  }

  /** Adds a node with one output of a reserved name. */
  addAs(opType: string, inputs: readonly string[], output: string, attributes: OnnxAttributes = {}): void {
    const name = uniqueName(this.nodeNames, output);
    this.nodes.push({ name, opType, inputs, outputs: [output], attributes });
  }

  /**
   * A weight of the network as a constant tensor.
   * @returns its name
   * @throws WeftError if it has no values, or too many or too few.
   */
  weight(tensor: Tensor, layout: WeightLayout = "keras"): string {
    const key = `${layout} ${tensor.name}`;
    const known = this.weightNames.get(key);
    if (known !== undefined) return known;
    const values = this.weights.get(tensor.name);
    if (!values) throw new WeftError(`there are no values for ${tensor.name}`);
    if (values.length !== elementCount(tensor.shape)) {
      throw new WeftError(
        `${tensor.name} expects values for ${shapeText(tensor.shape)}, received ${values.length}`,
      );
    }
    const name = uniqueName(this.taken, tensor.name);
    this.tensors.set(name, { name, ...laidOut(values, tensor.shape, layout) });
    this.weightNames.set(key, name);
    return name;
  }

  /** Constant floats; with `shared`, one tensor of that name is used for all. @returns its name. */
  floats(name: string, dims: Shape, values: readonly number[], shared = false): string {
    return this.constant({ name, dims, data: Float32Array.from(values) }, shared);
  }

  /** Constant integers in a list. @returns its name. */
  wholes(name: string, values: readonly number[]): string {
    return this.constant({ name, dims: [values.length], data: BigInt64Array.from(values, BigInt) }, false);
  }

  private constant(tensor: OnnxTensor, shared: boolean): string {
    const key = `shared ${tensor.name}`;
    const known = shared ? this.weightNames.get(key) : undefined;
    if (known !== undefined) return known;
    const name = uniqueName(this.taken, tensor.name);
    this.tensors.set(name, { ...tensor, name });
    if (shared) this.weightNames.set(key, name);
    return name;
  }
}

/** The name, with a number appended if it is taken or empty; it is reserved from now on. */
function uniqueName(taken: Set<string>, name: string): string {
  let free = name;
  for (let number = 1; taken.has(free) || free === ""; number++) free = `${name}_${number}`;
  taken.add(free);
  return free;
}

function laidOut(
  values: Float32Array,
  shape: Shape,
  layout: WeightLayout,
): { readonly dims: Shape; readonly data: Float32Array } {
  if (layout === "keras") return { dims: shape, data: values };
  const [R = 0, S = 0, C = 0, K = 0] = shape;
  // Output channels of a depthwise kernel [R,S,C,K] are (channel, multiple); of others the last axis.
  if (layout === "conv") return { dims: [K, C, R, S], data: tapsLast(values, R * S, C, K, [1, C]) };
  return { dims: [C * K, 1, R, S], data: tapsLast(values, R * S, C, K, [K, 1]) };
}

/** [taps, a, b] with the taps last; entry (a, b) starts at tap list number a · steps[0] + b · steps[1]. */
function tapsLast(
  values: Float32Array,
  taps: number,
  sizeA: number,
  sizeB: number,
  [stepA, stepB]: readonly [number, number],
): Float32Array {
  const moved = new Float32Array(values.length);
  let from = 0;
  for (let tap = 0; tap < taps; tap++) {
    for (let a = 0; a < sizeA; a++) {
      for (let b = 0; b < sizeB; b++) moved[(a * stepA + b * stepB) * taps + tap] = values[from++] ?? 0;
    }
  }
  return moved;
}
