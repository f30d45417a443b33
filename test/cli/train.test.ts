// Training, evaluation and prediction by the real program on a tiny data set.

import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { drawTinyData, temporaryFolder } from "./tiny_data.ts";
import { runWeft } from "./weft.ts";

const SMALL = ["--alpha", "0.35", "--size", "32", "--batch", "8", "--seed", "3"];

let data: string;
let run: string;
let trainingOutput: string;

const contentOf = (...path: string[]) => readFileSync(join(...path), "utf8");

beforeAll(async () => {
  data = await drawTinyData();
  run = join(temporaryFolder(), "run");
  const { code, stdout } = await runWeft([
    "train",
    ...SMALL,
    "--data",
    data,
    "--phases",
    "2@1e-3,1@1e-4",
    "--json",
    "--out",
    run,
  ]);
  expect(code).toBe(0);
  trainingOutput = stdout;
});

describe("weft train", () => {
  it("prints with --json a line an epoch, the same as metrics.jsonl", () => {
    expect(trainingOutput).toBe(contentOf(run, "metrics.jsonl"));
    const lines = trainingOutput
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ epoch, epochs, lr }) => [epoch, epochs, lr])).toEqual([
      [1, 3, 1e-3],
      [2, 3, 1e-3],
      [3, 3, 1e-4],
    ]);
    for (const line of lines) {
      const keys = ["epoch", "epochs", "lr", "seconds", "imagesPerSecond", "train", "validation"];
      expect(Object.keys(line)).toEqual(keys);
      for (const [part, images] of [
        [line.train, 16],
        [line.validation, 4],
      ]) {
        expect(Object.keys(part)).toEqual(["loss", "losses", "accuracy", "weighted"]);
        expect(Object.keys(part.losses)).toEqual(["colour", "tone"]);
        expect(Object.keys(part.accuracy)).toEqual(["colour", "tone"]);
        // The total is over all images, a head's loss over those it is labelled for: every third has no tone.
        const toned = ((part.loss - part.losses.colour) / part.losses.tone) * images;
        expect(toned).toBeCloseTo(Math.round(toned), 3);
        expect(Math.round(toned)).toBeLessThan(images);
      }
    }
  });

  it("writes a configuration without dates", () => {
    const config = JSON.parse(contentOf(run, "config.json"));
    expect(config).toMatchObject({
      format: "weft run",
      version: 1,
      backbone: "MobileNetV2",
      alpha: 0.35,
      size: 32,
    });
    expect(config.heads).toEqual([
      { name: "colour", classes: 3, rows: 20 },
      { name: "tone", classes: 2, rows: 14 },
    ]);
    expect(config.training).toMatchObject({
      phases: "2@0.001,1@0.0001",
      seed: 3,
      trainingImages: 16,
      weights: null,
    });
    expect(JSON.stringify(config)).not.toMatch(/20\d\d-\d\d/);
  });

  it("prints tables on stdout and progress on stderr, and lets the last of two equal flags win", async () => {
    const other = join(temporaryFolder(), "run");
    const args = [
      "train",
      ...SMALL,
      "--data",
      data,
      "--phases",
      "1@1e-3",
      "--out",
      other,
      "--seed",
      "9",
      "--limit",
      "10",
    ];
    const { code, stdout, errors } = await runWeft(args);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Epoch 1\/1 {2}lr 0\.001, .* images\/s\n/);
    expect(stdout).toMatch(/attribute +loss +accuracy +loss +accuracy\n +colour( +\d\.\d+){4}\n/);
    const told = errors.join("\n");
    expect(told).toMatch(/weights +random, from seed 9/);
    expect(told).toMatch(/10 images \(8 training, 2 validation\)/);
    expect(told).toMatch(/batch norm +momentum 0\.\d+, so that averages settle within 1 step/);
    expect(told).toMatch(/epoch 1\/1: 8 images/);
    expect(JSON.parse(contentOf(other, "config.json")).training).toMatchObject({ seed: 9, limit: 10 });
  });

  it("writes the same weights file for the same seed, byte for byte, and another for another", async () => {
    const weightsOf = async (seed: string) => {
      const out = join(temporaryFolder(), "run");
      const args = [
        "train",
        ...SMALL,
        "--data",
        data,
        "--phases",
        "1@1e-3",
        "--limit",
        "20",
        "--out",
        out,
        "--seed",
        seed,
      ];
      expect((await runWeft(args)).code).toBe(0);
      return readFileSync(join(out, "weights.safetensors"));
    };
    const first = await weightsOf("5");
    expect(first.equals(await weightsOf("5"))).toBe(true);
    expect(first.equals(await weightsOf("6"))).toBe(false);
  });

  it("stops after the step on Ctrl-C, keeps the weights, and exits with 130", async () => {
    const out = join(temporaryFolder(), "run");
    const args = ["train", ...SMALL, "--data", data, "--phases", "500@1e-3", "--json", "--out", out];
    const { code, stdout, errors } = await runWeft(args, { interruptAt: /"epoch":2/ });
    expect(code).toBe(130);
    expect(errors.at(-1)).toMatch(/^interrupted; the weights so far are in /);
    expect(stdout).toBe(contentOf(out, "metrics.jsonl"));
    expect(readSafetensors(readFileSync(join(out, "weights.safetensors")), "weights").tensors.size).toBe(264);
  });

  it("starts from an earlier run's weights, its heads included", async () => {
    const out = join(temporaryFolder(), "run");
    const weights = join(run, "weights.safetensors");
    const args = [
      "train",
      ...SMALL,
      "--data",
      data,
      "--weights",
      weights,
      "--freeze",
      "backbone",
      "--phases",
      "1@1e-3",
      "--out",
      out,
    ];
    const { code, errors } = await runWeft(args);
    expect(code).toBe(0);
    expect(errors.join("\n")).toMatch(/264 tensors matched, 0 left over\n/);
    const before = readSafetensors(readFileSync(weights), "before").tensors;
    const after = readSafetensors(readFileSync(join(out, "weights.safetensors")), "after").tensors;
    const isChanged = (name: string) => {
      const old = before.get(name)?.data;
      return after.get(name)?.data.some((value, i) => value !== old?.[i]) === true;
    };
    const changed = [...after.keys()].filter(isChanged);
    expect(changed).toEqual(["colour/kernel", "colour/bias", "tone/kernel", "tone/bias"]);
  });
});

describe("weft predict and weft evaluate", () => {
  it("answer in the question's order with probabilities that evaluate agrees with", async () => {
    const answers = join(temporaryFolder(), "answer.csv");
    const predicted = await runWeft(["predict", "--model", run, "--data", data, "--out", answers]);
    expect(predicted.code).toBe(0);
    const rows = readFileSync(answers, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => line.split(","));
    const truth = contentOf(data, "Tests/answer.csv")
      .trimEnd()
      .split("\n")
      .map((line) => line.split(","));
    expect(rows.map(([image, attribute]) => [image, attribute])).toEqual(
      truth.map(([image, attribute]) => [image, attribute]),
    );
    const right: Record<string, number[]> = {};
    for (const [index, [, attribute = "", text = ""]] of rows.entries()) {
      expect(text).toMatch(/^\d\.\d{8}(;\d\.\d{8})+$/);
      const values = text.split(";").map(Number);
      expect(values.reduce((sum, value) => sum + value, 0)).toBeCloseTo(1, 5);
      const isRight = values.indexOf(Math.max(...values)) === truth[index]?.[2]?.indexOf("y");
      right[attribute] = [...(right[attribute] ?? []), isRight ? 1 : 0];
    }
    const { code, stdout } = await runWeft(["evaluate", "--model", run, "--data", data, "--json"]);
    expect(code).toBe(0);
    const evaluated = JSON.parse(stdout);
    const mean = (values: number[] = []) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(evaluated.labelled).toEqual({ colour: 5, tone: 4 });
    expect(evaluated.accuracy.colour).toBeCloseTo(mean(right.colour_labels), 10);
    expect(evaluated.accuracy.tone).toBeCloseTo(mean(right.tone_labels), 10);
    const weighted = (20 * evaluated.accuracy.colour + 14 * evaluated.accuracy.tone) / 34;
    expect(evaluated.weighted).toBeCloseTo(weighted, 10);
  });

  it("says that there are no answers, and evaluates label.csv when asked", async () => {
    const unanswered = await drawTinyData(6, 0);
    rmSync(join(unanswered, "Tests/answer.csv"));
    const refused = await runWeft(["evaluate", "--model", run, "--data", unanswered]);
    expect(refused.code).toBe(1);
    expect(refused.errors).toHaveLength(1);
    expect(refused.errors[0]).toMatch(
      /answer\.csv: no such file; evaluate needs answers\. .* --split labels$/,
    );
    const labels = await runWeft(["evaluate", "--model", run, "--data", unanswered, "--split", "labels"]);
    expect(labels.code).toBe(0);
    expect(labels.stdout).toMatch(/colour +6 +\d/);
  });
});

describe("weft augment", () => {
  it("draws images beside what training sees", async () => {
    const sheet = join(temporaryFolder(), "sheet.png");
    const { code } = await runWeft(["augment", "--data", data, "--n", "4", "--size", "48", "--out", sheet]);
    expect(code).toBe(0);
    expect(existsSync(sheet)).toBe(true);
    const { width, height } = await sharp(sheet).metadata();
    expect([width, height]).toEqual([12 + 2 * (2 * 48 + 2 + 12), 12 + 2 * (48 + 12)]);
  });
});

describe("weft --help", () => {
  it("names the commands, and a command's help its options", async () => {
    const { code, stdout } = await runWeft(["--help"]);
    expect(code).toBe(0);
    for (const name of ["train", "evaluate", "predict", "classify", "demo", "augment", "doctor"]) {
      expect(stdout).toContain(`  ${name} `);
    }
    expect(stdout).not.toMatch(/^ {2}(golden|bench)\b/m);
    const ofTrain = await runWeft(["train", "--help"]);
    expect(ofTrain.code).toBe(0);
    for (const flag of [
      "--data",
      "--weights",
      "--phases",
      "--bn-momentum",
      "--skip-bad",
      "--no-augment",
      "--adapter",
    ]) {
      expect(ofTrain.stdout).toContain(flag);
    }
  });

  it("prints the version of package.json", async () => {
    const { version } = JSON.parse(contentOf(import.meta.dirname, "../../package.json"));
    expect((await runWeft(["--version"])).stdout).toBe(`${version}\n`);
  });
});
