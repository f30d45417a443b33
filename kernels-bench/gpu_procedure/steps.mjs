// The steps of the procedure in order; each is a command that ends within minutes. A step's `program` is weft, golden,
// bench or python, `args` its arguments; `rows` says that its stdout is one JSON line per row. `tuningFile` is a table
// that weft imports before the step, if there is one.

import { readFileSync } from "node:fs";
import { join } from "node:path";

const SHAPES = join(import.meta.dirname, "..", "cases", "shapes.json");
const PYTORCH = join("kernels-bench", "gpu_procedure", "pytorch_ceilings.py");

/** The convolutions that are timed: those with the most arithmetic per image. */
const LARGEST = 20;

/** The sizes of a run, and smaller sizes of the same steps. */
const REAL = {
  networks: [
    ["MobileNetV2", 224, 64],
    ["InceptionResNetV2", 299, 32],
    ["NASNetLarge", 331, 8],
  ],
  convolutions: LARGEST,
  batch: 32,
  filters: { ops: undefined, models: undefined, trainings: undefined },
  budgetSeconds: 240,
};
const DRY = {
  networks: [
    ["MobileNetV2", 64, 2],
    ["InceptionResNetV2", 75, 2],
    ["NASNetLarge", 64, 2],
  ],
  convolutions: 2,
  batch: 1,
  filters: { ops: "conv2d/", models: "mobilenet_v2_140", trainings: "48_sgd" },
  budgetSeconds: 5,
};

/** Multiplications and additions per image. */
function flopsOf({ x: [, height, width], w: [r, s, channels, k], strides, padding }) {
  const places = [height, width].map((size, axis) => {
    const window = [r, s][axis];
    if (padding === "same") return Math.ceil(size / strides[axis]);
    const [before, after] = padding === "valid" ? [0, 0] : padding[axis];
    return Math.floor((size + before + after - window) / strides[axis]) + 1;
  });
  return 2 * places[0] * places[1] * r * s * channels * k;
}

/** The largest convolutions of shapes.json. */
export function largestConvolutions(count) {
  const { conv2d } = JSON.parse(readFileSync(SHAPES, "utf8"));
  return conv2d.toSorted((a, b) => flopsOf(b) - flopsOf(a)).slice(0, count);
}

function goldenStep(name, folder, filter, ...more) {
  const narrowed = filter === undefined ? [] : ["--filter", filter];
  return {
    name: `golden/${name}`,
    kind: "golden",
    program: "golden",
    args: [join("test", "golden", folder), ...narrowed, ...more],
  };
}

const PRECISIONS = ["f32", "mixed"];

const formOf = ([, size, batch]) => ["--size", size, "--batch", batch];

function trainArguments([network, ...form], precision) {
  const flags = ["--pass", "train", "--precision", precision, "--json"];
  return ["--network", network, ...formOf([network, ...form]), ...flags];
}

/** Steps with the kernels that the rules choose, with their profiles, and PyTorch's. */
function trainSteps(form) {
  const [network] = form;
  const steps = PRECISIONS.map((precision) => ({
    name: `train/${network}/${precision}`,
    kind: "rows",
    program: "bench",
    args: [...trainArguments(form, precision), "--profile"],
  }));
  const args = [PYTORCH, "network", JSON.stringify(form)];
  return [...steps, { name: `pytorch/${network}`, kind: "rows", program: "python", args }];
}

/** Measures the kernels of a step, and times the step with the fastest ones. */
function tunedSteps(form, { budgetSeconds }, tuningFile) {
  const [network] = form;
  const flags = ["--budget", budgetSeconds, "--export", tuningFile];
  return PRECISIONS.flatMap((precision) => [
    {
      name: `tune/${network}/${precision}`,
      kind: "log",
      tuningFile,
      program: "weft",
      args: ["tune", "--backbone", network, ...formOf(form), "--precision", precision, ...flags],
    },
    {
      name: `tuned/${network}/${precision}`,
      kind: "rows",
      tuningFile,
      program: "bench",
      args: [...trainArguments(form, precision), "--tuned"],
    },
  ]);
}

/** All steps. @param tuningFile the destination of the measured table of kernels. */
export function stepsOf(isDry, tuningFile) {
  const plan = isDry ? DRY : REAL;
  const { ops, models, trainings } = plan.filters;
  const shapes = largestConvolutions(plan.convolutions);
  const names = shapes.map(({ name }) => `conv2d/${name}`).join(",");
  return [
    goldenStep("ops", "ops", ops),
    goldenStep("models", "models", models),
    goldenStep("trainings", "trainings", trainings),
    goldenStep("mixed", "trainings", trainings, "--precision", "mixed"),
    { name: "pytorch/ceilings", kind: "rows", program: "python", args: [PYTORCH, "ceilings", "[]"] },
    {
      name: "convolutions",
      kind: "rows",
      program: "bench",
      args: ["--case", names, "--batch", plan.batch, "--json"],
    },
    {
      name: "pytorch/convolutions",
      kind: "rows",
      program: "python",
      args: [PYTORCH, "convolutions", JSON.stringify([plan.batch, shapes])],
    },
    ...plan.networks.flatMap(trainSteps),
    ...plan.networks.flatMap((form) => tunedSteps(form, plan, tuningFile)),
  ];
}
