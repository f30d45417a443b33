// The procedure for a GPU as far as it goes without one: its steps, and what it makes of rows.
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const PROGRAM = join(import.meta.dirname, "..", "..", "..", "kernels-bench", "gpu_run.mjs");
const folder = mkdtempSync(join(tmpdir(), "weft-gpu-run-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function gpuRun(...args: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [PROGRAM, ...args], { encoding: "utf8" });
  return { status, lines: stdout.trim().split("\n"), stderr };
}

describe("gpu_run.mjs", () => {
  it("lists its steps, all or those that are wanted", () => {
    const { lines } = gpuRun("--list");
    for (const network of ["MobileNetV2", "InceptionResNetV2", "NASNetLarge"]) {
      expect(lines).toEqual(expect.arrayContaining([`train/${network}/mixed`, `pytorch/${network}`]));
    }
    expect(gpuRun("--list", "--only", "golden/,train/NASNetLarge").lines).toEqual([
      "golden/ops",
      "golden/models",
      "golden/trainings",
      "golden/mixed",
      "train/NASNetLarge/f32",
      "train/NASNetLarge/mixed",
    ]);
  });

  it("refuses in one line", () => {
    for (const [args, message] of [
      [["--only", "train/VGG16"], /no such step/],
      [["--minutes", "soon"], /--minutes expects a number above 0/],
      [["--report", join(folder, "absent.jsonl")], /absent\.jsonl: no such file/],
      [["--report"], /--report expects files/],
      [["rows.jsonl"], /rows\.jsonl: only --report takes files/],
      [["--onyl", "golden"], /Unknown option '--onyl'/],
    ] as const) {
      const { status, stderr } = gpuRun(...args);
      expect(status).toBe(1);
      expect(stderr).toMatch(message);
      expect(stderr.trim().split("\n")).toHaveLength(1);
    }
  });

  it("hands weft the measured table before it measures more, and before it times by it", () => {
    const out = join(folder, "tuning");
    const adapter = ["--adapter", "no such thing", "--again", "--out", out];
    mkdirSync(out);
    writeFileSync(join(out, "tuning.json"), "no table");
    for (const step of ["tune/MobileNetV2/f32", "tuned/MobileNetV2/f32"]) {
      const { status, stderr } = gpuRun("--only", step, ...adapter);
      expect(status).toBe(1);
      expect(stderr).toMatch(/tuning\.json is not taken over/);
    }
    expect(gpuRun("--only", "train/MobileNetV2/f32", ...adapter).stderr).not.toMatch(/taken over/);
  }, 60_000);

  it("leaves out what is done in the same way, on the same adapter, of the same commit, and nothing else", () => {
    const out = join(folder, "out");
    const python = join(folder, "python");
    const row = { case: "pytorch/matmul", engine: "PyTorch 2", adapter: "card", medianMs: 1, gflops: 1 };
    writeFileSync(python, `#!/bin/sh\necho '${JSON.stringify(row)}'\n`, { mode: 0o755 });
    const run = (...more: string[]) => {
      const only = ["--only", "pytorch/ceilings", "--adapter", "no such thing", "--python", python];
      const { status, stderr } = gpuRun("--out", out, ...only, ...more);
      expect(status).toBe(0);
      return /1 of 1 steps are done already/.test(stderr) ? "left out" : "run";
    };
    expect([run("--dry-run"), run("--dry-run")]).toEqual(["run", "left out"]);
    expect([run(), run(), run("--again")]).toEqual(["run", "left out", "run"]);
    const path = join(out, "steps.jsonl");
    const lines = readFileSync(path, "utf8").trim().split("\n");
    expect(lines).toHaveLength(3);
    for (const other of [{ commit: "0000000" }, { adapter: "another" }]) {
      const changed = lines.map((line) => JSON.stringify({ ...JSON.parse(line), ...other }));
      writeFileSync(path, `${changed.join("\n")}\n`);
      expect(run()).toBe("run");
    }
  }, 60_000);

  it("reports adapters and dry runs apart", () => {
    const row = { case: "conv2d/a", pass: "forward", batch: 32, medianMs: 1, gflops: 400 };
    const product = { case: "pytorch/matmul", pass: "forward", engine: "PyTorch 2", medianMs: 1 };
    const rows = [
      { ...row, adapter: "A", isDry: false },
      { ...product, adapter: "A", isDry: false, gflops: 800 },
      { ...row, adapter: "B", isDry: false },
      { ...row, adapter: "A", isDry: true, gflops: 2 },
      { ...product, adapter: "A", isDry: true, engineAdapter: "cpu", gflops: 4 },
    ];
    const path = join(folder, "mixed.jsonl");
    writeFileSync(path, rows.map((one) => JSON.stringify(one)).join("\n"));
    const mean = (share: string) =>
      `1 convolution passes: ${share} of the ceiling as a geometric mean, least ${share}`;
    expect(gpuRun("--report", path).lines).toEqual([
      "A:",
      "conv2d/a forward b32: 1.000 ms, 400 GFLOP/s, 50% of PyTorch's fp32 matmul",
      mean("50%"),
      "B:",
      "conv2d/a forward b32: 1.000 ms, 400 GFLOP/s",
      "A, PyTorch on cpu, dry run:",
      "conv2d/a forward b32: 1.000 ms, 2 GFLOP/s, 50% of PyTorch's fp32 matmul",
      mean("50%"),
    ]);
  });

  it("tells shares of PyTorch's product and steps beside PyTorch's, by the last rows of a name", () => {
    const about = { engine: "PyTorch 2", precision: "f32" };
    const step = { pass: "train", batch: 8 };
    const rows = [
      { case: "golden/ops", pass: "golden", passed: 3, failed: 0, skipped: 1 },
      { ...about, case: "pytorch/matmul", pass: "forward", medianMs: 1, gflops: 1000 },
      { case: "conv2d/a", pass: "forward", batch: 32, medianMs: 9, gflops: 100 },
      { case: "conv2d/a", pass: "forward", batch: 32, medianMs: 2, gflops: 900 },
      { case: "conv2d/a", pass: "dataGradient", batch: 32, medianMs: 4, gflops: 400 },
      {
        ...about,
        ...step,
        case: "pytorch/NASNetLarge_331",
        layout: "NCHW",
        medianMs: 50,
        imagesPerSecond: 160,
      },
      {
        ...about,
        ...step,
        case: "pytorch/NASNetLarge_331",
        layout: "NHWC",
        medianMs: 40,
        imagesPerSecond: 200,
      },
      { ...step, case: "NASNetLarge_331", medianMs: 80, imagesPerSecond: 100 },
      { ...step, case: "NASNetLarge_331_mixed", tuned: true, medianMs: 40, imagesPerSecond: 200 },
    ];
    const path = join(folder, "rows.jsonl");
    writeFileSync(path, `${rows.map((row) => JSON.stringify(row)).join("\n")}\n{"case":"cut o`);
    expect(gpuRun("--report", path)).toMatchObject({
      status: 0,
      lines: [
        "golden/ops: 3 passed, 0 failed, 1 skipped",
        "conv2d/a forward b32: 2.000 ms, 900 GFLOP/s, 90% of PyTorch's fp32 matmul",
        "conv2d/a dataGradient b32: 4.000 ms, 400 GFLOP/s, 40% of PyTorch's fp32 matmul",
        "2 convolution passes: 60% of the ceiling as a geometric mean, least 40%",
        "NASNetLarge_331 b8: 100.0 images/s, 80.0 ms; PyTorch 200.0 (NHWC), weft at 50%",
        "NASNetLarge_331_mixed b8, tuned: 200.0 images/s, 40.0 ms",
      ],
    });
  });
});
