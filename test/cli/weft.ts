// Runs the real program in a process of its own.

import { spawn } from "node:child_process";
import { join } from "node:path";

const ROOT = join(import.meta.dirname, "..", "..");
/** Dawn's native code prints these whenever an adapter opens. */
export const DAWNS_OWN = /^Warning: max\w+PerPipelineLayout artificially reduced/;

export interface Outcome {
  readonly code: number | null;
  readonly stdout: string;
  /** Lines of stderr, without those that Dawn prints by itself. */
  readonly errors: readonly string[];
}

export interface RunOptions {
  /** Sends Ctrl-C when stderr or stdout has this in it. */
  readonly interruptAt?: RegExp;
  readonly cwd?: string;
  /** Added to the environment. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Runs `weft` with the arguments and waits for its end. */
export function runWeft(
  args: readonly string[],
  { interruptAt, cwd = ROOT, variables }: RunOptions = {},
): Promise<Outcome> {
  const adapter = process.env.WEFT_TEST_ADAPTER;
  const isComputing = ["train", "predict", "evaluate", "classify", "augment", "golden", "tune"].includes(
    args[0] ?? "",
  );
  const extra = adapter !== undefined && isComputing ? ["--adapter", adapter] : [];
  const env = { ...process.env, NO_COLOR: "1", ...variables };
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [join(ROOT, "src", "cli", "weft.mjs"), ...args, ...extra], {
      cwd,
      env,
    });
    let stdout = "";
    let stderr = "";
    let isInterrupted = false;
    const look = () => {
      if (isInterrupted || !interruptAt?.test(stdout + stderr)) return;
      isInterrupted = true;
      child.kill("SIGINT");
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
