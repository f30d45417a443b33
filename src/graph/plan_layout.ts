// The layout of a plan: the graph is lowered for a device and its memory is planned, before anything is allocated.

import { byteSize } from "../base/tensors.ts";
import { BINDING_ALIGNMENT_BYTES } from "../gpu/constants.ts";
import type { DeviceFacts } from "../gpu/device.ts";
import { specialisationKey } from "../gpu/pipelines.ts";
import type { NodeChoices } from "./choices.ts";
import type { Graph, Tensor } from "./graph.ts";
import { liveNodes } from "./live_nodes.ts";
import { lowerNodes } from "./lowering.ts";
import { type MemoryLayout, planMemory } from "./memory.ts";
import { findPlacements } from "./placements.ts";

/** A graph laid out for a device, before anything is allocated. */
export interface PlanLayout {
  readonly graph: Graph;
  readonly outputs: Readonly<Record<string, Tensor>>;
  readonly inputs: readonly Tensor[];
  readonly constants: readonly Tensor[];
  /** The tensors that the host may read and replace between segments, by name. */
  readonly handedOut: ReadonlyMap<string, Tensor>;
  readonly memory: MemoryLayout;
  /** The nodes whose kernels could be chosen. */
  readonly choices: readonly NodeChoices[];
  readonly statistics: PlanStatistics;
}

/** The resources that a plan will need. The bytes are exactly those that compiling it allocates. */
export interface PlanStatistics {
  readonly flops: number;
  readonly dispatches: number;
  readonly pipelines: number;
  /** Activations, gradients and workspace: the memory that liveness planning shares. */
  readonly valueBytes: number;
  /** The largest workspace of a single node, part of `valueBytes`. */
  readonly workspaceBytes: number;
  readonly inputBytes: number;
  readonly constantBytes: number;
  readonly uniformBytes: number;
  readonly stagingBytes: number;
  /** The sum of the buffers above. Variables, which plans share, are not included (`variableBytes`). */
  readonly planBytes: number;
}

/** How many steps may be in flight: the host learns of a step two steps late. */
export const STEPS_IN_FLIGHT = 2;

/**
 * Lays a graph out: lowering and memory planning, without any GPU call.
 * @param outputs the tensors that a step returns, by the names under which it returns them
 * @param facts of the device that will run the plan (`GpuDevice.facts`)
 * @throws WeftError if a tensor exceeds the device's binding limit, naming the node and the tensor
 */
export function layOutPlan(
  graph: Graph,
  outputs: Readonly<Record<string, Tensor>>,
  facts: DeviceFacts,
): PlanLayout {
  const wanted = new Set(Object.values(outputs));
  const nodes = liveNodes(graph, wanted);
  const placements = findPlacements(nodes, wanted);
  const lowered = lowerNodes(nodes, facts, placements);
  const memory = planMemory(graph, lowered, placements, wanted, facts.maxBufferBytes);
  const used = new Set<Tensor>(wanted);
  for (const command of memory.commands) {
    const tensors = command.kind === "dispatch" ? Object.values(command.tensors) : [command.from, command.to];
    for (const tensor of tensors) used.add(tensor);
  }
  const ofKind = (kind: string) => [...used].filter((tensor) => tensor.kind === kind);
  const inputs = [...graph.declared.values()].filter((tensor) => tensor.kind === "input");
  const constants = ofKind("constant");
  const handedOut = new Map([...graph.handedOut].filter(([, tensor]) => memory.places.has(tensor)));
  const dispatches = memory.commands.filter((command) => command.kind === "dispatch");
  const flops = nodes.reduce((sum, { operator, ...node }) => {
    return sum + operator.cost(node.inputs, node.outputs, node.attrs).flops;
  }, 0);
  const bytes = {
    valueBytes: memory.slotBytes.reduce((sum, size) => sum + size, 0),
    inputBytes: totalBytes(inputs),
    constantBytes: totalBytes(constants),
    uniformBytes: Math.max(1, dispatches.length) * BINDING_ALIGNMENT_BYTES,
    stagingBytes:
      STEPS_IN_FLIGHT *
      Math.max(
        4,
        Object.values(outputs).reduce((sum, tensor) => sum + byteSize(tensor), 0),
      ),
  };
  const statistics: PlanStatistics = {
    flops,
    dispatches: dispatches.length,
    pipelines: new Set(dispatches.map(({ kernel }) => specialisationKey(kernel))).size,
    workspaceBytes: memory.workspaceBytes,
    ...bytes,
    planBytes: Object.values(bytes).reduce((sum, size) => sum + size, 0),
  };
  const choices = lowered.flatMap((node) => node.choices ?? []);
  return { graph, outputs, inputs, constants, handedOut, memory, choices, statistics };
}

/** Bytes of the tensors that have a buffer each. */
function totalBytes(tensors: readonly Tensor[]): number {
  return tensors.reduce((sum, tensor) => sum + bufferBytes(tensor), 0);
}

/** A buffer holds at least one vec4, so that kernels may bind it as such. */
export function bufferBytes(tensor: Tensor): number {
  return Math.max(16, byteSize(tensor));
}
