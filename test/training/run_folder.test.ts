import { describe, expect, it } from "vitest";
import type { FileSystem } from "../../src/base/platform.ts";
import { float32Tensor, writeSafetensors } from "../../src/formats/safetensors.ts";
import { initialValues } from "../../src/nn/initializers.ts";
import { networkWeights } from "../../src/training/network.ts";
import { formatEpochLine, readRun, writeRun } from "../../src/training/run_folder.ts";
import type { EpochReport } from "../../src/training/trainer.ts";
import { memoryFiles } from "../data/memory_files.ts";
import { smallRunConfig } from "./run_config.ts";

const config = smallRunConfig();
const specs = (() => {
  const { backbone, heads } = networkWeights(config.network);
  return [...backbone, ...heads];
})();
const values = new Map(specs.map((spec) => [spec.name, initialValues(spec, 3)]));

async function writtenRun() {
  const files = memoryFiles({});
  await writeRun(files, "run", config, values);
  return files;
}

const jsonOf = async (files: ReturnType<typeof memoryFiles>) => {
  return JSON.parse(new TextDecoder().decode(await files.readFile("run/config.json")));
};

describe("a run folder", () => {
  it("comes back as it was written", async () => {
    const run = await readRun(await writtenRun(), "run");
    expect(run.network).toEqual(config.network);
    expect(run.heads).toEqual(config.heads);
    expect(run.training).toEqual(config.training);
    expect([...run.weights.keys()]).toEqual(specs.map(({ name }) => name));
    expect(run.weights.get("Conv1/kernel")).toEqual(values.get("Conv1/kernel"));
  });

  it("is the same bytes when written again", async () => {
    const [one, other] = [await writtenRun(), await writtenRun()];
    for (const name of ["config.json", "weights.safetensors"]) {
      const [first, second] = [await one.readFile(`run/${name}`), await other.readFile(`run/${name}`)];
      expect(Buffer.compare(first, second)).toBe(0);
    }
  });

  it("says that it has no weights yet, and where a run is that a crash kept from its place", async () => {
    const files = await writtenRun();
    await files.remove("run/weights.safetensors");
    await expect(readRun(files, "run")).rejects.toThrow(
      "run/weights.safetensors: no such file; the training ended before its first epoch did",
    );
    const moved = memoryFiles({ "runs/a.old-0123abcd/config.json": "", "runs/ab/config.json": "" });
    await expect(readRun(moved, "runs/a")).rejects.toThrow(
      "runs/a: no such folder, but runs/a.old-0123abcd holds a run whose way to this place was cut off; rename it",
    );
  });

  it("is read again where another run takes its place meanwhile", async () => {
    const files = await writtenRun();
    const first = await files.readFile("run/config.json");
    const other = smallRunConfig({ training: { seed: 77 } });
    let reads = 0;
    const swapped: FileSystem = {
      ...files,
      readFile: async (path) => {
        if (path === "run/config.json" && ++reads === 1) {
          await writeRun(files, "run", other, values);
          return first;
        }
        return files.readFile(path);
      },
    };
    expect((await readRun(swapped, "run")).training.seed).toBe(77);
    expect(reads).toBe(4);
  });

  it("is told from a folder that is none", async () => {
    await expect(readRun(memoryFiles({}), "run")).rejects.toThrow(/^run: no such folder/);
    await expect(readRun(memoryFiles({ "run/other.txt": "" }), "run")).rejects.toThrow(
      "run: not a run folder: it has no config.json",
    );
    await expect(readRun(memoryFiles({ "run/config.json": "{}" }), "run")).rejects.toThrow(
      /^run\/config\.json: not the configuration of a run/,
    );
  });

  it.each([
    [{ version: 2 }, /written by a newer weft: run version 2, this one reads up to 1/],
    [{ size: "32" }, /size expects a whole number, found "32"/],
    [{ heads: [] }, /heads expects a list/],
    [{ backbone: "AlexNet" }, /config\.json: unknown backbone AlexNet/],
    [{ size: 20 }, /size expects 32 to 4096 pixels, found 20/],
    [{ size: 5000 }, /size expects 32 to 4096 pixels, found 5000/],
    [{ alpha: -1 }, /alpha expects a number above 0 or null, found -1/],
    [{ heads: [config.heads[0], config.heads[0]] }, /two heads have the same name/],
    [{ backbone: "ResNet50", alpha: 0.5 }, /ResNet50 has no alpha, found 0\.5/],
    [{ version: 0 }, /the run's version is missing/],
    [{ heads: [{ ...config.heads[0], rows: -5 }] }, /heads expects a list.* no number below 0/],
    [{ heads: [{ ...config.heads[0], seenClasses: -1 }] }, /heads expects a list/],
    [{ heads: [{ ...config.heads[0], name: "" }] }, /heads expects a list/],
    [{ preprocessing: "caffe" }, /preprocessing of MobileNetV2 is "tf", found "caffe"/],
    [{ training: { seed: 1 } }, /training is missing or incomplete/],
  ])("refuses a configuration with %j", async (change, message) => {
    const files = await writtenRun();
    const changed = { ...(await jsonOf(files)), ...change };
    await files.writeFile("run/config.json", JSON.stringify(changed));
    await expect(readRun(files, "run")).rejects.toThrow(message);
  });

  it("refuses damaged weights", async () => {
    const files = await writtenRun();
    const bytes = await files.readFile("run/weights.safetensors");
    await files.writeFile("run/weights.safetensors", bytes.slice(0, bytes.length - 100));
    await expect(readRun(files, "run")).rejects.toThrow(
      /^run\/weights\.safetensors: tensor tone\/.* is cut off/,
    );
    const few = specs.slice(1).map(({ name, shape }) => {
      return [name, float32Tensor(values.get(name) ?? new Float32Array(), shape)] as const;
    });
    await files.writeFile("run/weights.safetensors", writeSafetensors(few));
    await expect(readRun(files, "run")).rejects.toThrow(/1 missing \(first Conv1\/kernel\)/);
  });
});

describe("formatEpochLine", () => {
  it("has the documented form, small learning rates included", () => {
    const set = { loss: 1.25, losses: { a: 1.25 }, accuracy: { a: null }, weighted: null };
    const report: EpochReport = {
      epoch: 1,
      epochs: 12,
      lr: 1e-7,
      seconds: 41.2000001,
      imagesPerSecond: 30.1,
      train: set,
      validation: set,
    };
    const part = '{"loss":1.25,"losses":{"a":1.25},"accuracy":{"a":null},"weighted":null}';
    expect(formatEpochLine(report)).toBe(
      `{"epoch":1,"epochs":12,"lr":1e-7,"seconds":41.2,"imagesPerSecond":30.1,"train":${part},"validation":${part}}`,
    );
  });
});
