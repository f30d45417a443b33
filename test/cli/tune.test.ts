// Tuning by the real program, in a cache folder of its own: measured, kept, handed out, taken over, used by a training
// and recorded in its run.

import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { layOutTrainingStep } from "../../src/training/network.ts";
import { testDevice } from "../device.ts";
import { SMALL_STEP } from "../training/step.ts";
import { drawTinyData, temporaryFolder } from "./tiny_data.ts";
import { runWeft } from "./weft.ts";

const NETWORK = ["--alpha", "0.35", "--size", "32", "--batch", "8"];
const TUNE = ["tune", "--backbone", "MobileNetV2", ...NETWORK];

let cache: string;
let exported: string;
let measured: { key: string; choices: Record<string, string>; isChanged: boolean }[];

const inCache = (folder: string) => ({ variables: { WEFT_CACHE: folder } });
const tablesOf = (folder: string) => readdirSync(join(folder, "tuning"));
const entriesOf = (path: string): Record<string, Record<string, string>> =>
  JSON.parse(readFileSync(path, "utf8")).entries;

beforeAll(async () => {
  cache = temporaryFolder();
  exported = join(temporaryFolder(), "table.json");
  const args = [...TUNE, "--budget", "5", "--json", "--export", exported];
  const { code, stdout, errors } = await runWeft(args, inCache(cache));
  const told = /tuned +(\d+) shapes?, (\d+) of them faster than by the rules/.exec(errors.join("\n"));
  expect(code).toBe(0);
  measured = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  const changed = measured.filter(({ isChanged }) => isChanged);
  expect([told?.[1], told?.[2]]).toEqual([String(measured.length), String(changed.length)]);
});

/** The exported table with other choices: for every shape of the training the second candidate of its first choice. */
async function withSecondCandidates(): Promise<string> {
  const { layout } = layOutTrainingStep({ ...SMALL_STEP, batchSize: 8 }, (await testDevice()).facts);
  const file = JSON.parse(readFileSync(exported, "utf8"));
  file.entries = Object.fromEntries(
    layout.choices.map(({ key, choices: [first] }) => [key, { [first?.what ?? ""]: first?.names[1] }]),
  );
  const path = join(temporaryFolder(), "other.json");
  writeFileSync(path, JSON.stringify(file));
  return path;
}

describe("weft tune", () => {
  it("keeps what it has measured in the cache folder", () => {
    const [name = "", ...rest] = tablesOf(cache);
    expect(rest).toEqual([]);
    const entries = entriesOf(join(cache, "tuning", name));
    expect(entries).toEqual(Object.fromEntries(measured.map(({ key, choices }) => [key, choices])));
    expect(entriesOf(exported)).toEqual(entries);
  });

  it("goes on where it ended, and leaves alone what it knows", async () => {
    const other = temporaryFolder();
    expect((await runWeft(["tune", "--import", exported], inCache(other))).code).toBe(0);
    const { code, stdout } = await runWeft([...TUNE, "--budget", "2", "--json"], inCache(other));
    expect(code).toBe(0);
    const keys = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line).key);
    expect(keys.filter((key) => measured.some((node) => node.key === key))).toEqual([]);
    const [name = ""] = tablesOf(other);
    expect(Object.keys(entriesOf(join(other, "tuning", name)))).toHaveLength(measured.length + keys.length);
  });

  it("chooses kernels for a benchmark that has shapes of the table, and refuses another", async () => {
    const adapter = ["--adapter", process.env.WEFT_TEST_ADAPTER ?? "auto", "--tuned", "--json"];
    const bench = { ...inCache(cache), program: "bench" } as const;
    const step = ["--network", "MobileNetV2", ...NETWORK, ...adapter];
    const timed = await runWeft(step, bench);
    expect(timed.errors.join("\n")).toMatch(/tuning +[1-9]\d* of \d+ shapes: /);
    expect(JSON.parse(timed.stdout)).toMatchObject({ pass: "train", tuned: true });
    const other = await runWeft(["--case", "dropout/16x1536", ...adapter], bench);
    expect(other).toMatchObject({ code: 1, stdout: "" });
    expect(other.errors).toEqual([
      expect.stringMatching(/--tuned: no shape of what is timed is in .*weft tune/),
    ]);
  });

  it("refuses a table of other kernels, what is no table, and to do nothing", async () => {
    const stale = join(temporaryFolder(), "stale.json");
    writeFileSync(stale, readFileSync(exported, "utf8").replace(/"kernels": "\w+"/, '"kernels": "0"'));
    const fresh = temporaryFolder();
    expect(await runWeft(["tune", "--import", stale], inCache(fresh))).toMatchObject({
      code: 1,
      errors: [expect.stringMatching(/stale\.json: it would not be used: .* other kernels/)],
    });
    writeFileSync(stale, "nonsense");
    expect(await runWeft(["tune", "--import", stale], inCache(fresh))).toMatchObject({
      code: 1,
      errors: [expect.stringMatching(/stale\.json: not a tuning table/)],
    });
    expect(await runWeft(["tune", "--export", stale], inCache(fresh))).toMatchObject({
      code: 1,
      errors: [expect.stringMatching(/there is no table of .*weft tune --backbone/)],
    });
    expect(await runWeft(["tune", "--export", stale, "--precision", "mixed"], inCache(fresh))).toMatchObject({
      code: 1,
      errors: ["weft: --precision belongs to --backbone NAME"],
    });
    expect(await runWeft(["tune"], inCache(fresh))).toMatchObject({
      code: 1,
      errors: [expect.stringMatching(/expected --backbone <name>/)],
    });
  });
});

describe("weft train", () => {
  it("uses the table, records what differs from the rules, and gives the same bits again", async () => {
    const data = await drawTinyData();
    const folder = temporaryFolder();
    const second = await withSecondCandidates();
    expect((await runWeft(["tune", "--import", second], inCache(folder))).code).toBe(0);
    const train = async (...more: string[]) => {
      const out = join(temporaryFolder(), "run");
      const schedule = ["--phases", "1@1e-3", "--limit", "10", "--seed", "3"];
      const args = ["train", ...NETWORK, ...schedule, "--data", data, "--out", out, ...more];
      const { code, errors } = await runWeft(args, inCache(folder));
      expect(code).toBe(0);
      return {
        told: errors.join("\n"),
        weights: readFileSync(join(out, "weights.safetensors")),
        kernels: JSON.parse(readFileSync(join(out, "config.json"), "utf8")).training.kernels,
      };
    };
    const first = await train();
    expect(first.told).toMatch(
      /kernels +for .*, chosen by measurement for \d+ of \d+ shapes \([1-9]\d* unlike the rules\)/,
    );
    expect(first.kernels).not.toEqual({});
    expect(entriesOf(second)).toMatchObject(first.kernels);
    expect((await train()).weights.equals(first.weights)).toBe(true);

    const [name = ""] = tablesOf(folder);
    writeFileSync(join(folder, "tuning", name), "{ damaged");
    const without = await train();
    expect(without.told).toMatch(/a tuning table is not used: .*not a tuning table/);
    expect(without.told).toMatch(/kernels +for .*, chosen by rules/);
    expect(without.kernels).toEqual({});

    const tuned = await train("--tune", "2");
    const [, count = ""] = /tuned +([1-9]\d*) shapes?/.exec(tuned.told) ?? [];
    expect(tuned.told).toMatch(/kernels +for .*, chosen by measurement/);
    expect(Object.keys(entriesOf(join(folder, "tuning", name))).length).toBe(Number(count));
  });
});
