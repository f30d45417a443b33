// One node of a network by itself, with chosen kernels: compiled, fed with random values, run and timed.

import { roundedToHalf } from "../base/half_floats.ts";
import { RandomStream } from "../base/random.ts";
import { elementCount } from "../base/tensors.ts";
import { CommandTimer } from "../gpu/command_timer.ts";
import { type Choices, type DeviceFacts, type GpuDevice, megabytes } from "../gpu/device.ts";
import { VariableStore } from "../gpu/variables.ts";
import { type Choice, choiceKey } from "../graph/choices.ts";
import { Graph, type GraphNode, type Tensor } from "../graph/graph.ts";
import { type HostArray, Plan, type StepValues } from "../graph/plan.ts";
import { layOutPlan, type PlanLayout } from "../graph/plan_layout.ts";

/** A node whose operands are all inputs, in a graph of its own. */
export interface LoneNode {
  readonly graph: Graph;
  readonly node: GraphNode;
  readonly key: string;
}

/** Takes a node out of its network: the same operator, attributes and shapes. */
export function isolate(node: GraphNode, facts: DeviceFacts): LoneNode {
  const graph = new Graph();
  const inputs = Object.entries(node.inputs).map(([role, { shape, dtype }]): [string, Tensor] => {
    return [role, graph.input(role, shape, dtype)];
  });
  const alone = graph.repeat(node, Object.fromEntries(inputs));
  return { graph, node: alone, key: choiceKey(alone, facts) };
}

/** A lone node laid out with chosen kernels; other choices are left to the operator. */
export function layOutTrial(
  { graph, node, key }: LoneNode,
  facts: DeviceFacts,
  choices: Choices,
): PlanLayout {
  return layOutPlan(graph, node.outputs, { ...facts, tuning: new Map([[key, choices]]) });
}

/** The choices that the layout of a lone node had. */
export function choicesOf(layout: PlanLayout): readonly Choice[] {
  return layout.choices.flatMap(({ choices }) => choices);
}

/** How many values are drawn; longer inputs repeat them. A prime, so that rows differ. */
const DRAWN = 65521;

/** Random values for a node's inputs by role: in [-1, 1), exact in f16 if the input is f16; `validRows` is all rows. */
export function drawInputs({ operator, inputs }: GraphNode): Record<string, HostArray> {
  const drawn = Object.entries(inputs).map(([role, tensor]): [string, HostArray] => {
    const count = elementCount(tensor.shape);
    if (role === "validRows") return [role, new Uint32Array([inputs.x?.shape[0] ?? 1])];
    const { dtype } = tensor;
    if (dtype !== "f32" && dtype !== "f16")
      throw new Error(`${operator.name}: no values for ${role}, ${dtype}`);
    const held = dtype === "f16" ? roundedToHalf : Math.fround;
    const stream = new RandomStream(3, `${operator.name}/${role}`);
    const block = Float32Array.from({ length: Math.min(count, DRAWN) }, () => held(stream.between(-1, 1)));
    const values = new Float32Array(count);
    for (let at = 0; at < count; at += DRAWN) values.set(block.subarray(0, count - at), at);
    return [role, values];
  });
  return Object.fromEntries(drawn);
}

export class NodeTrial {
  private constructor(
    private readonly device: GpuDevice,
    private readonly plan: Plan,
    private readonly timer: CommandTimer,
  ) {}

  /**
   * Compiles a laid-out trial and writes its inputs. Its outputs are NaN until it runs.
   * @param maxBytes its memory limit
   * @throws Error if it needs more, a kernel does not compile, or memory runs out; nothing stays allocated.
   */
  static async compile(
    device: GpuDevice,
    layout: PlanLayout,
    inputs: Readonly<Record<string, HostArray>>,
    { maxBytes, now }: { readonly maxBytes: number; readonly now: () => number },
  ): Promise<NodeTrial> {
    const { planBytes } = layout.statistics;
    if (planBytes > maxBytes) {
      throw new Error(`takes ${megabytes(planBytes)}, more than the ${megabytes(maxBytes)} for tuning`);
    }
    const plan = await Plan.compile(device, layout, new VariableStore(device));
    try {
      await device.checked("a trial", () => {
        plan.poison();
        for (const [role, values] of Object.entries(inputs)) plan.write(role, values);
      });
      return new NodeTrial(device, plan, new CommandTimer(device, plan.commands, now));
    } catch (thrown) {
      plan.destroy();
      throw thrown;
    }
  }

  /** Runs once and reads the outputs by role. @throws Error for a validation error. */
  async run(): Promise<StepValues> {
    await this.timer.seconds(1); // with its errors caught
    return this.plan.run();
  }

  /** Seconds of one repetition, measured over n repetitions. */
  seconds(repetitions: number): Promise<number> {
    return this.timer.seconds(repetitions);
  }

  /** @throws WeftError if the device was lost meanwhile. */
  destroy(): void {
    this.timer.destroy();
    this.plan.destroy();
    this.device.throwIfLost();
  }
}
