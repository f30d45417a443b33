// Whole networks for the comparison with peers: the work with seeded weights and images, the result that weft itself
// computes, and weft's timer.

import { RandomStream } from "../../src/base/random.ts";
import { elementCount } from "../../src/base/tensors.ts";
import { REFERENCE_HEADS } from "../../src/demo/reference_heads.ts";
import type { GpuDevice } from "../../src/gpu/device.ts";
import { VariableStore } from "../../src/gpu/variables.ts";
import { type HostArray, Plan, type StepValues } from "../../src/graph/plan.ts";
import type { PlanLayout } from "../../src/graph/plan_layout.ts";
import { initialValues } from "../../src/nn/initializers.ts";
import type { WeightSpec } from "../../src/nn/layer_scope.ts";
import { declareVariables } from "../../src/nn/training.ts";
import { CONVERSIONS, type PreprocessMode } from "../../src/ops/image/preprocess.ts";
import { layOutInferenceStep, layOutTrainingStep, networkWeights } from "../../src/training/network.ts";
import { describeNetwork } from "../../src/training/network_layers.ts";
import { type NetworkForm, networkCaseName } from "../cases/network_form.ts";
import type { PeerCase, WeftTimer } from "./pairs.ts";
import type { NetworkWork } from "./tasks.ts";

const HEADS = REFERENCE_HEADS;
const DROPOUT = 0.5;
const ADAM = { learningRate: 1e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-7 };
/** Steps whose losses are compared: the second shows the gradients. Later ones also depend on how Adam is written. */
const STEPS = 2;
const SEED = 1;

/** A network of the eight reference heads as a case. Images and labels are seeded. */
export function networkCase(device: GpuDevice, form: NetworkForm): PeerCase {
  const weights = firstWeights(form);
  const inputs = batchInputs(form);
  return {
    name: networkCaseName(form),
    pass: form.pass,
    work: () => networkWork(device, form, weights, inputs),
    openWeft: () => openStep(device, form, weights, inputs, DROPOUT),
  };
}

/** The expected result is what weft itself computes, which the golden cases prove. */
async function networkWork(
  device: GpuDevice,
  form: NetworkForm,
  weights: ReadonlyMap<string, Float32Array>,
  inputs: BatchInputs,
): Promise<NetworkWork> {
  const { pass, batch } = form;
  const image = preprocessed(inputs.bytes, form.backbone.preprocessing);
  const network = describeNetwork({ ...form, heads: HEADS });
  const shared = { kind: "network", pass, network, weights, image, batch } as const;
  const step = await openStep(device, form, weights, inputs, 0);
  try {
    const values = [await step.run()];
    if (pass === "inference") return { ...shared, expected: sideBySide(values[0], batch) };
    while (values.length < STEPS) values.push(await step.run());
    return { ...shared, training: { ...trainingWork(inputs.labels), losses: values.map(summedLoss) } };
  } finally {
    step.close();
  }
}

function trainingWork(labels: Float32Array) {
  return { labels, heads: HEADS.map(({ classes }) => classes), dropout: DROPOUT, adam: ADAM };
}

function firstWeights(form: NetworkForm): ReadonlyMap<string, Float32Array> {
  const { backbone, heads } = networkWeights({ ...form, heads: HEADS });
  return new Map([...backbone, ...heads].map((spec) => [spec.name, firstValues(spec)]));
}

/** As in a new network, but gamma is 1 everywhere, so that no branch is silent. */
function firstValues(spec: WeightSpec): Float32Array {
  return spec.name.endsWith("/gamma")
    ? new Float32Array(elementCount(spec.shape)).fill(1)
    : initialValues(spec, SEED);
}

/** The backbone's input for RGB from 0 to 255. */
function preprocessed(bytes: Uint8Array, mode: PreprocessMode): Float32Array {
  const { reversed, scale, offset } = CONVERSIONS[mode];
  return Float32Array.from(bytes, (_, i) => {
    const channel = i % 3;
    const from = reversed ? i - channel + (2 - channel) : i;
    return (bytes[from] ?? 0) * (scale[channel] ?? 1) + (offset[channel] ?? 0);
  });
}

type BatchInputs = ReturnType<typeof batchInputs>;

function batchInputs({ size, batch }: NetworkForm) {
  const stream = new RandomStream(SEED, "images");
  const bytes = Uint8Array.from({ length: batch * size * size * 3 }, () => stream.below(256));
  const labels = new Float32Array(batch * HEADS.reduce((sum, { classes }) => sum + classes, 0));
  let at = 0;
  for (let row = 0; row < batch; row++) {
    // Each image answers half of the questions.
    for (const [head, { classes }] of HEADS.entries()) {
      if ((row + head) % 2 === 0) labels[at + stream.below(classes)] = 1;
      at += classes;
    }
  }
  return { bytes, labels, validRows: Uint32Array.of(batch) };
}

const summedLoss = ({ loss }: StepValues) => [...(loss ?? [])].reduce((sum, value) => sum + value, 0);

function sideBySide(values: StepValues | undefined, batch: number): Float32Array {
  const rows = Array.from({ length: batch }, (_, row) =>
    HEADS.flatMap(({ name, classes }) => {
      const head = values?.[`probabilities/${name}`] ?? new Float32Array();
      return [...head.subarray(row * classes, (row + 1) * classes)];
    }),
  );
  return Float32Array.from(rows.flat());
}

interface Step extends WeftTimer {
  run(): Promise<StepValues>;
}

async function openStep(
  device: GpuDevice,
  form: NetworkForm,
  weights: ReadonlyMap<string, Float32Array>,
  batch: BatchInputs,
  dropout: number,
): Promise<Step> {
  const training = { seed: Uint32Array.of(SEED, 0), learningRate: Float32Array.of(ADAM.learningRate) };
  const inputs = { ...batch, ...(form.pass === "train" && training) };
  const variables = new VariableStore(device);
  try {
    const layout = layOut(device, form, dropout, variables);
    for (const [name, values] of weights) variables.write(name, values);
    const plan = await Plan.compile(device, layout, variables);
    return {
      run: () => plan.run(inputs),
      time: (repeats) => timeSteps(plan, inputs, repeats),
      close() {
        plan.destroy();
        variables.destroy();
      },
    };
  } catch (thrown) {
    variables.destroy();
    throw thrown;
  }
}

/** The step's layout; its variables are declared. */
function layOut(device: GpuDevice, form: NetworkForm, dropout: number, variables: VariableStore): PlanLayout {
  const network = { ...form, heads: HEADS };
  if (form.pass === "inference") {
    const inference = layOutInferenceStep(network, form.batch, device.facts);
    for (const spec of inference.weights) variables.declare(spec);
    return inference.layout;
  }
  const { beta1, beta2, epsilon } = ADAM;
  const options = {
    augment: false,
    freezeBackbone: false,
    batchNormMomentum: form.backbone.batchNormMomentum,
  };
  const training = layOutTrainingStep(
    {
      ...network,
      ...options,
      batchSize: form.batch,
      dropout,
      optimizer: { name: "adam", beta1, beta2, epsilon },
    },
    device.facts,
  );
  declareVariables(variables, training);
  return training.layout;
}

/** Two steps in flight, as in training. */
async function timeSteps(plan: Plan, inputs: Readonly<Record<string, HostArray>>, repeats: number) {
  const start = performance.now();
  const inFlight: Promise<StepValues>[] = [];
  for (let i = 0; i < repeats; i++) {
    const { values } = await plan.submit(inputs);
    inFlight.push(values);
    if (inFlight.length > 1) await inFlight.shift();
  }
  await Promise.all(inFlight);
  return performance.now() - start;
}
