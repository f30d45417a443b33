// The procedure for a GPU as far as it goes without one: its steps, and what it makes of rows.
import { spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";

const PROGRAM = join(import.meta.dirname, "..", "..", "kernels-bench", "gpu_run.mjs");
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
    expect(gpuRun("--list", "--only", "golden,train/NASNetLarge").lines).toEqual([
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
    ] as const) {
      const { status, stderr } = gpuRun(...args);
      expect(status).toBe(1);
      expect(stderr).toMatch(message);
      expect(stderr.trim().split("\n")).toHaveLength(1);
    }
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
