// `npm run golden`: runs every golden case below a folder, a line a case.

import { dirname, join } from "node:path";
import { Command, Option } from "commander";
import { messageOf, WeftError } from "../../../src/base/errors.ts";
import { adapterLine, type Engine, withEngine } from "../../../src/cli/engine.ts";
import {
  type AdapterOption,
  adapterOption,
  type KernelsOption,
  kernelsOption,
  precisionOption,
} from "../../../src/cli/options.ts";
import { print, sayField, styleOf } from "../../../src/cli/terminal.ts";
import type { Precision } from "../../../src/nn/mixed_precision.ts";
import { nodeFiles } from "../../../src/platform/node/files.ts";
import { openKerasInWorker } from "../../../src/platform/node/keras_reader.ts";
import { requirePrecision } from "../../../src/training/precision.ts";
import { loadWeights } from "../../../src/training/weights_file.ts";
import { CASE_ENDING, type CaseFile, findCases } from "./case_files.ts";
import { parseGoldenCase } from "./golden_case.ts";
import { runCasesInBrowser } from "./in_browser.ts";
import { type CaseOutcome, runCase } from "./run_case.ts";
import type { WeightFileReader } from "./run_network.ts";

const LONGEST_NAME = 60;

/** The program's one command. Exit code 1 where a case failed or none ran. */
export function goldenCommand(): Command {
  return new Command("npm run golden --")
    .description("run the golden cases below a folder and compare with what they hold")
    .argument("<folder>", "folder of .safetensors files, sub-folders included")
    .addOption(new Option("--filter <text>", "only cases whose name contains the text"))
    .addOption(new Option("--browser", "run them in headless Chromium"))
    .addOption(precisionOption())
    .addOption(adapterOption())
    .addOption(kernelsOption())
    .action(golden);
}

type GoldenOptions = AdapterOption &
  KernelsOption & { readonly browser?: boolean; readonly filter?: string; readonly precision: Precision };

async function golden(folder: string, options: GoldenOptions): Promise<void> {
  const { filter = "" } = options;
  const cases = (await findCases(folder)).filter(({ name }) => name.includes(filter));
  if (cases.length === 0) {
    print(summary([]));
    const which = filter === "" ? "" : ` with "${filter}" in their names`;
    throw new WeftError(`${folder}: no golden cases (${CASE_ENDING})${which} here or in its sub-folders`);
  }
  const width = Math.min(LONGEST_NAME, Math.max(...cases.map(({ name }) => name.length)));
  const outcomes: CaseOutcome[] = [];
  const report = ({ name }: CaseFile, outcome: CaseOutcome) => {
    outcomes.push(outcome);
    print(outcomeLine(name.padEnd(width), outcome));
  };
  if (options.browser && options.precision !== "f32") {
    throw new WeftError("--precision mixed and --browser do not go together; leave one of them out");
  }
  if (options.browser) await runCasesInBrowser(cases, options, report);
  else await runCasesHere(cases, options, report);
  print(summary(outcomes));
  const count = (status: CaseOutcome["status"]) =>
    outcomes.filter((outcome) => outcome.status === status).length;
  if (count("failed") > 0 || count("passed") === 0) process.exitCode = 1;
}

async function runCasesHere(
  cases: readonly CaseFile[],
  { adapter, kernels, precision }: GoldenOptions,
  report: (file: CaseFile, outcome: CaseOutcome) => void,
): Promise<void> {
  const run = async ({ device, description }: Engine) => {
    requirePrecision(precision, device);
    sayField("adapter", `${adapterLine(description)}, ${device.facts.family} kernels`);
    for (const file of cases) {
      const readWeights: WeightFileReader = async (name, wanted) => {
        const path = join(dirname(file.path), name);
        const whole = { network: "the case", required: wanted };
        return (await loadWeights(nodeFiles, path, whole, openKerasInWorker)).values;
      };
      try {
        const golden = parseGoldenCase(await nodeFiles.readFile(file.path), file.path);
        report(file, await runCase(device, golden, readWeights, precision));
      } catch (thrown) {
        device.throwIfLost();
        report(file, { status: "failed", message: messageOf(thrown) });
      }
    }
  };
  await withEngine(adapter, run, kernels);
}

/** `conv2d/same   0.031  pass`: the worst error over what was allowed. */
function outcomeLine(name: string, outcome: CaseOutcome): string {
  const { green, red, yellow, dim } = styleOf(process.stdout);
  const ratio = "ratio" in outcome && outcome.ratio !== undefined ? ratioText(outcome.ratio) : "-";
  const message = "message" in outcome ? `  ${outcome.message.replace(/\s*\n\s*/g, " ")}` : "";
  const verdict = { passed: green("pass"), failed: red("fail"), skipped: yellow("skip") }[outcome.status];
  return `${name}  ${ratio.padStart(8)}  ${verdict}${outcome.status === "failed" ? message : dim(message)}`;
}

function ratioText(ratio: number): string {
  if (!Number.isFinite(ratio)) return "inf";
  return ratio >= 1000 ? ratio.toExponential(1) : ratio.toFixed(3);
}

function summary(outcomes: readonly CaseOutcome[]): string {
  const count = (status: CaseOutcome["status"]) =>
    outcomes.filter((outcome) => outcome.status === status).length;
  return `${count("passed")} passed, ${count("failed")} failed, ${count("skipped")} skipped`;
}
