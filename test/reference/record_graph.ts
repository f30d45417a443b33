// The graph of one sample of a record: the operator, and its gradients where it has any.

import { differentiate } from "../../src/graph/differentiate.ts";
import { Graph, type Tensor } from "../../src/graph/graph.ts";
import { sumOf } from "../../src/ops/elementwise/sum.ts";
import { OPERATORS } from "../../src/ops/operators.ts";
import { type OperatorRecord, type Sample, upstreamGradients } from "./reference.ts";

/** @returns the graph, and by name the operator's outputs and the gradients of its inputs. */
export function recordGraph(
  record: OperatorRecord,
  sample: Sample,
): { graph: Graph; wanted: Record<string, Tensor> } {
  const operator = OPERATORS.get(record.op);
  if (!operator) throw new Error(`no operator ${record.op}`);
  const graph = new Graph();
  const inputs: Record<string, Tensor> = {};
  for (const [role, { shape }] of Object.entries(sample.inputs)) {
    inputs[role] = graph.input(role, shape, role === "validRows" ? "u32" : "f32");
  }
  const outputs = graph.apply(operator, inputs, sample.attrs);
  const wanted: Record<string, Tensor> = { ...outputs };
  if (record.gradient) {
    const seeds = Object.entries(upstreamGradients(record, sample)).flatMap(([name, { shape }]) => {
      const tensor = outputs[name.slice(1)];
      return tensor ? [{ tensor, gradient: graph.input(name, shape) }] : [];
    });
    const targets = record.differentiable.flatMap((role) => (inputs[role] ? [inputs[role]] : []));
    for (const [target, gradient] of differentiate(graph, seeds, targets, sumOf))
      wanted[`d${target.name}`] = gradient;
  }
  return { graph, wanted };
}
