// What an operator is: one file under src/ops that says what it computes, its shape rule, its gradient
// as graph nodes, the kernels it lowers to, and its cost.

import type { TensorType } from "../base/tensors.ts";
import type { DeviceFacts } from "../gpu/device.ts";
import type { UniformValues } from "../gpu/shader_linking.ts";
import type { AttributeReader, SidePadding } from "./attributes.ts";
import type { Graph, GraphNode, Tensor } from "./graph.ts";
import type { RowParts } from "./row_views.ts";

/** Tensors by role name, such as `x`, `w`, `y`; an optional one may be absent. */
export type TensorsByRole = Readonly<Record<string, Tensor | undefined>>;
export type TypesByRole = Readonly<Record<string, TensorType | undefined>>;

/** Floating-point operations and bytes that a node moves at the least (each operand once). */
export interface Cost {
  readonly flops: number;
  readonly bytes: number;
}

/** What an operator's gradient rule works with. */
export interface GradientContext<A extends object> {
  readonly graph: Graph;
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
  readonly graph: Graph;
  readonly attrs: A;
  input(role: string): Tensor;
  /** Another output, which was kept. */
  output(role: string): Tensor;
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
  /** Where the rows of an input or output lie, for the roles in `rowInputs` and `rowOutputs`. */
  rows(role: string): Rows;
  /** Whether a tensor is a part of another, so that nothing needs to be copied. */
  isPlaced(tensor: Tensor): boolean;
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
  /** Copies a whole tensor into another of the same size. */
  copy(from: Tensor, to: Tensor): void;
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
  /** The value of attribute `activation` that stands for this operator when another one fuses it. */
  readonly activation?: string;
  /** Whether the operator has an attribute `activation` that applies to its first output. */
  readonly fusesActivation?: boolean;
  /** The parts along the channels that this operator puts together or takes out; undefined where there are none. */
  rowParts?(node: GraphNode & { readonly attrs: A }): RowParts | undefined;
  /** Outputs whose rows the kernels can write into wider ones, and inputs that they can read out of such. */
  readonly rowOutputs?: readonly string[];
  readonly rowInputs?: readonly string[];
  /** Sums that this operator makes of two inputs of one shape: `addend + scale · branch`. */
  residuals?(
    attrs: A,
  ): readonly { readonly addend: string; readonly branch: string; readonly scale: number }[];
  /** Whether such a sum can become this operator's input `addend` and attribute `residualScale`. */
  readonly fusesResidual?: boolean;
  /** Whether this is a plain sum of its inputs, and whether an operator can take the terms of one as its inputs x*. */
  readonly isSum?: boolean;
  readonly fusesSum?: boolean;
  /**
   * Of a batch norm in inference mode: adds what computes its statistics [4, C] alone, whose rows 2 and 3 are a scale and
   * a shift; undefined in training.
   */
  scaleAndShift?(graph: Graph, node: GraphNode & { readonly attrs: A }): Tensor | undefined;
  /** Rewires a node of this operator so that it scales and shifts its output itself. */
  applyScaleAndShift?(graph: Graph, node: GraphNode, statistics: Tensor): void;
  /** Rows and columns of zeros that this operator does nothing but add, where it is such a one. */
  zeroPadding?(attrs: A): SidePadding;
  /** Whether an attribute `padding` can take zeros that the operator before it adds to its input x. */
  readonly fusesZeroPadding?: boolean;
  /** Whether computing it again costs little more than reading its result: one pass over memory. */
  readonly isCheap?: boolean;
  /**
   * Adds what computes output y again from its inputs, where that is less than the whole node: batch norm
   * remembers its statistics.
   */
  recompute?(context: RecomputeContext<A>): Tensor;
  /** Attributes that only enter the arithmetic: they do not decide which kernels are fastest. */
  readonly factors?: readonly string[];
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
