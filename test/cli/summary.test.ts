// `weft summary` by the real program.

import { describe, expect, it } from "vitest";
import { runFolderOf } from "./run_config.ts";
import { temporaryFolder, writeIn } from "./tiny_data.ts";
import { runWeft } from "./weft.ts";

/** Keras 3.15, `keras.applications.<name>(weights=None, include_top=False)`: all parameters, trainable ones. */
const KERAS_TOTALS = [
  ["InceptionResNetV2", "54,336,736 (207.28 MB)", "54,276,192 (207.05 MB)", "60,544 (236.50 KB)"],
  ["NASNetLarge", "84,916,818 (323.93 MB)", "84,720,150 (323.18 MB)", "196,668 (768.23 KB)"],
  ["MobileNetV2", "2,257,984 (8.61 MB)", "2,223,872 (8.48 MB)", "34,112 (133.25 KB)"],
] as const;

const linesOf = (text: string) => text.trimEnd().split("\n");

describe("weft summary", () => {
  it.each(KERAS_TOTALS)("totals Keras' parameters of %s", async (name, total, trainable, rest) => {
    const { code, stdout, errors } = await runWeft(["summary", "--backbone", name, "--no-top"]);
    expect(errors).toEqual([]);
    expect(code).toBe(0);
    expect(linesOf(stdout).slice(-3)).toEqual([
      `Total params: ${total}`,
      `Trainable params: ${trainable}`,
      `Non-trainable params: ${rest}`,
    ]);
  });

  it("lists a run from its configuration: preprocessing, backbone, pooling, dropout, heads", async () => {
    const folder = runFolderOf({ freeze: "backbone" });
    const { code, stdout } = await runWeft(["summary", "--model", folder]);
    expect(code).toBe(0);
    const lines = linesOf(stdout);
    expect(lines[0]).toBe("Model: MobileNetV2 (alpha 0.35)");
    expect(lines[3]).toMatch(/^image \(InputLayer\) +\(None, 96, 96, 3\) +0$/);
    expect(lines[4]).toMatch(/^preprocessing \(tf\) +\(None, 96, 96, 3\) +0 {2}image$/);
    expect(lines[5]).toMatch(/^Conv1 \(Conv2D\) +\(None, 48, 48, 16\) +432 {2}preprocessing$/);
    const [pooling, dropout, colour, tone] = lines.slice(-8, -4);
    expect(pooling).toMatch(/^global_average_pooling2d \(Glob\w+\) +\(None, 1280\) +0 {2}out_relu$/);
    expect(dropout).toMatch(/^dropout \(Dropout\) +\(None, 1280\) +0 {2}global_average_pooling2d$/);
    expect(colour).toMatch(/^colour \(Dense\) +\(None, 3\) +3,843 {2}dropout$/);
    expect(tone).toMatch(/^tone \(Dense\) +\(None, 2\) +2,562 {2}dropout$/);
    // The backbone of 410,208 is frozen.
    expect(lines.slice(-3)).toEqual([
      "Total params: 416,613 (1.59 MB)",
      "Trainable params: 6,405 (25.02 KB)",
      "Non-trainable params: 410,208 (1.56 MB)",
    ]);
  });

  it("prints a line a layer with --json", async () => {
    const args = [
      "summary",
      "--backbone",
      "mobilenetv2",
      "--alpha",
      "0.35",
      "--size",
      "96",
      "--classes",
      "10",
    ];
    const { code, stdout } = await runWeft([...args, "--json"]);
    expect(code).toBe(0);
    const layers = linesOf(stdout).map((line) => JSON.parse(line));
    expect(layers[1]).toEqual({
      layer: "Conv1",
      class: "Conv2D",
      outputShape: [null, 48, 48, 16],
      parameters: 432,
      trainable: 432,
      nonTrainable: 0,
      connectedTo: ["image"],
    });
    expect(layers.find(({ layer }) => layer === "block_2_add")).toMatchObject({
      connectedTo: ["block_1_project_BN", "block_2_project_BN"],
    });
    expect(layers.at(-1)).toMatchObject({ layer: "predictions", outputShape: [null, 10], parameters: 12810 });
    expect(layers.reduce((sum, { parameters }) => sum + parameters, 0)).toBe(410_208 + 12_810);
  });

  it("refuses what does not name one network", async () => {
    const empty = temporaryFolder();
    writeIn(empty, "notes.txt", "no run");
    const cases = [
      [[], "weft: --model or --backbone is missing; expected a run's folder or a backbone's name"],
      [["--model", empty], `weft: ${empty}: not a run folder: it has no config.json`],
      [["--model", "nowhere"], "weft: nowhere: no such folder; expected the output folder of a training"],
      [["--model", empty, "--size", "96"], `weft: --model ${empty} says it all; leave --size out`],
      [["--model", empty, "--no-top"], `weft: --model ${empty} says it all; leave --no-top out`],
      [
        ["--backbone", "Xception", "--alpha", "0.5"],
        "weft: --alpha 0.5: Xception has no width to choose. Leave --alpha out.",
      ],
      [
        ["--backbone", "Xception", "--no-top", "--classes", "3"],
        "weft: --classes 3: a backbone without its top has no classes; leave one out",
      ],
    ] as const;
    for (const [args, message] of cases) {
      const { code, errors } = await runWeft(["summary", ...args]);
      expect(errors).toEqual([message]);
      expect(code).toBe(1);
    }
  });
});
