// Runs the real program in a process of its own.

import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");
/** What starts weft, and the tools of its source tree. */
const STARTS = {
  weft: "src/cli/weft.mjs",
  golden: "test/golden/golden.mjs",
  bench: "kernels-bench/bench.mjs",
} as const;
/** Dawn's native code prints these whenever an adapter opens. */
export const DAWNS_OWN = /^Warning: max\w+PerPipelineLayout artificially reduced/;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  /** Lines of stderr, without those that Dawn prints by itself. */
  readonly errors: readonly string[];
}

export interface RunOptions {
  /** A tool instead of weft. */
  readonly program?: keyof typeof STARTS;
  /** Sends Ctrl-C when stderr or stdout has this in it. */
  readonly interruptAt?: RegExp;
  /** Done one after the other, each once stderr or stdout has its text in it. */
  readonly actions?: readonly Action[];
  readonly cwd?: string;
  /** Added to the environment. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** What a test does to the process. */
export interface Action {
  readonly at: RegExp;
  readonly act: (child: ChildProcess) => void;
}

/** Sends a signal once the output has a text in it. */
export function signalAt(at: RegExp, signal: NodeJS.Signals): Action {
  return { at, act: (child) => void child.kill(signal) };
}

/** Runs weft, or the tool that is named, with the arguments and waits for its end. */
export function runWeft(
  args: readonly string[],
  { program = "weft", interruptAt, actions = [], cwd = ROOT, variables }: RunOptions = {},
): Promise<Outcome> {
  const adapter = process.env.WEFT_TEST_ADAPTER;
  const isComputing =
    program === "golden" ||
    ["train", "predict", "evaluate", "classify", "augment", "tune"].includes(args[0] ?? "");
  const extra = adapter !== undefined && isComputing ? ["--adapter", adapter] : [];
  const env = { ...process.env, NO_COLOR: "1", ...variables };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, STARTS[program]), ...args, ...extra], {
      cwd,
      env,
    });
    let stdout = "";
    let stderr = "";
    const waiting = interruptAt ? [signalAt(interruptAt, "SIGINT"), ...actions] : [...actions];
    const look = () => {
      if (!waiting[0]?.at.test(stdout + stderr)) return;
      waiting.shift()?.act(child);
    };
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      look();
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
      look();
    });
    child.on("error", reject);
    child.on("close", (code) => {
      const errors = stderr.split("\n").filter((line) => line !== "" && !DAWNS_OWN.test(line));
      resolve({ code, stdout, errors });
    });
  });
}
