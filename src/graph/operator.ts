// What an operator is: one file under src/ops that says what it computes, its shape rule, its gradient as graph nodes,
// the kernels it is lowered to, and its cost.

import type { TensorType } from "../base/tensors.ts";
import type { DeviceFacts } from "../gpu/device.ts";
import type { UniformValues } from "../gpu/shader_linking.ts";
import type { AttributeReader, GivenAttributes } from "./attributes.ts";
import type { Tensor } from "./tensor.ts";

/** Tensors by role name, such as `x`, `w`, `y`; an optional one may be absent. */
export type TensorsByRole = Readonly<Record<string, Tensor | undefined>>;
/** Shapes and element types by role name; that of an optional tensor may be absent. */
export type TypesByRole = Readonly<Record<string, TensorType | undefined>>;

/** Floating-point operations of a node, and the bytes that it moves at least (each operand once). */
export interface Cost {
  readonly flops: number;
  readonly bytes: number;
}

/** Adds nodes to a graph; for rules that build nodes from nodes. */
export interface GraphBuilder {
  /** Adds a node and returns its outputs by role. @param name for messages, profiles and taps. */
  apply<A extends object>(
    operator: Operator<A>,
    inputs: TensorsByRole,
    attrs?: GivenAttributes<A>,
    name?: string,
  ): Readonly<Record<string, Tensor>>;
  /** Adds a node with a single output and returns that output. */
  applyOne<A extends object>(
    operator: Operator<A>,
    inputs: TensorsByRole,
    attrs?: GivenAttributes<A>,
    name?: string,
  ): Tensor;
}

/** The context of an operator's gradient rule. */
export interface GradientContext<A extends object> {
  readonly graph: GraphBuilder;
  readonly attrs: A;
  /** An input that the operator must have. */
  input(role: string): Tensor;
  output(role: string): Tensor;
  hasInput(role: string): boolean;
  /** Input roles in order, for operators with any number of inputs. */
  readonly inputRoles: readonly string[];
  /** The gradient with respect to an output; undefined if nothing depends on the output. */
  dOutput(role: string): Tensor | undefined;
  /** Whether an input's gradient is needed; skipping an unneeded gradient saves its kernels. */
  wants(role: string): boolean;
}

/** The context of an operator's recompute rule. */
export interface RecomputeContext<A extends object> {
  readonly graph: GraphBuilder;
  readonly attrs: A;
  input(role: string): Tensor;
  /** Another output, which was kept in memory. */
  output(role: string): Tensor;
  /** Adds a second copy of the node and returns its output. */
  repeat(): Tensor;
}

/** The `recompute` rule of operators whose output depends on their inputs alone. */
export function computeAgain({ repeat }: Pick<RecomputeContext<object>, "repeat">): Tensor {
  return repeat();
}

/** A node as seen by rules about its tensors. */
export interface NodeTensors<A extends object> {
  readonly attrs: A;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/**
 * A tensor and its parts. A part can lie inside the whole, so that nothing is copied (placements.ts).
 * - `flat`: a part is a contiguous run of the whole's elements. Any kernel can bind it by itself.
 * - `rows`: whole and parts are rows of channels, and a part is a range of the channels. Only kernels that take a
 *   stride between rows can work on it (`KernelTraits.rows`).
 */
export interface Parts {
  readonly layout: "flat" | "rows";
  readonly whole: Tensor;
  /** `first`: where the part begins, in elements of the whole (`flat`) or in its channels (`rows`). */
  readonly parts: readonly { readonly tensor: Tensor; readonly first: number }[];
}

/** What may be assumed about an operator's kernels without lowering it. */
export interface KernelTraits {
  /**
   * Inputs and outputs that may be row views, that is, ranges of channels in wider rows: the lowering asks `rows` for
   * their place.
   */
  readonly rows?: readonly string[];
  /** Attributes that only enter the arithmetic: they do not affect which kernels are fastest. */
  readonly factors?: readonly string[];
}

/** A WGSL file and its specialisation. */
export interface KernelUse {
  /** Path without extension, such as `conv2d/forward`. */
  readonly name: string;
  readonly source: string;
  readonly conditions?: Readonly<Record<string, boolean>>;
  readonly constants?: Readonly<Record<string, number | string>>;
  /** Set by lowering: the storage variables whose tensors are f16, sorted. */
  readonly narrow?: readonly string[];
}

/** One dispatch: tensors by the names of the shader's storage variables, uniforms by field name. */
export interface DispatchRequest {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly uniforms?: UniformValues;
  /** A flat count is folded into two dimensions if it exceeds the adapter's limit. */
  readonly workgroups: number | readonly [number, number, number];
}

/**
 * A row view, the place of rows of channels in memory: row r of the tensor begins at `first + r · stride`, in elements.
 */
export interface Rows {
  readonly tensor: Tensor;
  readonly first: number;
  readonly stride: number;
}

/** The context of an operator's lowering. */
export interface Lowering<A extends object> {
  readonly attrs: A;
  readonly device: DeviceFacts;
  input(role: string): Tensor;
  output(role: string): Tensor;
  hasInput(role: string): boolean;
  readonly inputRoles: readonly string[];
  /** The row view of an input or output, for the roles in `KernelTraits.rows`. */
  rows(role: string): Rows;
  /** Whether a part lies inside its whole (`Operator.parts`), so that no copy is needed. */
  isPlaced(part: Tensor, whole: Tensor): boolean;
  /**
   * Picks one of several ways to compute the same result: the first candidate, or the one that was measured to be
   * fastest.
   * @param what names the choice among those of the operator, such as "splits"
   * @param nameOf names a candidate among all of the choice
   */
  choose<T>(what: string, candidates: readonly T[], nameOf?: (candidate: T) => string): T;
  /** Scratch memory that lives for this node only. */
  workspace(name: string, type: TensorType): Tensor;
  /** A constant tensor that the kernels need in addition to the node's inputs. */
  constant(name: string, values: readonly number[], dtype: "f32" | "u32"): Tensor;
  dispatch(kernel: KernelUse, request: DispatchRequest): void;
  /** Copies a whole tensor into another, starting at that one's element `toFirst`, 0 by default. */
  copy(from: Tensor, to: Tensor, toFirst?: number): void;
}

/** An operator. `A` is its attributes after defaults are filled in. */
export interface Operator<A extends object = object> {
  readonly name: string;
  /** Roles of the inputs in order: `b?` may be absent, `x*` stands for x0, x1, … */
  readonly inputs: readonly string[];
  /** Reads and checks the attributes. */
  attributes(read: AttributeReader): A;
  /**
   * The shape rule: types of the outputs by role.
   * @throws WeftError saying what was expected and what was given.
   */
  infer(inputs: TypesByRole, attrs: A): Readonly<Record<string, TensorType>>;
  /** Gradients with respect to the inputs by role, as new graph nodes. Absent if the operator has none. */
  gradient?(context: GradientContext<A>): Readonly<Record<string, Tensor | undefined>>;
  /**
   * Outputs that the kernels update in place: by output role, the input whose value they start from. The plan lets both
   * share memory if nothing else needs the old value, and copies it otherwise.
   */
  readonly inPlace?: Readonly<Record<string, string>>;
  /**
   * Adds the nodes that compute output y a second time. Present if that costs little more than reading y: one pass over
   * memory. Such a node may be recomputed instead of kept, and equal nodes of this kind are merged.
   */
  recompute?(context: RecomputeContext<A>): Tensor;
  /** For an operator that assembles a tensor from parts or splits one; undefined if a node does neither. */
  parts?(node: NodeTensors<A>): Parts | undefined;
  readonly kernels?: KernelTraits;
  lower(lowering: Lowering<A>): void;
  cost(inputs: TypesByRole, outputs: TypesByRole, attrs: A): Cost;
}

/** Types an operator's definition by its attributes. */
export function defineOperator<A extends object>(operator: Operator<A>): Operator<A> {
  return operator;
}

/** The type of an input that must be present; the graph has checked that it is. */
export function typeOf(types: TypesByRole, role: string): TensorType {
  const type = types[role];
  if (!type) throw new Error(`no tensor ${role}`);
  return type;
}

/** Reads no attributes: for operators that have none. */
export function noAttributes(): Record<string, never> {
  return {};
}
