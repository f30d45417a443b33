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
import { AttributeReader, type RawAttributes } from "./attributes.ts";
import type { Operator, TensorsByRole } from "./operator.ts";

/**
 * Where a tensor's value comes from: written by the host before a step (`input`), kept between steps
 * and shared by plans (`variable`), fixed (`constant`), or computed by a node (`value`).
 */
export type TensorKind = "input" | "variable" | "constant" | "value";

export interface Tensor extends TensorType {
  readonly id: number;
  readonly name: string;
  readonly kind: TensorKind;
  /** The node that computes a `value`. */
  node: GraphNode | undefined;
  /** The bytes of a `constant`. */
  readonly data?: Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;
}

export interface GraphNode {
  readonly id: number;
  readonly name: string;
  readonly operator: Operator;
  attrs: object;
  inputs: Readonly<Record<string, Tensor>>;
  readonly outputs: Record<string, Tensor>;
  /** The part of a step that the node belongs to; see `Graph.segment`. */
  readonly segment: string;
  /** The block of the network that the node belongs to; see `Graph.block`. */
  readonly block: string | undefined;
}

/** A new value for a variable, stored when the step has run. */
export interface Assignment {
  readonly variable: Tensor;
  readonly value: Tensor;
}

/** A static graph of one step. */
export class Graph {
  readonly nodes: GraphNode[] = [];
  readonly assignments: Assignment[] = [];
  private readonly named = new Map<string, Tensor>();
  private readonly usedNames = new Map<string, number>();
  private tensorCount = 0;
  private nodeCount = 0;
  /** The segment that new nodes join. A plan can run segments one by one (exchange, then update). */
  segment = "step";
  /** The repeated part of a network (a residual block, a cell) that new nodes join. */
  block: string | undefined;

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
  apply(
    operator: Operator,
    inputs: TensorsByRole,
    attrs: RawAttributes = {},
    name: string = operator.name,
  ): Readonly<Record<string, Tensor>> {
    const present = presentInputs(operator, inputs);
    const reader = new AttributeReader(operator.name, attrs);
    const parsed = operator.attributes(reader);
    reader.finish();
    return this.addNode(operator, present, parsed, name).outputs;
  }

  /** Adds a node that does what another does, with other inputs. */
  repeat(node: GraphNode, inputs: Readonly<Record<string, Tensor>>): GraphNode {
    return this.addNode(node.operator, inputs, node.attrs, node.name);
  }

  private addNode(
    operator: Operator,
    inputs: Readonly<Record<string, Tensor>>,
    attrs: object,
    name: string,
  ): GraphNode {
    const types = operator.infer(inputs, attrs);
    const nodeName = this.uniqueName(name);
    const node: GraphNode = {
      id: this.nodeCount++,
      name: nodeName,
      operator,
      attrs,
      inputs,
      outputs: {},
      segment: this.segment,
      block: this.block,
    };
    const roles = Object.keys(types);
    for (const [role, type] of Object.entries(types)) {
      const tensor = this.tensor(type, roles.length === 1 ? nodeName : `${nodeName}:${role}`, "value");
      tensor.node = node;
      node.outputs[role] = tensor;
    }
    this.nodes.push(node);
    return node;
  }

  /** Adds a node with a single output and returns that. */
  applyOne(operator: Operator, inputs: TensorsByRole, attrs: RawAttributes = {}, name?: string): Tensor {
    const [output, ...rest] = Object.values(this.apply(operator, inputs, attrs, name));
    if (!output || rest.length > 0) throw new Error(`${operator.name} does not have exactly one output`);
    return output;
  }

  /** Stores `value` in `variable` at the end of the step (in place where the operator allows it). */
  assign(variable: Tensor, value: Tensor): void {
    if (variable.kind !== "variable") throw new Error(`assign: ${variable.name} is no variable`);
    if (!sameShape(variable.shape, value.shape)) {
      throw new WeftError(
        `assign: ${variable.name} is ${shapeText(variable.shape)}, its new value ${shapeText(value.shape)}`,
      );
    }
    this.assignments.push({ variable, value });
  }

  /** How many nodes read each tensor. */
  consumerCounts(): Map<Tensor, number> {
    const counts = new Map<Tensor, number>();
    for (const node of this.nodes) {
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
    return { id: this.tensorCount++, shape, dtype, name, kind, node: undefined, ...(data && { data }) };
  }

  private uniqueName(name: string): string {
    const count = this.usedNames.get(name) ?? 0;
    this.usedNames.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  }
}

/** Checks the roles of an operator's inputs and drops the absent optional ones. */
function presentInputs(operator: Operator, inputs: TensorsByRole): Record<string, Tensor> {
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
