// What an operator is: one file under src/ops that says what it computes, its shape rule, its gradient
// as graph nodes, the kernels it lowers to, and its cost.

import type { TensorType } from "../base/tensors.ts";
import type { DeviceFacts } from "../gpu/device.ts";
import type { UniformValues } from "../gpu/shader_linking.ts";
import type { AttributeReader, GivenAttributes } from "./attributes.ts";
import type { Tensor } from "./tensor.ts";

/** Tensors by role name, such as `x`, `w`, `y`; an optional one may be absent. */
export type TensorsByRole = Readonly<Record<string, Tensor | undefined>>;
export type TypesByRole = Readonly<Record<string, TensorType | undefined>>;

/** Floating-point operations and bytes that a node moves at the least (each operand once). */
export interface Cost {
  readonly flops: number;
  readonly bytes: number;
}

/** Adds nodes to a graph; what rules that make nodes out of nodes work with. */
export interface GraphBuilder {
  /** Adds a node and returns its outputs by role. @param name for messages, profiles and taps. */
  apply<A extends object>(
    operator: Operator<A>,
    inputs: TensorsByRole,
    attrs?: GivenAttributes<A>,
    name?: string,
  ): Readonly<Record<string, Tensor>>;
  /** Adds a node with a single output and returns that. */
  applyOne<A extends object>(
    operator: Operator<A>,
    inputs: TensorsByRole,
    attrs?: GivenAttributes<A>,
    name?: string,
  ): Tensor;
}

/** What an operator's gradient rule works with. */
export interface GradientContext<A extends object> {
  readonly graph: GraphBuilder;
  readonly attrs: A;
  /** Asks for an input that the operator must have. */
  input(role: string): Tensor;
  output(role: string): Tensor;
  hasInput(role: string): boolean;
  /** Input roles in order, for operators with any number of inputs. */
  readonly inputRoles: readonly string[];
  /** The gradient of an output; undefined where nothing depends on it. */
  dOutput(role: string): Tensor | undefined;
  /** Whether the gradient of an input is needed; skipping one that is not saves its kernels. */
  wants(role: string): boolean;
}

/** What an operator computes its output again from. */
export interface RecomputeContext<A extends object> {
  readonly graph: GraphBuilder;
  readonly attrs: A;
  input(role: string): Tensor;
  /** Another output, which was kept. */
  output(role: string): Tensor;
  /** Adds the whole node once more and returns its output. */
  repeat(): Tensor;
}

/** The `recompute` of operators that compute their output from their inputs alone. */
export function computeAgain({ repeat }: Pick<RecomputeContext<object>, "repeat">): Tensor {
  return repeat();
}

/** A node as rules about its tensors see it. */
export interface NodeTensors<A extends object> {
  readonly attrs: A;
  readonly inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Readonly<Record<string, Tensor>>;
}

/**
 * A tensor and those that are parts of it; a part can lie inside the whole, so that nothing is copied (placements.ts).
 * - `flat`: a part is a run of the whole's elements. Any kernel can bind it by itself, so nobody needs to know.
 * - `rows`: whole and parts are rows of channels, and a part is a range of the channels. Only kernels that take a
 *   stride between rows can work on it (`KernelTraits.rows`).
 */
export interface Parts {
  readonly layout: "flat" | "rows";
  readonly whole: Tensor;
  /** `first`: where the part begins, in elements of the whole or in its channels. */
  readonly parts: readonly { readonly tensor: Tensor; readonly first: number }[];
}

/** What may be assumed about an operator's kernels without lowering it. */
export interface KernelTraits {
  /** Inputs and outputs whose rows of channels may lie in wider ones: the lowering asks `rows` where. */
  readonly rows?: readonly string[];
  /** Attributes that only enter the arithmetic: they do not decide which kernels are fastest. */
  readonly factors?: readonly string[];
}

/** A WGSL file and how it is specialised. */
export interface KernelUse {
  /** Folder and file without ending, such as `conv2d/forward`. */
  readonly name: string;
  readonly source: string;
  readonly conditions?: Readonly<Record<string, boolean>>;
  readonly constants?: Readonly<Record<string, number | string>>;
  /** Set by lowering: the storage variables whose tensors are f16, sorted. */
  readonly narrow?: readonly string[];
}

/** One kernel launch: tensors by the names of the shader's storage variables, uniforms by field name. */
export interface DispatchRequest {
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly uniforms?: UniformValues;
  /** A flat count is folded into two dimensions where it exceeds the adapter's limit. */
  readonly workgroups: number | readonly [number, number, number];
}

/** Rows of channels in memory: row r of the tensor begins at `first + r · stride`, in elements. */
export interface Rows {
  readonly tensor: Tensor;
  readonly first: number;
  readonly stride: number;
}

/** What an operator's lowering works with. */
export interface Lowering<A extends object> {
  readonly attrs: A;
  readonly device: DeviceFacts;
  input(role: string): Tensor;
  output(role: string): Tensor;
  hasInput(role: string): boolean;
  readonly inputRoles: readonly string[];
  /** Where the rows of an input or output lie, for the roles in `KernelTraits.rows`. */
  rows(role: string): Rows;
  /** Whether a part lies inside its whole (`Operator.parts`), so that nothing needs to be copied. */
  isPlaced(part: Tensor, whole: Tensor): boolean;
  /**
   * Picks one of several ways to compute the same: the first candidate, or the one that was measured to be best.
   * @param what names the choice among those of the operator, such as "splits"
   * @param nameOf names a candidate among all of the choice
   */
  choose<T>(what: string, candidates: readonly T[], nameOf?: (candidate: T) => string): T;
  /** Scratch memory that lives for this node only. */
  workspace(name: string, type: TensorType): Tensor;
  /** A tensor of fixed values that the kernels need beside the node's inputs. */
  constant(name: string, values: readonly number[], dtype: "f32" | "u32"): Tensor;
  dispatch(kernel: KernelUse, request: DispatchRequest): void;
  /** Copies a whole tensor into another, from its element `toFirst` on, 0 by default. */
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
   * @throws WeftError saying what was expected and what came.
   */
  infer(inputs: TypesByRole, attrs: A): Readonly<Record<string, TensorType>>;
  /** Gradients of the inputs by role, as new graph nodes. Absent where the operator has none. */
  gradient?(context: GradientContext<A>): Readonly<Record<string, Tensor | undefined>>;
  /**
   * Outputs that the kernels update in place, by output role the input whose value they start from.
   * The plan lets both share memory where nothing else needs the old value, and copies where something does.
   */
  readonly inPlace?: Readonly<Record<string, string>>;
  /**
   * Adds what computes output y once more. Present where that costs little more than reading y: one pass over memory.
   * Such a node may be computed again instead of being kept, and stands for others that do the same.
   */
  recompute?(context: RecomputeContext<A>): Tensor;
  /** Of an operator that puts a tensor together from parts or takes one apart; undefined where a node does not. */
  parts?(node: NodeTensors<A>): Parts | undefined;
  readonly kernels?: KernelTraits;
  lower(lowering: Lowering<A>): void;
  cost(inputs: TypesByRole, outputs: TypesByRole, attrs: A): Cost;
}

/** Types an operator's definition against its attributes. */
export function defineOperator<A extends object>(operator: Operator<A>): Operator<A> {
  return operator;
}

/** The type of an input that must be there; the graph has checked that it is. */
export function typeOf(types: TypesByRole, role: string): TensorType {
  const type = types[role];
  if (!type) throw new Error(`no tensor ${role}`);
  return type;
}

/** Reads no attributes: for operators that have none. */
export function noAttributes(): Record<string, never> {
  return {};
}
