// One process at a time: a lock file that says who holds it. The lock of a process that is gone is taken over;
// one that is held elsewhere, where nobody can look from here, is touched while it is held.

import { randomBytes } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { open, readFile, rename, rm, stat, utimes, writeFile } from "node:fs/promises";
import { setTimeout as sleep } from "node:timers/promises";
import type { HeldLock, LockHolder } from "../../base/platform.ts";
import { fileFault } from "./files.ts";
import { withPartial } from "./partials.ts";
import { ownIdentity, type ProcessIdentity, shortHash, stateOf } from "./process_identity.ts";

const TOUCH_EVERY_MS = 5_000;
const ABANDONED_AFTER_MS = 60_000;
const LOOK_EVERY_MS = 250;
/** A lock file is empty for the moment between its creation and its first bytes, or after a power cut. */
const EMPTY_AFTER_MS = 5_000;
const UNIQUE_BYTES = 4;

/** The locks of this process; it takes them along when it ends. */
const held = new Set<FileLock>();
process.on("exit", () => {
  for (const lock of held) lock.release();
});

/** A lock that this process holds until it releases it. */
export class FileLock implements HeldLock {
  private readonly touching: NodeJS.Timeout;

  /** @param takenFrom who had it and is gone */
  constructor(
    private path: string,
    private readonly text: string,
    readonly takenFrom?: string,
  ) {
    this.touching = setInterval(() => {
      const now = new Date();
      utimes(this.path, now, now).catch(() => undefined); // somebody removed it; the work goes on
    }, TOUCH_EVERY_MS);
    this.touching.unref();
    held.add(this);
  }

  /** The folder of the lock file was renamed. */
  movedTo(path: string): void {
    this.path = path;
  }

  /** Removes the lock file, unless somebody else's is in its place by now. */
  release(): void {
    clearInterval(this.touching);
    held.delete(this);
    try {
      if (readFileSync(this.path, "utf8") === this.text) rmSync(this.path, { force: true });
    } catch {
      // Gone with its folder, or out of reach: a lock of a process that has ended holds nobody up.
    }
  }
}

/**
 * Takes a lock, or says who holds it.
 * @param path the lock file, in a folder that exists
 * @param abandonedAfterMs after this time without a touch, the lock of a process on another host is taken over
 * @throws WeftError if it cannot be written
 */
export async function takeLock(
  path: string,
  abandonedAfterMs = Number.POSITIVE_INFINITY,
): Promise<FileLock | LockHolder> {
  for (;;) {
    const text = `${identityText(ownIdentity())} ${randomBytes(UNIQUE_BYTES).toString("hex")}`;
    if (await create(path, text)) return new FileLock(path, text);
    const found = await readLock(path, abandonedAfterMs);
    if (!found) continue;
    if (!found.isGone) return found.holder;
    if (await takeOver(path, text, found, abandonedAfterMs)) {
      return new FileLock(path, text, found.holder.name);
    }
    await sleep(LOOK_EVERY_MS); // another process takes it over
  }
}

export interface LockOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called once, where another process holds the lock. */
  readonly onWait?: ((holder: string) => void) | undefined;
}

/**
 * Runs work while no other process holds the lock.
 * @param path the lock file, in a folder that exists
 * @throws WeftError if it cannot be written; the signal's reason once it is aborted
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  { signal, onWait }: LockOptions = {},
): Promise<T> {
  let hasWaited = false;
  let lock = await takeLock(path, ABANDONED_AFTER_MS);
  while (!(lock instanceof FileLock)) {
    if (!hasWaited) onWait?.(lock.name);
    hasWaited = true;
    await sleep(LOOK_EVERY_MS, undefined, { signal }).catch(() => undefined);
    signal?.throwIfAborted();
    lock = await takeLock(path, ABANDONED_AFTER_MS);
  }
  try {
    return await work();
  } finally {
    lock.release();
  }
}

/** `HOST PID SPACE START`; earlier versions wrote the first two. */
function identityText({ host, pid, space, started }: ProcessIdentity): string {
  return `${host} ${pid} ${space} ${started || "-"}`;
}

/** Creates the lock file unless it is there. */
async function create(path: string, text: string): Promise<boolean> {
  try {
    const file = await open(path, "wx");
    try {
      await file.writeFile(text);
    } catch (thrown) {
      await rm(path, { force: true });
      throw thrown;
    } finally {
      await file.close();
    }
    return true;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw fileFault(path, thrown);
  }
}

interface FoundLock {
  readonly text: string;
  readonly isGone: boolean;
  readonly holder: LockHolder;
}

/** Undefined where the lock was released meanwhile. */
async function readLock(path: string, abandonedAfterMs: number): Promise<FoundLock | undefined> {
  let text: string;
  let silentMs: number;
  try {
    text = await readFile(path, "utf8");
    silentMs = Date.now() - (await stat(path)).mtimeMs;
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw fileFault(path, thrown);
  }
  const silentSeconds = Math.max(0, Math.round(silentMs / 1000));
  const [, host = "", pid = "", space = "", started = ""] =
    /^(\S+) (\d+)(?: (\S+) (\S+))?/.exec(text.trim()) ?? [];
  if (pid === "") {
    const holder = { name: "an unknown process", isElsewhere: true, silentSeconds };
    // What is not empty may be a file of somebody else's that is called so.
    const isEmpty = /^[\s\0]*$/.test(text);
    return { text, isGone: silentMs > (isEmpty ? EMPTY_AFTER_MS : abandonedAfterMs), holder };
  }
  const state = stateOf({ host, pid: Number(pid), space, started: started === "-" ? "" : started });
  const isElsewhere = state === "elsewhere";
  return {
    text,
    isGone: state === "gone" || (isElsewhere && silentMs > abandonedAfterMs),
    holder: { name: `process ${pid} on ${host}`, isElsewhere, silentSeconds },
  };
}

/**
 * Puts a new lock in the place of one whose process is gone. Of several processes that want to, the one that
 * holds a lock named after the old one's content may; the others see that the content is another one.
 */
async function takeOver(path: string, text: string, old: FoundLock, abandonedAfterMs: number) {
  const claim = await takeLock(`${path}.${shortHash(old.text)}`, abandonedAfterMs);
  if (!(claim instanceof FileLock)) return false;
  try {
    const now = await readLock(path, abandonedAfterMs);
    if (!now?.isGone || now.text !== old.text) return false;
    return await withPartial(path, async (partial) => {
      await writeFile(partial, text);
      await rename(partial, path);
      return true;
    });
  } catch (thrown) {
    throw fileFault(path, thrown);
  } finally {
    claim.release();
  }
}
