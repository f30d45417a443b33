// Where runs may go, and what a crash between the renames of a replacement leaves to the next start.

import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { FolderSystem } from "../../src/base/platform.ts";
import { nodeFolders } from "../../src/platform/node/folders.ts";
import { ownIdentity } from "../../src/platform/node/process_identity.ts";
import { formatRunConfig } from "../../src/training/run_folder.ts";
import { findRunPlace, holdRunPlace, LOCK_FILE, replaceRun } from "../../src/training/run_folder_place.ts";
import { smallRunConfig } from "./run_config.ts";

const CONFIG = formatRunConfig(smallRunConfig());
const DATE = new Date(2026, 10, 26, 13, 17, 31);

const newPlace = () => join(mkdtempSync(join(tmpdir(), "weft-place-")), "run");

/** Writes the files of a run whose weights are this text. */
function putRun(folder: string, weights: string, more: Record<string, string> = {}): string {
  mkdirSync(folder, { recursive: true });
  const files = { "config.json": CONFIG, "metrics.jsonl": "{}\n", "weights.safetensors": weights, ...more };
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

const weightsIn = (folder: string) => readFileSync(join(folder, "weights.safetensors"), "utf8");
const beside = (folder: string) => readdirSync(join(folder, "..")).sort();

async function find(out: string | undefined, overwrite = false, files: FolderSystem = nodeFolders) {
  const remarks: string[] = [];
  const remark = (text: string) => void remarks.push(text);
  return { place: await findRunPlace(files, { out, overwrite, date: DATE, remark }), remarks };
}

async function hold(out: string, files: FolderSystem = nodeFolders) {
  const { place, remarks } = await find(out, true, files);
  const held = await holdRunPlace(files, place, (text) => void remarks.push(text));
  const release = () => {
    held.locks.writing.release();
    held.locks.replaced?.release();
  };
  return { held, remarks, release };
}

describe("findRunPlace", () => {
  it.each([
    ["nothing", {}],
    ["what a killed start left", { "config.json": CONFIG, "metrics.jsonl": "", [LOCK_FILE]: "x 1" }],
    ["partial files", { "weights.safetensors.0123abcd-1-89abcdef.1-0123abcd.partial": "half" }],
    ["a partial file of an earlier version", { "weights.safetensors.partial": "half" }],
  ])("takes a folder with %s in it", async (_, files) => {
    const out = newPlace();
    mkdirSync(out);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(out, name), content);
    expect((await find(out)).place).toEqual({ folder: out, isDrawn: false, overwrite: false });
  });

  it.each([
    [{ "notes.txt": "dear" }, /notes\.txt, which is no file of a run/],
    [{ "config.json": '{"model": "bert"}' }, /a config\.json that weft did not write/],
    [{ "config.json": "no json" }, /a config\.json that weft did not write/],
    [{ "weights.safetensors": "alone" }, /weights\.safetensors without a config\.json/],
  ])("refuses %j with and without --overwrite", async (files: Record<string, string>, expected) => {
    const out = newPlace();
    mkdirSync(out);
    for (const [name, content] of Object.entries(files)) writeFileSync(join(out, name), content);
    for (const overwrite of [false, true]) await expect(find(out, overwrite)).rejects.toThrow(expected);
  });

  it("refuses folders that have the names of a run's files", async () => {
    const out = putRun(newPlace(), "old");
    await nodeFolders.remove(join(out, "weights.safetensors"));
    mkdirSync(join(out, "weights.safetensors"));
    await expect(find(out, true)).rejects.toThrow(/weights\.safetensors, which is no file/);
  });

  it("refuses a run without --overwrite, that of a newer weft with it as well as any other", async () => {
    const newer = JSON.stringify({ ...JSON.parse(CONFIG), version: 99 });
    const out = putRun(newPlace(), "old", { "config.json": newer });
    await expect(find(out)).rejects.toThrow(
      `${out} is not empty. Use another out or overwrite to replace the run in it.`,
    );
    expect((await find(out, true)).place.folder).toBe(out);
  });

  it("names a run by its date where nobody does, and no two the same", async () => {
    const { place } = await find(undefined);
    expect(place).toEqual({ folder: "runs/2026-11-26_13-17-31", isDrawn: true, overwrite: false });
    const stem = join(newPlace(), "dated");
    const drawn = { folder: stem, isDrawn: true, overwrite: false };
    const held = await Promise.all([1, 2, 3].map(() => holdRunPlace(nodeFolders, drawn, () => {})));
    expect(new Set(held.map(({ folder }) => folder)).size).toBe(3);
    for (const { folder, locks } of held) {
      expect(folder.slice(stem.length)).toMatch(/^-[0-9a-f]{4}$/);
      locks.writing.release();
    }
  });
});

describe("a replacement", () => {
  it("leaves the earlier run until its end, and nothing but the new one then", async () => {
    const out = putRun(newPlace(), "old");
    const { held, release } = await hold(out);
    putRun(held.writing, "new");
    expect(held.writing).toMatch(/run\.new-[0-9a-f]{8}$/);
    await expect(hold(out)).rejects.toThrow(/process \d+ on \S+ is writing a run here/);
    expect(weightsIn(out)).toBe("old");
    expect(await replaceRun(nodeFolders, held)).toBe(undefined);
    release();
    expect(weightsIn(out)).toBe("new");
    expect(beside(out)).toEqual(["run"]);
    expect(readdirSync(out)).not.toContain(LOCK_FILE);
  });

  it("does not take place where somebody has put a file into the folder meanwhile", async () => {
    const out = putRun(newPlace(), "old");
    const { held, release } = await hold(out);
    putRun(held.writing, "new");
    writeFileSync(join(out, "notes.txt"), "dear");
    expect(await replaceRun(nodeFolders, held)).toMatch(/holds notes\.txt/);
    release();
    expect(weightsIn(out)).toBe("old");
    expect(weightsIn(held.writing)).toBe("new");
  });

  /** The processes of a crash are dead: their locks are taken over. */
  const dead = `${hostname()} ${2 ** 22 + 1} ${ownIdentity().space} -`;

  it.each([0, 1, 2])(
    "that a crash cut off after %i renames is completed or undone by the next start",
    async (renames) => {
      const out = putRun(newPlace(), "old");
      let left = renames;
      const crashing: FolderSystem = {
        ...nodeFolders,
        rename: async (from, to) => {
          if (left-- === 0) throw new Error("crash");
          await nodeFolders.rename(from, to);
        },
        remove: async (path) => {
          if (left < 0 || renames === 2) throw new Error("crash");
          await nodeFolders.remove(path);
        },
      };
      const { held, release } = await hold(out);
      putRun(held.writing, "new");
      await replaceRun(crashing, held).catch(() => undefined);
      release();
      for (const name of beside(out)) writeFileSync(join(out, "..", name, LOCK_FILE), dead);

      const { place, remarks } = await find(out, true);
      expect(place.folder).toBe(out);
      expect(weightsIn(out)).toBe(renames === 0 ? "old" : "new");
      const cutOff = renames === 1 ? [expect.stringMatching(/was cut off; it is completed now$/)] : [];
      const stays =
        renames === 0 ? [expect.stringMatching(/run\.new-\S+ holds a run that did not come to replace/)] : [];
      expect(remarks).toEqual([...cutOff, ...stays]);
      expect(beside(out).filter((name) => !name.includes(".new-"))).toEqual(["run"]);
      expect(beside(out)).toHaveLength(renames === 0 ? 2 : 1);
      const again = await hold(out);
      again.release();
    },
  );

  it("whose new run is gone is undone", async () => {
    const out = newPlace();
    putRun(`${out}.old-0123abcd`, "old", { [LOCK_FILE]: dead });
    const { remarks } = await find(out, true);
    expect(remarks).toHaveLength(1);
    expect(weightsIn(out)).toBe("old");
    expect(beside(out)).toEqual(["run"]);
    const { release } = await hold(out);
    release();
  });

  it("that another process is at is waited for by nobody", async () => {
    const out = newPlace();
    const own = ownIdentity();
    const alive = `${own.host} ${own.pid} ${own.space} ${own.started}`;
    putRun(`${out}.old-0123abcd`, "old", { [LOCK_FILE]: alive });
    putRun(`${out}.new-0123abcd`, "new", { [LOCK_FILE]: alive });
    await expect(find(out, true)).rejects.toThrow(/is writing a run here/);
    expect(existsSync(out)).toBe(false);
  });

  it("leaves unfinished starts beside to the next one, which removes them", async () => {
    const out = putRun(newPlace(), "old");
    mkdirSync(`${out}.new-0123abcd`);
    writeFileSync(join(`${out}.new-0123abcd`, "config.json"), CONFIG);
    writeFileSync(join(`${out}.new-0123abcd`, LOCK_FILE), dead);
    mkdirSync(`${out}.new-other`);
    expect((await find(out, true)).remarks).toEqual([]);
    expect(beside(out)).toEqual(["run", "run.new-other"]);
  });
});
