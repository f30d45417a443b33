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

import type { DType, Shape } from "../base/tensors.ts";
import type { GpuDevice } from "../gpu/device.ts";
import type { VariableStore } from "../gpu/variables.ts";
import type { Graph, Tensor } from "../graph/graph.ts";
import type { HostArray, StepValues } from "../graph/plan.ts";
import { initialValues } from "../nn/initializers.ts";
import type { WeightSpec } from "../nn/layer_scope.ts";
import type { Layers } from "../nn/layers.ts";
import type { OptimizerConfig } from "../nn/optimizers.ts";
import { CompiledStep } from "./compiled_step.ts";
import { layOutInference, layOutTrained, RATE_INPUT, SEED_INPUT } from "./step_layout.ts";

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

/**
 * A compiled network with its weights, made by `Model.forTraining` or `Model.forInference`. It holds memory of the device
 * until `destroy`.
 */
export class Model {
  private steps = 0;

  private constructor(
    private readonly compiled: CompiledStep,
    private readonly training?: Required<Omit<TrainingOptions, "optimizer">>,
  ) {}

  /** Weights, and the optimizer's state in training. */
  get variables(): VariableStore {
    return this.compiled.variables;
  }

  /** In the order of the layers. */
  get weights(): readonly WeightSpec[] {
    return this.compiled.weights;
  }

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
    const step = layOutInference(device.facts, (layers) =>
      definition.build(layers, declareInputs(layers.graph, definition)),
    );
    if (source instanceof Model) return new Model(await source.compiled.beside(step.layout));
    const valuesOf = (spec: WeightSpec) => source.get(spec.name) ?? initialValues(spec, 1);
    return new Model(await CompiledStep.compile(device, step, { valuesOf }));
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
    const step = layOutTrained(device.facts, {
      optimizer,
      inputs: (graph) => declareInputs(graph, definition),
      build: definition.build,
    });
    const valuesOf = (spec: WeightSpec) => initialValues(spec, seed);
    return new Model(await CompiledStep.compile(device, step, { valuesOf }), { learningRate, seed });
  }

  /** Runs the network once, and in training updates its weights. @returns the outputs by name. */
  async step(inputs: Readonly<Record<string, HostArray>>, learningRate?: number): Promise<StepValues> {
    if (!this.training) return this.compiled.run(inputs);
    const rate = new Float32Array([learningRate ?? this.training.learningRate]);
    const seed = new Uint32Array([this.training.seed, ++this.steps]);
    return this.compiled.run({ ...inputs, [SEED_INPUT]: seed, [RATE_INPUT]: rate });
  }

  /** The weights by `layer/weight`. */
  readWeights(): Promise<Map<string, Float32Array<ArrayBuffer>>> {
    return this.compiled.readWeights();
  }

  /** Frees the GPU's memory; weights shared with another model stay with that. */
  destroy(): void {
    this.compiled.destroy();
  }
}

function declareInputs(graph: Graph, { inputs }: ModelDefinition): Record<string, Tensor> {
  return Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype = "f32" }]) => [name, graph.input(name, shape, dtype)]),
  );
}
