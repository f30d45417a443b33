// Unfinished files and folders. Their names tell which process makes them, so that leftovers of a killed process are
// recognised and removed; a process that ends in any other way removes its own.

import { randomBytes } from "node:crypto";
import { rmSync } from "node:fs";
import { readdir, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { ownIdentity, stateOf } from "./process_identity.ts";

/** Characters of the target's name that a partial keeps: file systems allow 255 bytes. */
const NAME_CHARACTERS = 40;
const UNIQUE_BYTES = 4;
/** Earlier versions of weft named no process: their partials are known by their age. */
const ABANDONED_AFTER_MS = 60_000;

/** `weights.safetensors.SPACE-PID-START-UNIQUE.partial`. */
const PARTIAL_NAME = /\.([0-9a-f]{8})-(\d+)-([0-9a-f.]*)-[0-9a-f]{8}\.partial$/;

const partials = new Set<string>();
process.on("exit", () => {
  for (const partial of partials) rmSync(partial, { recursive: true, force: true });
});

/** A name beside the target that no other process, and no other call, has. */
function partialPath(target: string): string {
  const { space, pid, started } = ownIdentity();
  const name = [...basename(target)].slice(0, NAME_CHARACTERS).join("");
  const unique = randomBytes(UNIQUE_BYTES).toString("hex");
  return join(dirname(target), `${name}.${space}-${pid}-${started}-${unique}.partial`);
}

/**
 * Hands work a path beside the target to make a file or a folder at. Whatever is there afterwards is removed:
 * work renames what it has completed.
 */
export async function withPartial<T>(target: string, work: (partial: string) => Promise<T>): Promise<T> {
  const partial = partialPath(target);
  partials.add(partial);
  try {
    return await work(partial);
  } finally {
    await rm(partial, { recursive: true, force: true }).catch(() => undefined); // its own fault is thrown
    partials.delete(partial);
  }
}

/** Whether a name is one that weft gives to unfinished files. */
export function isPartialName(name: string): boolean {
  return PARTIAL_NAME.test(name);
}

/**
 * Removes what processes that are gone were making in a folder. What cannot be read or removed stays.
 * @param unnamed names of earlier versions, which tell no process; they go when they have not changed for a minute
 */
export async function removeLeftoverPartials(folder: string, unnamed?: RegExp): Promise<void> {
  const names: string[] = await readdir(folder).catch(() => []);
  for (const name of names) {
    const path = join(folder, name);
    const isLeft = isOfGoneProcess(name) || (unnamed?.test(name) === true && (await isOld(path)));
    if (isLeft) await rm(path, { recursive: true, force: true }).catch(() => undefined);
  }
}

function isOfGoneProcess(name: string): boolean {
  const [, space = "", pid = "", started = ""] = PARTIAL_NAME.exec(name) ?? [];
  if (pid === "") return false;
  return stateOf({ host: ownIdentity().host, pid: Number(pid), space, started }) === "gone";
}

async function isOld(path: string): Promise<boolean> {
  const facts = await stat(path).catch(() => undefined);
  return facts !== undefined && Date.now() - facts.mtimeMs > ABANDONED_AFTER_MS;
}
