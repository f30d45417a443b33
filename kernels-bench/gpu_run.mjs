// The whole procedure on a machine with a GPU, one command: the golden set, convolutions in three directions, training
// steps of three networks, and PyTorch on the same card as the ceiling. Rows go to kernels-bench/results/.
//
//   node kernels-bench/gpu_run.mjs              # everything
//   node kernels-bench/gpu_run.mjs --dry-run    # each step on something small, on any adapter; nothing is kept
//
// Needs the built program (dist/cli.js) and, for the ceilings, python3 with torch (torchvision and timm for whole
// networks); where torch is missing it says so and the rest is measured all the same.

import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const HERE = import.meta.dirname;
const ROOT = join(HERE, "..");
const IS_DRY = process.argv.includes("--dry-run");
const GIGA = 1e9;

const NETWORKS = IS_DRY
  ? [["MobileNetV2", 64, 2]]
  : [
      ["MobileNetV2", 224, 64],
      ["InceptionResNetV2", 299, 32],
      ["NASNetLarge", 331, 8],
    ];

/** Runs a program, its stderr shown. @returns its stdout; undefined where it failed. */
function run(title, program, args) {
  console.error(`\n== ${title}: ${[program, ...args].join(" ")}`);
  const { status, stdout, error } = spawnSync(program, args, {
    cwd: ROOT,
    encoding: "utf8",
    maxBuffer: GIGA,
    stdio: ["ignore", "pipe", "inherit"],
  });
  if (status === 0) return stdout;
  console.error(`${title} failed${error ? `: ${error.message}` : `, exit code ${status}`}`);
  return undefined;
}

const weft = (title, ...args) => run(title, process.execPath, [join("src", "cli", "weft.mjs"), ...args]);
const rowsOf = (text) =>
  (text ?? "")
    .split("\n")
    .filter(Boolean)
    .map((line) => JSON.parse(line));

weft("adapter", "doctor");
const golden = IS_DRY ? join("test", "golden", "ops", "conv2d") : join("test", "golden");
const isRight = weft("golden set", "golden", golden, "--kernels", "gpu") !== undefined;
if (!isRight) process.exitCode = 1;

const filter = IS_DRY ? ["--filter", "1x1_17x1088_k192"] : ["--all"];
const rows = rowsOf(weft("convolutions", "bench", "--op", "conv2d", ...filter, "--json", "--kernels", "gpu"));
for (const [network, size, batch] of NETWORKS) {
  const form = ["--network", network, "--size", String(size), "--batch", String(batch), "--pass", "train"];
  rows.push(...rowsOf(weft(network, "bench", ...form, "--json", "--kernels", "gpu")));
}

const networks = JSON.stringify(NETWORKS);
const ceilings = rowsOf(run("PyTorch", "python3", [join("kernels-bench", "gpu_ceilings.py"), networks]));
const matmul = ceilings.find((row) => row.case === "pytorch/matmul");
for (const row of rows) {
  const share = matmul && row.gflops ? row.gflops / matmul.gflops : null;
  const eager = ceilings.find((one) => one.case === `pytorch/${row.case}` && one.precision === "f32");
  const text = share === null ? "" : `, ${(100 * share).toFixed(0)}% of PyTorch's fp32 matmul`;
  const beside = eager ? `, PyTorch eager ${eager.medianMs.toFixed(2)} ms` : "";
  console.log(`${row.case} ${row.pass}: ${row.medianMs.toFixed(3)} ms${text}${beside}`);
}
if (!IS_DRY && rows.length > 0) {
  const name = rows[0].adapter.replace(/[^A-Za-z0-9.]+/g, "-").slice(0, 60);
  const path = join(HERE, "results", `${name}-${new Date().toISOString().slice(0, 10)}.jsonl`);
  mkdirSync(join(HERE, "results"), { recursive: true });
  writeFileSync(path, `${[...rows, ...ceilings].map((row) => JSON.stringify(row)).join("\n")}\n`);
  console.log(`rows written to ${path}`);
}
