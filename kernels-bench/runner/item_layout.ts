// An item laid out but not compiled: which of its shapes have a choice of kernels.

import type { GpuDevice } from "../../src/gpu/device.ts";
import { layOutPlan, type PlanLayout } from "../../src/graph/plan_layout.ts";
import type { BenchItem } from "../measuring/bench_item.ts";
import { passGraph } from "../measuring/pass_graph.ts";
import { layOutNetwork } from "../networks/network.ts";

/** The plan that is timed; undefined for items without one, and for those that need what the adapter lacks. */
export function itemLayout({ subject, requires = [] }: BenchItem, device: GpuDevice): PlanLayout | undefined {
  if (!subject || requires.some((feature) => !device.facts.features.has(feature))) return undefined;
  if ("form" in subject) return layOutNetwork(subject.form, device).layout;
  const { graph, outputs } = passGraph(subject.bench, subject.bench.real, subject.pass);
  return layOutPlan(graph, outputs, device.facts);
}

/** Whether the device's measured table has a shape of an item. */
export function isTuned(item: BenchItem, device: GpuDevice): boolean {
  const choices = itemLayout(item, device)?.choices ?? [];
  return choices.some(({ key }) => device.facts.tuning?.has(key));
}
