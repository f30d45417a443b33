import { mkdir, mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { loadDataset } from "../../../src/data/dataset.ts";
import { demoFolderIn, ensureDemoSet } from "../../../src/platform/node/demo_folder.ts";
import { nodeFiles } from "../../../src/platform/node/files.ts";

const RECIPE = { seed: 2, images: 100 };

describe("ensureDemoSet", () => {
  let place = "";
  beforeAll(async () => {
    place = await mkdtemp(join(tmpdir(), "weft-demo-"));
  });
  afterAll(() => rm(place, { recursive: true, force: true }));

  it("draws once, also where two ask at the same time", async () => {
    const cache = join(place, "cache");
    const folder = demoFolderIn(cache, RECIPE);
    let pictures = 0;
    const onProgress = () => {
      pictures++;
    };
    await Promise.all([1, 2].map(() => ensureDemoSet({ folder, ...RECIPE, onProgress })));
    expect(pictures).toBe(230);
    expect(await readdir(cache)).toEqual([folder.slice(cache.length + 1)]);
    expect(await ensureDemoSet({ folder, ...RECIPE, onProgress })).toBe(false);
    expect(pictures).toBe(230);
    const dataset = await loadDataset(nodeFiles, folder);
    expect([dataset.heads.length, dataset.images.length]).toEqual([8, 100]);
  });

  it("leaves nothing behind where it is stopped", async () => {
    const parent = join(place, "stopped");
    const stop = new AbortController();
    const onProgress = (drawn: number) => {
      if (drawn === 20) stop.abort(new Error("enough"));
    };
    const drawing = ensureDemoSet({
      folder: join(parent, "demo"),
      ...RECIPE,
      onProgress,
      signal: stop.signal,
    });
    await expect(drawing).rejects.toThrow("enough");
    expect(await readdir(parent)).toEqual([]);
  });

  it("draws into an empty folder and refuses one with other things in it", async () => {
    const empty = join(place, "empty");
    await mkdir(empty);
    expect(await ensureDemoSet({ folder: empty, ...RECIPE })).toBe(true);
    await expect(ensureDemoSet({ folder: empty, ...RECIPE, seed: 3 })).rejects.toThrow(
      `${empty}: expected a new or empty folder to draw the demo set in, but it holds another demo set; `,
    );
    const occupied = join(place, "occupied");
    await mkdir(occupied);
    await writeFile(join(occupied, "letter.txt"), "dear");
    await expect(ensureDemoSet({ folder: occupied, ...RECIPE })).rejects.toThrow("it holds other files");
    expect(await readdir(occupied)).toEqual(["letter.txt"]);
  });
});
