// `npm run bench`: rows as JSON, a comparison with them, the list of cases, and faults in one line.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runWeft } from "../../cli/weft.ts";

const ADAPTER = ["--adapter", process.env.WEFT_TEST_ADAPTER ?? "auto"];

const KEYS = `case pass batch medianMs p10Ms p90Ms gflops imagesPerSecond dispatches peakGpuBytes adapter
  commit`.split(/\s+/);

const runBench = (args: readonly string[]) => runWeft(args, { program: "bench" });

describe("npm run bench", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "weft-bench-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it("prints a row of JSON a case, which it can compare with later", async () => {
    const one = ["--case", "dropout/16x1536", ...ADAPTER];
    const { code, stdout } = await runBench([...one, "--json"]);
    expect(code).toBe(0);
    const rows = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(rows.map(({ pass }) => pass)).toEqual(["forward", "gradient"]);
    for (const row of rows) {
      expect(Object.keys(row).slice(0, KEYS.length)).toEqual(KEYS);
      expect(row).toMatchObject({ case: "dropout/16x1536", batch: 16, dispatches: 1, imagesPerSecond: null });
      expect(row.p10Ms).toBeLessThanOrEqual(row.medianMs);
      expect(row.medianMs).toBeLessThanOrEqual(row.p90Ms);
    }
    const saved = join(folder, "rows.jsonl");
    const slowed = rows.map((row) => ({
      ...row,
      medianMs: row.medianMs / 90,
      p10Ms: row.p10Ms / 90,
      p90Ms: row.p90Ms / 90,
    }));
    await writeFile(saved, slowed.map((row) => `${JSON.stringify(row)}\n`).join(""));
    const compared = await runBench([...one, "--compare", saved]);
    expect(compared.code).toBe(1);
    expect(compared.stdout).toMatch(/dropout\/16x1536 forward b16 .*slower/);
    expect(compared.stdout).toMatch(/geometric mean/);
  });

  it("lists its cases without a device", async () => {
    const { code, stdout } = await runBench(["--list", "--adapter", "no such thing"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^\* conv2d\/1x7_17x128_k160 dataGradient$/m);
    expect(stdout).toMatch(/^ {2}sgd\/2\.2M forward$/m);
  });

  it("refuses in one line", async () => {
    for (const [args, message] of [
      [["--op", "conv3d"], /no case fits/],
      [["--batch", "4"], /--batch belongs to --network/],
      [["--op", "sgd", "--batch", "4"], /no case fits/],
      [["--precision", "mixed"], /--precision mixed belongs to --network/],
      [["--network", "MobileNetV2", "--pass", "inference", "--precision", "mixed"], /for training steps/],
      [["--network", "MobileNetV2", "--size", "8"], /--size expects at least 32/],
      [["--compare", join(folder, "absent.jsonl")], /absent\.jsonl/],
    ] as const) {
      const { code, errors } = await runBench(args);
      expect(code).toBe(1);
      expect(errors.join("\n")).toMatch(message);
      expect(errors.length).toBe(1);
    }
  });
});
