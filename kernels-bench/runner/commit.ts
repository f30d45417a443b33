// The commit that is measured.

import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { CHECKOUT } from "../measuring/checkout.ts";

/** Its short hash, with `+` if tracked files differ from it; null if there is no repository. */
export async function measuredCommit(): Promise<string | null> {
  const git = async (...words: string[]) =>
    (await promisify(execFile)("git", words, { cwd: CHECKOUT })).stdout.trim();
  try {
    const hash = await git("rev-parse", "--short", "HEAD");
    const changes = await git("status", "--porcelain", "--untracked-files=no");
    return changes === "" ? hash : `${hash}+`;
  } catch {
    return null;
  }
}
