// The graph: tensors and the nodes that make them, in the order in which they were added, which is
// also the order in which they run. Shapes are checked as nodes are added.

import { WeftError } from "../base/errors.ts";
import {
  type DType,
  elementCount,
  type Shape,
  sameShape,
  shapeText,
  type TensorType,
} from "../base/tensors.ts";
import { AttributeReader, type GivenAttributes } from "./attributes.ts";
import type { GraphNode, Segment } from "./node.ts";
import type { GraphBuilder, Operator, TensorsByRole } from "./operator.ts";
import type { Tensor, TensorKind } from "./tensor.ts";

export type { GraphNode } from "./node.ts";
export type { Tensor } from "./tensor.ts";

/** A new value for a variable, stored when the step has run. */
export interface Assignment {
  readonly variable: Tensor;
  readonly value: Tensor;
}

/** The static graph of one step: built once, node by node, and checked on the way. `layOutPlan` lays it out. */
export class Graph implements GraphBuilder {
  private readonly list: GraphNode[] = [];
  private readonly makers = new Map<Tensor, GraphNode>();
  readonly assignments: Assignment[] = [];
  private readonly named = new Map<string, Tensor>();
  private readonly out = new Map<string, Tensor>();
  private readonly usedNames = new Map<string, number>();
  private tensorCount = 0;
  private nodeCount = 0;
  private currentSegment: Segment = "forwardBackward";
  private currentBlock: string | undefined;

  /** In the order in which they run. */
  get nodes(): readonly GraphNode[] {
    return this.list;
  }

  /** The node that computes a tensor; undefined for inputs, variables and constants. */
  makerOf(tensor: Tensor): GraphNode | undefined {
    return this.makers.get(tensor);
  }

  /** The block that new nodes join. */
  get block(): string | undefined {
    return this.currentBlock;
  }

  /** Adds nodes to a segment of the step; segments must be added in order. */
  inSegment<T>(segment: Segment, build: () => T): T {
    const outer = this.currentSegment;
    this.currentSegment = segment;
    try {
      return build();
    } finally {
      this.currentSegment = outer;
    }
  }

  /** Adds nodes to a repeated part of a network (a residual block, a cell), or to none if the block is undefined. */
  inBlock<T>(block: string | undefined, build: () => T): T {
    const outer = this.currentBlock;
    this.currentBlock = block;
    try {
      return build();
    } finally {
      this.currentBlock = outer;
    }
  }

  /** A tensor that the host writes before a step. */
  input(name: string, shape: Shape, dtype: DType = "f32"): Tensor {
    return this.declare(name, { shape, dtype }, "input");
  }

  /** A tensor that lives between steps, such as a weight. The same name twice is the same variable. */
  variable(name: string, shape: Shape, dtype: DType = "f32"): Tensor {
    const known = this.named.get(name);
    if (known?.kind === "variable" && sameShape(known.shape, shape)) return known;
    return this.declare(name, { shape, dtype }, "variable");
  }

  /** A tensor with a fixed value. */
  constant(name: string, shape: Shape, values: readonly number[], dtype: "f32" | "u32" = "f32"): Tensor {
    if (values.length !== elementCount(shape)) {
      throw new WeftError(`constant ${name}: ${shapeText(shape)} does not hold ${values.length} values`);
    }
    const data = dtype === "f32" ? new Float32Array(values) : new Uint32Array(values);
    return this.tensor({ shape, dtype }, this.uniqueName(name), "constant", data);
  }

  /** All inputs and variables by name. */
  get declared(): ReadonlyMap<string, Tensor> {
    return this.named;
  }

  /**
   * Adds a node and returns its outputs by role.
   * @param name for messages, profiles and taps; unnamed nodes are named after their operator.
   * @throws WeftError when inputs or attributes do not suit the operator.
   */
  apply<A extends object>(
    operator: Operator<A>,
    inputs: TensorsByRole,
    attrs: GivenAttributes<NoInfer<A>> = {},
    name: string = operator.name,
  ): Readonly<Record<string, Tensor>> {
    return this.add(operator, inputs, attrs, name).outputs;
  }

  /** As `apply`, but returns the node. */
  add<A extends object>(
    operator: Operator<A>,
    inputs: TensorsByRole,
    attrs: GivenAttributes<NoInfer<A>> = {},
    name: string = operator.name,
  ): GraphNode<A> {
    const present = presentInputs(operator, inputs);
    const reader = new AttributeReader(operator.name, { ...attrs });
    const parsed = operator.attributes(reader);
    reader.finish();
    return this.addNode(operator, present, parsed, name);
  }

  /** Adds a node that does what another does, with other inputs. */
  repeat(node: GraphNode, inputs: Readonly<Record<string, Tensor>>): GraphNode {
    return this.addNode(node.operator, inputs, node.attrs, node.name);
  }

  private addNode<A extends object>(
    operator: Operator<A>,
    inputs: Readonly<Record<string, Tensor>>,
    attrs: A,
    name: string,
  ): GraphNode<A> {
    const types = operator.infer(inputs, attrs);
    const nodeName = this.uniqueName(name);
    const roles = Object.keys(types);
    const outputs = Object.entries(types).map(([role, type]): [string, Tensor] => {
      return [role, this.tensor(type, roles.length === 1 ? nodeName : `${nodeName}:${role}`, "value")];
    });
    const node: GraphNode<A> = {
      id: this.nodeCount++,
      name: nodeName,
      operator,
      attrs,
      inputs,
      outputs: Object.fromEntries(outputs),
      segment: this.currentSegment,
      block: this.currentBlock,
    };
    for (const [, tensor] of outputs) this.makers.set(tensor, node);
    this.list.push(node);
    return node;
  }

  /** Adds a node with a single output and returns that output. */
  applyOne<A extends object>(
    operator: Operator<A>,
    inputs: TensorsByRole,
    attrs: GivenAttributes<NoInfer<A>> = {},
    name?: string,
  ): Tensor {
    const [output, ...rest] = Object.values(this.apply(operator, inputs, attrs, name));
    if (!output || rest.length > 0) throw new Error(`${operator.name} does not have exactly one output`);
    return output;
  }

  /** Stores `value` in `variable` at the end of the step (in place if the operator allows it). */
  assign(variable: Tensor, value: Tensor): void {
    if (variable.kind !== "variable") throw new Error(`assign: ${variable.name} is no variable`);
    if (!sameShape(variable.shape, value.shape)) {
      throw new WeftError(
        `assign: ${variable.name} is ${shapeText(variable.shape)}, its new value ${shapeText(value.shape)}`,
      );
    }
    this.assignments.push({ variable, value });
  }

  /**
   * Gives the host access to a tensor under a name: between segments it can be read and replaced (`Plan.readHandedOut`,
   * `Plan.replaceHandedOut`).
   */
  handOut(name: string, tensor: Tensor): void {
    if (this.out.has(name)) throw new Error(`the graph hands out two tensors called ${name}`);
    if (this.makerOf(tensor)?.segment === "update") {
      throw new Error(`${name} cannot be handed out: the update, which makes it, is the last segment`);
    }
    this.out.set(name, tensor);
  }

  /** What the host may read and replace between segments, by name. */
  get handedOut(): ReadonlyMap<string, Tensor> {
    return this.out;
  }

  /** Adds nodes that run before another node, by default before all others. */
  addBefore<T>(node: GraphNode | undefined, build: () => T): T {
    const count = this.list.length;
    const result = build();
    const added = this.list.splice(count);
    const at = node ? this.list.indexOf(node) : 0;
    if (at < 0) throw new Error(`the graph has no node ${node?.name}`);
    this.list.splice(at, 0, ...added);
    return result;
  }

  /** Removes nodes whose outputs are no longer read. */
  remove(nodes: ReadonlySet<GraphNode>): void {
    const rest = this.list.filter((node) => !nodes.has(node));
    this.list.splice(0, this.list.length, ...rest);
  }

  /**
   * Makes output y of a node that was fused into `node` the output `role` of `node`. The tensor itself stays the same,
   * so everything that refers to it now reads the fused node.
   */
  handOver(fused: GraphNode, node: GraphNode, role = "y"): void {
    const { y } = fused.outputs;
    if (!y || !node.outputs[role]) throw new Error(`${fused.name} or ${node.name} lacks an output`);
    (node.outputs as Record<string, Tensor>)[role] = y;
    this.makers.set(y, node);
  }

  /** How many nodes read each tensor. */
  consumerCounts(): Map<Tensor, number> {
    const counts = new Map<Tensor, number>();
    for (const node of this.list) {
      for (const tensor of Object.values(node.inputs)) counts.set(tensor, (counts.get(tensor) ?? 0) + 1);
    }
    return counts;
  }

  private declare(name: string, type: TensorType, kind: TensorKind): Tensor {
    if (this.named.has(name)) throw new WeftError(`the graph has two inputs or variables called ${name}`);
    const tensor = this.tensor(type, name, kind);
    this.named.set(name, tensor);
    return tensor;
  }

  private tensor(type: TensorType, name: string, kind: TensorKind, data?: Tensor["data"]): Tensor {
    const { shape, dtype } = type;
    if (!shape.every((size) => Number.isInteger(size) && size >= 0)) {
      throw new WeftError(`${name}: ${shapeText(shape)} is not a shape; sizes are whole numbers`);
    }
    return { id: this.tensorCount++, shape, dtype, name, kind, ...(data && { data }) };
  }

  private uniqueName(name: string): string {
    const count = this.usedNames.get(name) ?? 0;
    this.usedNames.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  }
}

/** Checks the roles of an operator's inputs and drops the absent optional ones. */
function presentInputs(
  operator: Pick<Operator, "name" | "inputs">,
  inputs: TensorsByRole,
): Record<string, Tensor> {
  const present: Record<string, Tensor> = {};
  for (const [role, tensor] of Object.entries(inputs)) {
    if (tensor === undefined) continue;
    if (!operator.inputs.some((declared) => roleMatches(declared, role))) {
      throw new WeftError(`${operator.name} has no input ${role}; it has ${operator.inputs.join(", ")}`);
    }
    present[role] = tensor;
  }
  for (const declared of operator.inputs) {
    if (declared.endsWith("?")) continue;
    const role = declared.endsWith("*") ? `${declared.slice(0, -1)}0` : declared;
    if (!present[role]) throw new WeftError(`${operator.name} needs an input ${role}`);
  }
  return present;
}

function roleMatches(declared: string, role: string): boolean {
  if (declared.endsWith("*")) {
    const stem = declared.slice(0, -1);
    return role.startsWith(stem) && /^\d+$/.test(role.slice(stem.length));
  }
  return declared === role || declared === `${role}?`;
}
