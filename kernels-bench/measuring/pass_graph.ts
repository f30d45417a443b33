// The graph of one pass of a case: the operator alone, or its gradient alone. Everything that it reads is an input or,
// if it lives between steps, a variable.

import { WeftError } from "../../src/base/errors.ts";
import type { VariableSpec } from "../../src/gpu/variables.ts";
import { Graph, type GraphNode, type Tensor } from "../../src/graph/graph.ts";
import type { GradientContext } from "../../src/graph/operator.ts";
import { OPERATORS } from "../../src/ops/operators.ts";
import { caseName, type OperatorCase, type OperatorForm, type Pass } from "../cases/bench_case.ts";

export interface PassGraph {
  readonly graph: Graph;
  /** Outputs by role, or gradients by `d` and role. */
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly variables: readonly VariableSpec[];
  /** Outputs of the forward pass that the gradient reads; they are inputs here. */
  readonly forwardRoles: readonly string[];
}

/** Builds the graph of a pass. @throws WeftError for an unknown operator or a form that does not suit it. */
export function passGraph(bench: OperatorCase, form: OperatorForm, pass: Pass): PassGraph {
  return pass === "forward" ? forwardGraph(bench, form) : gradientGraph(bench, form, pass);
}

function forwardGraph({ op, updates = {} }: OperatorCase, { attrs, inputs }: OperatorForm): PassGraph {
  const operator = OPERATORS.get(op);
  if (!operator) throw new WeftError(`unknown operator ${op}`);
  const graph = new Graph();
  const variables: VariableSpec[] = [];
  const given: Record<string, Tensor> = {};
  for (const [role, { shape, dtype = "f32" }] of Object.entries(inputs)) {
    given[role] = role in updates ? graph.variable(role, shape, dtype) : graph.input(role, shape, dtype);
    if (role in updates) variables.push({ name: role, shape, dtype });
  }
  const outputs = graph.apply(operator, given, attrs);
  for (const [role, output] of Object.entries(updates)) {
    const [variable, value] = [given[role], outputs[output]];
    if (variable && value) graph.assign(variable, value);
  }
  return { graph, outputs, variables, forwardRoles: [] };
}

/** The nodes of the gradient rule, without the forward node. */
function gradientGraph(bench: OperatorCase, form: OperatorForm, pass: Pass): PassGraph {
  const { graph: forward } = forwardGraph(bench, form);
  const [node] = forward.nodes;
  const rule = node?.operator.gradient;
  if (!node || !rule) throw new WeftError(`${caseName(bench)}: ${bench.op} has no gradient`);
  const graph = new Graph();
  const forwardRoles = new Set<string>();
  const wanted = bench.passes[pass] ?? [];
  const results = rule(gradientContext(graph, node, bench, wanted, forwardRoles));
  const outputs: Record<string, Tensor> = {};
  for (const role of wanted) {
    const gradient = results[role];
    if (!gradient)
      throw new WeftError(`${caseName(bench)}: ${bench.op} has no gradient with respect to ${role}`);
    outputs[`d${role}`] = gradient;
  }
  return { graph, outputs, variables: [], forwardRoles: [...forwardRoles] };
}

function gradientContext(
  graph: Graph,
  { inputs, outputs, attrs }: GraphNode,
  { upstream = ["y"] }: OperatorCase,
  wanted: readonly string[],
  forwardRoles: Set<string>,
): GradientContext<object> {
  const declared = new Map<string, Tensor>();
  const input = (name: string, of: Tensor | undefined): Tensor => {
    if (!of) throw new Error(`no tensor ${name}`);
    const tensor = declared.get(name) ?? graph.input(name, of.shape, of.dtype);
    declared.set(name, tensor);
    return tensor;
  };
  return {
    graph,
    attrs,
    input: (role) => input(role, inputs[role]),
    output: (role) => {
      forwardRoles.add(role);
      return input(role, outputs[role]);
    },
    hasInput: (role) => inputs[role] !== undefined,
    inputRoles: Object.keys(inputs),
    dOutput: (role) => (upstream.includes(role) ? input(`d${role}`, outputs[role]) : undefined),
    wants: (role) => wanted.includes(role),
  };
}
