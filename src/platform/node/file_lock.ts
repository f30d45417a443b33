// One process at a time: a lock file that says who holds it and is touched while they do, so that a lock
// left by a killed process is seen as such.

import { open, readFile, rm, stat, utimes } from "node:fs/promises";
import { hostname } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import { fileFault } from "./files.ts";

const TOUCH_EVERY_MS = 5_000;
const ABANDONED_AFTER_MS = 60_000;
const LOOK_EVERY_MS = 250;

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once, where another process holds the lock. */
  readonly onWait?: ((holder: string) => void) | undefined;
}

/**
 * Runs work while no other process holds the lock.
 * @param path the lock file, in a folder that exists
 * @throws WeftError where it cannot be written; the signal's reason once it is aborted
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  { signal, onWait }: LockOptions = {},
): Promise<T> {
  let hasWaited = false;
  while (!(await take(path))) {
    const holder = await holderOf(path);
    if (holder === undefined) continue;
    if (!hasWaited) onWait?.(holder);
    hasWaited = true;
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    signal?.throwIfAborted();
  }
  const touching = setInterval(() => {
    const now = new Date();
    utimes(path, now, now).catch(() => undefined); // somebody removed it; the work goes on
  }, TOUCH_EVERY_MS);
  touching.unref();
  try {
    return await work();
  } finally {
    clearInterval(touching);
    await rm(path, { force: true });
  }
}

/** Creates the lock file unless it is there. */
async function take(path: string): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    try {
      await file.writeFile(`${hostname()} ${process.pid}`);
    } finally {
      await file.close();
    }
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw fileFault(path, thrown);
  }
}

/** Who holds the lock; undefined, and the file is gone, where nobody does any more. */
async function holderOf(path: string): Promise<string | undefined> {
  const [text, facts] = await Promise.all([readFile(path, "utf8"), stat(path)]).catch(() => []);
  if (text === undefined || facts === undefined) return undefined;
  const [host = "", pid = ""] = text.split(" ");
  const isDead = host === hostname() && pid !== "" && !isRunning(Number(pid));
  if (!isDead && Date.now() - facts.mtimeMs < ABANDONED_AFTER_MS) return `process ${pid} on ${host}`;
  await rm(path, { force: true });
  return undefined;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0); // sends nothing
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}
