// fineTune in Node: from a data folder to a run folder, as `weft train` does it.

import { existsSync, mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { formatAnswerCsv } from "../../../src/formats/answer_csv.ts";
import { parseQuestionCsv } from "../../../src/formats/label_csv.ts";
import { nodeFiles } from "../../../src/platform/node/files.ts";
import { fineTune, type NodeFineTuneOptions } from "../../../src/platform/node/training.ts";
import { readRun } from "../../../src/training/run_folder.ts";
import { drawTinyData, temporaryFolder, writeIn } from "../../cli/tiny_data.ts";
import { runWeft } from "../../cli/weft.ts";

let data: string;
beforeAll(async () => {
  data = await drawTinyData(20, 8);
});

const adapter = process.env.WEFT_TEST_ADAPTER;
const TINY = { alpha: 0.35, size: 32, batch: 8, phases: "1@1e-3", seed: 3 } as const;
const FLAGS = ["--alpha", "0.35", "--size", "32", "--batch", "8", "--phases", "1@1e-3", "--seed", "3"];
const train = (more: Partial<NodeFineTuneOptions>) => fineTune({ data, ...TINY, adapter, ...more });

describe("fineTune in Node", () => {
  it("writes the run that `weft train` writes, and answers what `weft predict` answers", async () => {
    const out = join(temporaryFolder(), "run");
    const byCommand = join(temporaryFolder(), "run");
    const run = await train({ out });
    expect(run.kept).toEqual({ folder: out, stage: "of epoch 1", isMisplaced: false });
    const trained = await runWeft(["train", "--data", data, ...FLAGS, "--out", byCommand]);
    expect(trained.code).toBe(0);
    for (const name of ["config.json", "weights.safetensors"]) {
      expect(readFileSync(join(out, name)).equals(readFileSync(join(byCommand, name))), name).toBe(true);
    }

    const answers = join(out, "..", "answer.csv");
    const predicted = await runWeft(["predict", "--model", out, "--data", data, "--out", answers]);
    expect(predicted.code).toBe(0);
    const questions = parseQuestionCsv(readFileSync(join(data, "Tests/question.csv")), "question.csv");
    const images = [...new Set(questions.map(({ image }) => image))];
    const found = await run.predict(images.map((image) => join(data, image)));
    const probabilities = questions.map(({ image, attribute }) => {
      return found[images.indexOf(image)]?.[attribute] ?? new Float32Array();
    });
    expect(formatAnswerCsv(questions, probabilities)).toBe(readFileSync(answers, "utf8"));

    const copy = join(temporaryFolder(), "copy");
    await run.save(copy);
    expect((await readRun(nodeFiles, copy)).weights).toEqual(await run.readWeights());
    run.destroy();
  });

  it("writes nothing without `out`, and keeps what an interrupted run has with it", async () => {
    const folder = temporaryFolder();
    const run = await train({});
    expect(run.kept.folder).toBeUndefined();
    run.destroy();
    const controller = new AbortController();
    const { signal } = controller;
    const out = join(folder, "run");
    const cut = await train({ out, phases: "100@1e-3", signal, onEpoch: () => controller.abort() });
    expect(cut.end).toBe("interrupted");
    expect(cut.kept.stage).toBe("from within epoch 2");
    expect((await readRun(nodeFiles, out)).weights).toEqual(await cut.readWeights());
    cut.destroy();
  });

  it("tells bad images in one line, or leaves them out", async () => {
    const copy = await drawTinyData(12);
    writeIn(copy, "Images/train4.jpg", new Uint8Array(0));
    await expect(train({ data: copy })).rejects.toThrow(
      /^Annotations\/label\.csv:\d+: Images\/train4\.jpg: .*\. Use skipBad to leave it out\.$/,
    );
    const run = await train({ data: copy, skipBad: true });
    expect(run.data.dataset.images).toHaveLength(11);
    run.destroy();
  });

  it("refuses a folder that holds something else before it reads any data", async () => {
    const out = join(temporaryFolder(), "full");
    mkdirSync(out);
    writeIn(out, "notes.txt", "mine");
    await expect(train({ data: "nowhere", out })).rejects.toThrow("is not empty (it holds notes.txt");
    expect(existsSync(join(out, "config.json"))).toBe(false);
  });
});
