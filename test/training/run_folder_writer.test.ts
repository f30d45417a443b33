// Disks that fail: before the start, in mid-run, at the end, and for good.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { WeftError } from "../../src/base/errors.ts";
import type { FolderSystem } from "../../src/base/platform.ts";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { nodeFolders } from "../../src/platform/node/folders.ts";
import { RunWriter } from "../../src/training/run_folder_writer.ts";
import type { EpochReport } from "../../src/training/trainer.ts";
import { smallRunConfig } from "./run_config.ts";

const CONFIG = smallRunConfig();
const SPECS = [
  { name: "a/kernel", shape: [4], dtype: "f32", initializer: "zeros", trainable: true },
] as never;
const valuesOf = (value: number) => new Map([["a/kernel", new Float32Array(4).fill(value)]]);

function report(epoch: number): EpochReport {
  const set = { loss: epoch, losses: {}, accuracy: {}, weighted: null } as unknown as EpochReport["train"];
  return { epoch, epochs: 3, lr: 1, seconds: 1, imagesPerSecond: 1, train: set, validation: set };
}

/** A disk that is full while `isFull`; writes below `spared` work. */
class Disk {
  isFull = false;
  spared = "-";
  private check(path: string) {
    if (this.isFull && !path.startsWith(this.spared))
      throw new WeftError(`${path}: no space left on the device`);
  }
  readonly files: FolderSystem = {
    ...nodeFolders,
    writeFile: async (path, content) => {
      this.check(path);
      await nodeFolders.writeFile(path, content);
    },
    appendFile: async (path, text) => {
      if (this.isFull) await nodeFolders.appendFile(path, text.slice(0, 9)); // as much as there was room for
      this.check(path);
      await nodeFolders.appendFile(path, text);
    },
    createFolder: async (path) => {
      this.check(path);
      return nodeFolders.createFolder(path);
    },
  };
}

async function start(
  disk: Disk,
  out = join(mkdtempSync(join(tmpdir(), "weft-writer-")), "run"),
  overwrite = false,
) {
  const warnings: string[] = [];
  const rescueFolder = join(out, "..", "rescued");
  const place = { folder: out, isDrawn: false, overwrite };
  const writer = await RunWriter.start(disk.files, place, CONFIG, SPECS, {
    remark: () => {},
    warn: (text) => void warnings.push(text),
    rescueFolder,
  });
  const epoch = async (number: number) => {
    await writer.addEpoch(report(number));
    await writer.writeWeights({ values: valuesOf(number), stage: `of epoch ${number}` });
  };
  return { writer, warnings, out, rescueFolder, epoch };
}

const weightIn = (folder: string) =>
  readSafetensors(readFileSync(join(folder, "weights.safetensors")), "weights").tensors.get("a/kernel")
    ?.data[0];
const epochsIn = (folder: string) =>
  readFileSync(join(folder, "metrics.jsonl"), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line).epoch);

describe("a full disk", () => {
  it("in mid-run is told, and made up for by the next epoch: no line is lost or doubled", async () => {
    const disk = new Disk();
    const { writer, warnings, out, epoch } = await start(disk);
    await epoch(1);
    disk.isFull = true;
    await epoch(2);
    expect(warnings).toEqual([
      `the metrics could not be saved: ${out}/metrics.jsonl: no space left on the device; the training goes on, and the next epoch tries again`,
      `the weights could not be saved: ${out}/weights.safetensors: no space left on the device; the training goes on, and the next epoch tries again`,
    ]);
    expect(weightIn(out)).toBe(1);
    disk.isFull = false;
    await epoch(3);
    expect(await writer.finish()).toEqual({ folder: out, stage: "of epoch 3", isMisplaced: false });
    expect(epochsIn(out)).toEqual([1, 2, 3]);
    expect(weightIn(out)).toBe(3);
    expect(warnings).toHaveLength(2);
    expect(readdirSync(out).sort()).toEqual(["config.json", "metrics.jsonl", "weights.safetensors"]);
  });

  it("at the end sends the run to the rescue folder, whole", async () => {
    const disk = new Disk();
    const { writer, warnings, out, rescueFolder, epoch } = await start(disk);
    mkdirSync(join(rescueFolder, "run"), { recursive: true });
    disk.spared = rescueFolder;
    await epoch(1);
    disk.isFull = true;
    await epoch(2);
    const kept = await writer.finish();
    expect(kept).toEqual({
      folder: expect.stringMatching(/\/rescued\/run-[0-9a-f]{4}$/),
      stage: "of epoch 2",
      isMisplaced: true,
    });
    expect(warnings.at(-1)).toBe(`the run could not be completed in ${out}; it is in ${kept.folder}`);
    expect([weightIn(kept.folder ?? ""), weightIn(out)]).toEqual([2, 1]);
    expect(epochsIn(kept.folder ?? "")).toEqual([1, 2]);
    expect(readdirSync(kept.folder ?? "").sort()).toEqual([
      "config.json",
      "metrics.jsonl",
      "weights.safetensors",
    ]);
    expect(existsSync(join(out, "run.lock"))).toBe(false);
  });

  it("everywhere keeps what was saved before, and says so", async () => {
    const disk = new Disk();
    const { writer, warnings, out, epoch } = await start(disk);
    await epoch(1);
    disk.isFull = true;
    await epoch(2);
    expect(await writer.finish()).toEqual({ folder: out, stage: "of epoch 1", isMisplaced: true });
    expect(warnings.at(-1)).toMatch(/^nor could it be written elsewhere: .*rescued\/run: no space left/);
    expect(weightIn(out)).toBe(1);
    const nothing = await start(new Disk());
    expect(await nothing.writer.finish()).toEqual({
      folder: undefined,
      stage: undefined,
      isMisplaced: false,
    });
    expect(existsSync(nothing.out)).toBe(false);
  });

  it("lets no run be replaced by one whose end is elsewhere", async () => {
    const disk = new Disk();
    const first = await start(disk);
    await first.epoch(1);
    await first.writer.finish();
    const { writer, rescueFolder, epoch, out } = await start(disk, first.out, true);
    disk.spared = rescueFolder;
    disk.isFull = true;
    await epoch(7);
    const { folder } = await writer.finish();
    expect(folder).toBe(join(rescueFolder, "run"));
    expect([weightIn(folder ?? ""), weightIn(out)]).toEqual([7, 1]);
    expect(readdirSync(join(out, "..")).sort()).toEqual(["rescued", "run"]);
  });

  it("is an error before the start, with both numbers", async () => {
    const disk = new Disk();
    const files = { ...disk.files, freeBytes: async () => 1_234_567 };
    const big = [{ name: "a/kernel", shape: [1000, 1000], dtype: "f32" }] as never;
    const out = join(mkdtempSync(join(tmpdir(), "weft-writer-")), "run");
    const place = { folder: out, isDrawn: false, overwrite: false };
    const options = { remark: () => {}, warn: () => {}, rescueFolder: "" };
    await expect(RunWriter.start(files, place, CONFIG, big, options)).rejects.toThrow(
      `${out}: the run needs 8.1 MB of disk space (its weights twice: a new file is written before the old one goes), ` +
        "but 1.2 MB are free. Make room there. Use another out.",
    );
    expect(existsSync(out)).toBe(false);
  });
});

/** A file system of 200 kB, where this process may mount one. */
function smallDisk(): string | undefined {
  if (process.platform !== "linux" || process.getuid?.() !== 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "weft-tmpfs-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", "size=200k", "tmpfs", folder], { stdio: "ignore" });
    return folder;
  } catch {
    return undefined;
  }
}

it("survives a real full disk (requires root and Linux, to mount one)", async (context) => {
  const folder = smallDisk();
  if (folder === undefined) return context.skip();
  try {
    const { writer, warnings, out, epoch } = await start(new Disk(), join(folder, "run"));
    await epoch(1);
    writeFileSync(join(folder, "ballast"), "x");
    try {
      for (;;) writeFileSync(join(folder, "ballast"), "x".repeat(1024), { flag: "a" });
    } catch {
      // full
    }
    await epoch(2);
    expect(warnings.join("\n")).toMatch(/weights\.safetensors: no space left on the device/);
    await nodeFolders.remove(join(folder, "ballast"));
    expect((await writer.finish()).stage).toBe("of epoch 2");
    expect(epochsIn(out)).toEqual([1, 2]);
    expect(weightIn(out)).toBe(2);
    expect(readdirSync(out).sort()).toEqual(["config.json", "metrics.jsonl", "weights.safetensors"]);
  } finally {
    execFileSync("umount", [folder]);
  }
});
