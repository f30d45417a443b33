// The library's short way: a function that adds layers to a graph, compiled for training or inference.
//
//   const model = await Model.forTraining(device, {
//     inputs: { x: { shape: [64, 2] }, labels: { shape: [64, 3] } },
//     build: (layers, { x, labels }) => {
//       const logits = layers.dense(layers.reLU(layers.dense(x, { units: 32 })), { units: 3 });
//       return multiTaskLoss(layers.graph, logits, labels, [{ name: "class", classes: 3 }]);
//     },
//   });
//   const { loss } = await model.step({ x, labels });

import { WeftError } from "../base/errors.ts";
import type { DType, Shape } from "../base/tensors.ts";
import type { GpuDevice } from "../gpu/device.ts";
import { VariableStore } from "../gpu/variables.ts";
import { Graph, type Tensor } from "../graph/graph.ts";
import { type HostArray, Plan, type StepValues } from "../graph/plan.ts";
import { layOutPlan } from "../graph/plan_layout.ts";
import { initialValues } from "../nn/initializers.ts";
import type { WeightSpec } from "../nn/layer_scope.ts";
import { Layers } from "../nn/layers.ts";
import type { OptimizerConfig } from "../nn/optimizers.ts";
import { addTraining, declareVariables } from "../nn/training.ts";
import { fuse, fuseForInference } from "../passes/passes.ts";

/** A network: its inputs, and the function that adds it to a graph and names its outputs. */
export interface ModelDefinition<Input extends string = string> {
  readonly inputs: Readonly<Record<Input, { readonly shape: Shape; readonly dtype?: DType }>>;
  /** `layers.graph` is the graph; for training one of the outputs must be called `loss`. */
  readonly build: (
    layers: Layers,
    inputs: Readonly<Record<Input, Tensor>>,
  ) => Readonly<Record<string, Tensor>>;
}

/** How a model is trained. */
export interface TrainingOptions {
  /** Adam by default. */
  readonly optimizer?: OptimizerConfig;
  /** 1e-3 by default; `step` may give another. */
  readonly learningRate?: number;
  /** Of first weights and dropout; 1 by default. */
  readonly seed?: number;
}

const DEFAULT_LEARNING_RATE = 1e-3;
/** Inputs that a training has beside those of its definition. */
const SEED_INPUT = "seed";
const RATE_INPUT = "learningRate";

/**
 * A compiled network with its weights, made by `Model.forTraining` or `Model.forInference`. It holds memory of the device
 * until `destroy`.
 */
export class Model {
  private steps = 0;

  private constructor(
    private readonly plan: Plan,
    /** Weights, and the optimizer's state in training. */
    readonly variables: VariableStore,
    /** In the order of the layers. */
    readonly weights: readonly WeightSpec[],
    private readonly training: Required<Omit<TrainingOptions, "optimizer">> | undefined,
    private readonly ownsVariables: boolean,
  ) {}

  /**
   * Compiles a network for inference.
   * @param source the weights: those of another model of the same layers, which both then share, or values
   *   by `layer/weight`. Without it they are drawn by seed 1.
   */
  static async forInference(
    device: GpuDevice,
    definition: ModelDefinition,
    source: Model | ReadonlyMap<string, Float32Array> = new Map(),
  ): Promise<Model> {
    const graph = new Graph();
    const layers = new Layers(graph, { training: false });
    const outputs = definition.build(layers, declareInputs(graph, definition));
    fuseForInference(graph, Object.values(outputs));
    const layout = layOutPlan(graph, outputs, device.facts);
    if (source instanceof Model) {
      const plan = await Plan.compile(device, layout, source.variables);
      return new Model(plan, source.variables, layers.weights, undefined, false);
    }
    return VariableStore.with(device, async (variables) => {
      for (const spec of layers.weights) {
        variables.declare(spec);
        variables.write(spec.name, source.get(spec.name) ?? initialValues(spec, 1));
      }
      const plan = await Plan.compile(device, layout, variables);
      return new Model(plan, variables, layers.weights, undefined, true);
    });
  }

  /**
   * Compiles a network for training: its output `loss`, gradients, and an optimizer's update of all
   * trainable weights.
   * @throws WeftError where there is no output called `loss`.
   */
  static async forTraining(
    device: GpuDevice,
    definition: ModelDefinition,
    options: TrainingOptions = {},
  ): Promise<Model> {
    const { optimizer = { name: "adam" }, learningRate = DEFAULT_LEARNING_RATE, seed = 1 } = options;
    const graph = new Graph();
    const dropoutSeed = graph.input(SEED_INPUT, [2], "u32");
    const rate = graph.input(RATE_INPUT, [1]);
    const layers = new Layers(graph, { training: true, dropoutSeed });
    const outputs = definition.build(layers, declareInputs(graph, definition));
    const { loss } = outputs;
    if (!loss)
      throw new WeftError(`training needs an output "loss"; there is ${Object.keys(outputs).join(", ")}`);
    fuse(graph, Object.values(outputs));
    const { maxBindingBytes } = device.facts;
    const trained = addTraining(graph, layers, loss, optimizer, rate, maxBindingBytes);
    return VariableStore.with(device, async (variables) => {
      declareVariables(variables, trained);
      for (const spec of layers.weights) variables.write(spec.name, initialValues(spec, seed));
      const plan = await Plan.compile(device, layOutPlan(graph, outputs, device.facts), variables);
      return new Model(plan, variables, layers.weights, { learningRate, seed }, true);
    });
  }

  /** Runs the network once, and in training updates its weights. @returns the outputs by name. */
  async step(inputs: Readonly<Record<string, HostArray>>, learningRate?: number): Promise<StepValues> {
    if (!this.training) return this.plan.run(inputs);
    const rate = new Float32Array([learningRate ?? this.training.learningRate]);
    const seed = new Uint32Array([this.training.seed, ++this.steps]);
    return this.plan.run({ ...inputs, [SEED_INPUT]: seed, [RATE_INPUT]: rate });
  }

  /** The weights by `layer/weight`. */
  readWeights(): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    return this.variables.read(this.weights.map(({ name }) => name));
  }

  /** Frees the GPU's memory; weights shared with another model stay with that. */
  destroy(): void {
    this.plan.destroy();
    if (this.ownsVariables) this.variables.destroy();
  }
}

function declareInputs(graph: Graph, { inputs }: ModelDefinition): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype = "f32" }]) => [name, graph.input(name, shape, dtype)]),
  );
}
