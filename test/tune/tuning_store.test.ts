// Stored tuning tables: used where they hold, left alone with one line where they do not, never a fault.

import { mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { fileTuningStore } from "../../src/platform/node/tuning_store.ts";
import { type TuningOrigin, tuningFileName } from "../../src/tune/tuning_file.ts";
import { loadTuning, saveTuning, type TuningStore } from "../../src/tune/tuning_store.ts";

const ORIGIN: TuningOrigin = {
  adapter: "lavapipe",
  device: "llvmpipe",
  driver: "Mesa",
  tier: "fast",
  implementation: "webgpu 0.6.2",
  kernels: "0123456789abcdef",
};
const NEWER = { ...ORIGIN, kernels: "fedcba9876543210" };
const FIRST = new Map([["a", { splits: "1" }]]);
const SECOND = new Map([["b", { splits: "2" }]]);

let folder: string;
let store: TuningStore;
beforeEach(() => {
  folder = join(mkdtempSync(join(tmpdir(), "weft-tuning-")), "tuning");
  store = fileTuningStore(folder);
});

describe("stored tuning tables", () => {
  it("are empty, without a remark, before anything was measured", async () => {
    const stored = await loadTuning(store, ORIGIN);
    expect(stored.table.size).toBe(0);
    expect(stored.remark).toBeUndefined();
  });

  it("grow with what is measured, newer choices replacing older ones", async () => {
    await saveTuning(store, { origin: ORIGIN, table: FIRST });
    await saveTuning(store, { origin: ORIGIN, table: SECOND });
    const again = new Map([["a", { splits: "8" }]]);
    const { table, place } = await saveTuning(store, { origin: ORIGIN, table: again });
    expect(table).toEqual(new Map([...again, ...SECOND]));
    expect((await loadTuning(store, ORIGIN)).table).toEqual(table);
    expect(readdirSync(folder)).toEqual([tuningFileName(ORIGIN)]);
    expect(JSON.parse(readFileSync(place, "utf8")).entries).toEqual(Object.fromEntries(table));
  });

  it("keep what several processes add at once", async () => {
    const tables = ["a", "b", "c"].map((key) => new Map([[key, { splits: key }]]));
    const stores = tables.map(() => fileTuningStore(folder));
    await Promise.all(tables.map((table, i) => saveTuning(stores[i] ?? store, { origin: ORIGIN, table })));
    expect([...(await loadTuning(store, ORIGIN)).table.keys()].sort()).toEqual(["a", "b", "c"]);
    expect(readdirSync(folder)).toEqual([tuningFileName(ORIGIN)]);
  });

  it("are not used for other kernels, in one line, and are then replaced", async () => {
    await saveTuning(store, { origin: ORIGIN, table: FIRST });
    const stale = await loadTuning(store, NEWER);
    expect(stale.table.size).toBe(0);
    expect(stale.remark).toMatch(
      /^\S+lavapipe\S+\.json is not used: .* other kernels\. Measure the kernels again\.$/,
    );
    expect((await saveTuning(store, { origin: NEWER, table: SECOND })).table).toEqual(SECOND);
    expect((await loadTuning(store, NEWER)).table).toEqual(SECOND);
  });

  it("are not used where they are damaged, in one line", async () => {
    const { place } = await saveTuning(store, { origin: ORIGIN, table: FIRST });
    writeFileSync(place, readFileSync(place, "utf8").slice(0, 100));
    const damaged = await loadTuning(store, ORIGIN);
    expect(damaged.table.size).toBe(0);
    expect(damaged.remark).toMatch(/^a tuning table is not used: .*lavapipe.*not a tuning table[^\n]*$/);
  });

  it("are not used where they cannot be read", async () => {
    mkdirSync(join(folder, tuningFileName(ORIGIN)), { recursive: true });
    const unreadable = await loadTuning(store, ORIGIN);
    expect(unreadable.table.size).toBe(0);
    expect(unreadable.remark).toMatch(/is a folder, a pipe or a device; expected a file/);
  });
});
