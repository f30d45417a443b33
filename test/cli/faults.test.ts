// Every kind of broken input: one line on stderr, exit code 1, no stack.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { mobileNetV2 } from "../../src/models/mobilenet_v2.ts";
import { networkWeights } from "../../src/training/network.ts";
import { drawTinyData, temporaryFolder, writeIn } from "./tiny_data.ts";
import { type Outcome, runWeft } from "./weft.ts";

const SMALL = ["--alpha", "0.35", "--size", "32", "--batch", "8", "--phases", "1@1e-3"];
const SHARED_WEIGHTS = join(import.meta.dirname, "../../../shared/weights");
const NO_TOP = join(SHARED_WEIGHTS, "mobilenet_v2_0.35_224_no_top.imagenet.h5");
const SQUEEZENET = join(SHARED_WEIGHTS, "squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5");

let data: string;

beforeAll(async () => {
  data = await drawTinyData();
});

function train(...args: string[]): Promise<Outcome> {
  return runWeft(["train", ...SMALL, "--out", join(temporaryFolder(), "run"), ...args]);
}

/** A copy of the data folder's labels with some lines changed, beside the same images. */
async function dataWithLabels(change: (lines: string[]) => string[]): Promise<string> {
  const folder = await drawTinyData();
  const lines = readFileSync(join(folder, "Annotations/label.csv"), "utf8").trimEnd().split("\n");
  writeIn(folder, "Annotations/label.csv", `${change(lines).join("\n")}\n`);
  return folder;
}

const withLine = (index: number, line: string) => (lines: string[]) => lines.with(index, line);

function expectOneLine({ code, errors, stdout }: Outcome, expected: RegExp): void {
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatch(expected);
  expect(code).toBe(1);
  expect(stdout).toBe("");
}

describe("data that cannot be used", () => {
  it("a missing folder", async () => {
    expectOneLine(
      await train("--data", "/nowhere/at/all"),
      /^weft: \/nowhere\/at\/all: no such folder; expected/,
    );
  });

  it("a missing image", async () => {
    const folder = await dataWithLabels(withLine(2, "Images/none.jpg,colour_labels,nyn"));
    expectOneLine(
      await train("--data", folder),
      /^Annotations\/label\.csv:3: Images\/none\.jpg: no such file/,
    );
  });

  it("a CSV row with two columns", async () => {
    const folder = await dataWithLabels(withLine(2, "Images/train1.jpg,colour_labels"));
    expectOneLine(await train("--data", folder), /^Annotations\/label\.csv:3: expected 3 columns .* has 2$/);
  });

  it("two y in a label", async () => {
    const folder = await dataWithLabels(withLine(0, "Images/train0.jpg,colour_labels,yyn"));
    expectOneLine(await train("--data", folder), /^Annotations\/label\.csv:1: the label yyn has 2 y/);
  });

  it("unknown letters", async () => {
    const folder = await dataWithLabels(withLine(0, "Images/train0.jpg,colour_labels,yxn"));
    expectOneLine(await train("--data", folder), /^Annotations\/label\.csv:1: .* the letter "x"/);
  });

  it("labels of different lengths within one attribute", async () => {
    const folder = await dataWithLabels(withLine(2, "Images/train1.jpg,colour_labels,nynn"));
    expectOneLine(await train("--data", folder), /^Annotations\/label\.csv:3: .* has 4 letters but .* 3$/);
  });
});

describe("images that cannot be decoded", () => {
  it("a text file named .jpg and a truncated JPEG, each with its line", async () => {
    for (const spoil of [() => "no image at all", (jpeg: Uint8Array) => jpeg.subarray(0, jpeg.length / 2)]) {
      const folder = await drawTinyData();
      const path = "Images/train1.jpg";
      writeIn(folder, path, spoil(readFileSync(join(folder, path))));
      const { code, errors } = await train("--data", folder);
      expect(errors.at(-1)).toMatch(/^Annotations\/label\.csv:3: Images\/train1\.jpg: cannot be decoded/);
      expect(errors.join("\n")).not.toMatch(/\bat .*\(|node:internal/);
      expect(code).toBe(1);
    }
  });

  it("--skip-bad goes on without them and says how many it left out", async () => {
    const folder = await drawTinyData();
    writeIn(folder, "Images/train1.jpg", "no image at all");
    writeIn(folder, "Images/train4.jpg", "no image either");
    const { code, errors } = await train("--data", folder, "--skip-bad");
    expect(errors.join("\n")).toMatch(
      /2 bad images left out, first Annotations\/label\.csv:3: Images\/train1\.jpg/,
    );
    expect(code).toBe(0);
  });
});

describe("weights that cannot be used", () => {
  it.skipIf(!existsSync(NO_TOP))("a truncated .h5 (requires shared/weights)", async () => {
    const path = join(temporaryFolder(), "cut.h5");
    writeIn("", path, readFileSync(NO_TOP).subarray(0, 500_000));
    expectOneLine(
      await train("--data", data, "--weights", path),
      /cut\.h5: truncated: .* 500000 bytes of 1787075/,
    );
  });

  it.skipIf(!existsSync(SQUEEZENET))("an .h5 of another network (requires shared/weights)", async () => {
    const outcome = await train("--data", data, "--weights", SQUEEZENET);
    expectOneLine(
      outcome,
      /do not fit MobileNetV2 .*: 0 tensors matched, 260 missing \(first Conv1\/kernel\), 50 left over/,
    );
  });

  it("a tensor of another shape, by layer, expected and found", async () => {
    const network = { backbone: mobileNetV2, alpha: 0.5, size: 32, heads: [] };
    const tensors = networkWeights(network).backbone.map(({ name, shape }) => {
      const data = new Float32Array(shape.reduce((product, extent) => product * extent, 1));
      return [name, { dtype: "F32", shape, data }] as const;
    });
    const path = join(temporaryFolder(), "wide.safetensors");
    writeIn("", path, writeSafetensors(tensors));
    const outcome = await train("--data", data, "--weights", path);
    expectOneLine(
      outcome,
      /wide\.safetensors: .* first layer block_1_project: .* expects \[1,1,\d+,8\] but the file has/,
    );
  });

  it("weights of another program, and a folder", async () => {
    const folder = temporaryFolder();
    writeIn(folder, "model.onnx", "\x08\x07\x12\x07pytorch");
    const path = join(folder, "model.onnx");
    expectOneLine(
      await train("--data", data, "--weights", path),
      /model\.onnx: this is an ONNX model; weft takes/,
    );
    expectOneLine(
      await train("--data", data, "--weights", folder),
      /: is a folder or no regular file; expected/,
    );
  });

  it("a file that is not there", async () => {
    expectOneLine(await train("--data", data, "--weights", "none.h5"), /^weft: none\.h5: no such file/);
  });
});

describe("what does not fit", () => {
  it("a batch too large for the adapter, with the largest that fits", async () => {
    const outcome = await train("--data", data, "--batch", "1000000");
    expectOneLine(
      outcome,
      /^weft: a batch of 1000000 does not fit the adapter: .*; the largest that fits is \d+\. Use --batch \d+ or a smaller --size\.$/,
    );
  });

  it("an image too small for the backbone", async () => {
    expectOneLine(
      await train("--data", data, "--size", "16"),
      /^weft: --size expects at least 32 for MobileNetV2/,
    );
  });
});

describe("a command line that cannot be used", () => {
  it.each([
    [["trian"], /^weft: unknown command 'trian'/],
    [["help", "trian"], /^weft: unknown command; weft --help lists them$/],
    [["train", "--foo"], /^weft: unknown option '--foo'/],
    [["train", "--batch", "many"], /^weft: --batch expects a whole number from 1, received "many"$/],
    [["train", "--seed", "-1"], /^weft: --seed expects a whole number from 0/],
    [["train", "--phases", "3"], /^weft: --phases expects epochs@rate/],
    [["train", "--dropout", "1"], /^weft: --dropout expects a number from 0 to below 1/],
    [["train", "--backbone", "AlexNet"], /^weft: unknown backbone AlexNet; weft has MobileNetV2/],
    [["train", "--freeze", "heads"], /^weft: option '--freeze <part>' argument 'heads' is invalid\./],
    [["train", "--data", ""], /^weft: --data expects a path, received ""$/],
    [["train", "--size", "5000"], /^weft: --size expects a whole number from 1 to 4096, received "5000"$/],
    [["augment", "--size", "100000"], /^weft: --size expects a whole number from 1 to 4096/],
    [["train", "--data"], /^weft: option '--data <folder>' argument missing$/],
    [["predict", "--data", "x"], /^weft: --model is missing; expected the output folder/],
    [["evaluate", "--model", "/nowhere"], /^weft: \/nowhere: no such folder/],
    [["classify", "a.jpg"], /^weft: --weights is missing/],
    [
      ["golden", "DIR", "--browser"],
      /^weft: golden is no command of weft any more; .* npm run golden -- FOLDER$/,
    ],
    [["bench", "--help"], /^weft: bench is no command of weft any more; .* run npm run bench$/],
    [["train", "--adapter", "no such thing"], /^weft: no adapter is called "no such thing"/],
  ])("%j", async (args, expected) => {
    const more = args[0] === "train" && args.includes("--adapter") ? [...SMALL, "--data", data] : [];
    expectOneLine(await runWeft([...args, ...more]), expected);
  });
});
