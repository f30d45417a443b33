// The demo set on disk. It is drawn into a folder beside its place and renamed when it is complete: what has
// the right name is whole, and of several processes that draw at once the first one's stays.

import { mkdir, readdir, readFile, rename, rm, rmdir, stat, writeFile } from "node:fs/promises";
import { basename, dirname, join, resolve } from "node:path";
import { WeftError } from "../../base/errors.ts";
import { DEMO_VERSION, type DemoRecipe, describeDemo, drawDemoSet } from "../../demo/demo_set.ts";
import { fileFault, makeFolders } from "./files.ts";
import { removeLeftoverPartials, withPartial } from "./partials.ts";
import { createNodeRenderer } from "./svg.ts";

export interface DemoFolderOptions extends DemoRecipe {
  readonly folder: string;
  /** Called after each picture, never where the set is there already. */
  readonly onProgress?: (drawn: number, total: number) => void;
  readonly signal?: AbortSignal;
}

/** A drawing folder of an earlier version, which names no process, is abandoned if it has not changed for this time. */
const ABANDONED_AFTER_MS = 3_600_000;

/** Where a set is kept below the cache folder; another seed, number or version has another place. */
export function demoFolderIn(cacheFolder: string, { seed, images }: DemoRecipe): string {
  return join(cacheFolder, `demo-v${DEMO_VERSION}-seed${seed}-${images}`);
}

/**
 * Draws the demo set into the folder, unless the very same set is there already.
 * @returns whether it was drawn now
 * @throws WeftError if the folder holds anything else; the signal's reason once it is aborted
 */
export async function ensureDemoSet(options: DemoFolderOptions): Promise<boolean> {
  const folder = resolve(options.folder);
  if (await isDrawn(folder, options)) return false;
  await refuseOccupied(folder);
  try {
    await makeFolders(dirname(folder));
    await removeAbandoned(folder);
    await withPartial(folder, async (partial) => {
      await mkdir(partial);
      await draw(partial, options);
      await moveIntoPlace(partial, folder, options);
    });
  } catch (thrown) {
    if (thrown instanceof WeftError || options.signal?.aborted) throw thrown;
    throw fileFault(folder, thrown);
  }
  return true;
}

async function isDrawn(folder: string, recipe: DemoRecipe): Promise<boolean> {
  const found = await readFile(join(folder, "demo.json"), "utf8").catch(() => undefined);
  return found === describeDemo(recipe);
}

async function refuseOccupied(folder: string): Promise<void> {
  const names: string[] = await readdir(folder).catch((thrown: unknown) => {
    if (thrown instanceof Error && "code" in thrown && thrown.code === "ENOENT") return [];
    throw fileFault(folder, thrown);
  });
  if (names.length === 0) return;
  const what = names.includes("demo.json") ? "another demo set" : "other files";
  throw new WeftError(
    `${folder}: expected a new or empty folder to draw the demo set in, but it holds ${what}; ` +
      "remove it or name another folder",
  );
}

async function draw(folder: string, options: DemoFolderOptions): Promise<void> {
  const { seed, images, onProgress, signal } = options;
  const made = new Set<string>();
  const write = async (path: string, content: string | Uint8Array) => {
    const file = join(folder, path);
    if (!made.has(dirname(file))) {
      await makeFolders(dirname(file));
      made.add(dirname(file));
    }
    await writeFile(file, content);
  };
  await drawDemoSet({
    seed,
    images,
    target: { write },
    renderer: createNodeRenderer(),
    ...(onProgress && { onProgress }),
    ...(signal && { signal }),
  });
}

async function moveIntoPlace(partial: string, folder: string, recipe: DemoRecipe): Promise<void> {
  await rmdir(folder).catch(() => undefined); // Windows does not rename onto an empty folder
  try {
    await rename(partial, folder);
  } catch (thrown) {
    if (!(await isDrawn(folder, recipe))) throw thrown; // otherwise another process was first
  }
}

async function removeAbandoned(folder: string): Promise<void> {
  const parent = dirname(folder);
  await removeLeftoverPartials(parent);
  for (const name of await readdir(parent)) {
    if (!name.startsWith(`${basename(folder)}.drawing-`)) continue;
    const path = join(parent, name);
    const changed = await stat(path).catch(() => undefined);
    if (changed && Date.now() - changed.mtimeMs > ABANDONED_AFTER_MS) {
      await rm(path, { recursive: true, force: true });
    }
  }
}
