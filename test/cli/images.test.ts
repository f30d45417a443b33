// Images that cannot be used, found before anything is computed or written; and answers about any pictures.

import { execFileSync } from "node:child_process";
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { beforeAll, describe, expect, it } from "vitest";
import { drawTinyData, temporaryFolder, writeIn } from "./tiny_data.ts";
import { type Outcome, runWeft } from "./weft.ts";

const SMALL = ["--alpha", "0.35", "--size", "32", "--batch", "8", "--phases", "1@1e-3"];
const CANNOT = "cannot be decoded as a JPEG, PNG or WebP image";

let data: string;
let run: string;

beforeAll(async () => {
  data = await drawTinyData();
  run = join(temporaryFolder(), "run");
  expect((await runWeft(["train", ...SMALL, "--data", data, "--out", run])).code).toBe(0);
});

function expectOneLine({ code, errors, stdout }: Outcome, expected: RegExp): void {
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatch(expected);
  expect(code).toBe(1);
  expect(stdout).toBe("");
}

/** A data folder with some images spoilt: what each becomes. */
async function spoilt(images: Record<string, (whole: Uint8Array, path: string) => void>): Promise<string> {
  const folder = await drawTinyData();
  for (const [name, spoil] of Object.entries(images)) {
    const path = join(folder, "Images", name);
    const whole = readFileSync(path);
    rmSync(path);
    spoil(whole, path);
  }
  return folder;
}

const cut = (whole: Uint8Array, path: string) => writeIn("", path, whole.subarray(0, whole.length / 2));
const missing = () => {};
const replaced = (content: string) => (_: Uint8Array, path: string) => writeIn("", path, content);

describe("images are looked at before the first step", () => {
  it("each kind of bad image ends a training in one line, and nothing is written", async () => {
    const out = join(temporaryFolder(), "run");
    const huge = await sharp({ create: { width: 12_000, height: 9_000, channels: 3, background: "#888888" } })
      .png()
      .toBuffer();
    for (const [spoil, expected] of [
      [cut, /truncated: the file ends after \d+ bytes, before the end of its picture\)/],
      [missing, /no such file; expected it in /],
      [replaced(""), /\(it is empty\)/],
      [replaced("GIF89a"), /\(it is a GIF image; convert it to PNG or JPEG\)/],
      [(_: Uint8Array, path: string) => void execFileSync("mkfifo", [path]), /\(it is a named pipe;/],
      [(_: Uint8Array, path: string) => writeIn("", path, huge), /12000 x 9000 are 108,000,000 pixels; more/],
    ] as const) {
      const folder = await spoilt({ "train19.jpg": spoil });
      const outcome = await runWeft(["train", ...SMALL, "--data", folder, "--out", out]);
      expectOneLine(outcome, expected);
      expect(outcome.errors[0]).toMatch(/^Annotations\/label\.csv:\d+: Images\/train19\.jpg: .*--skip-bad/);
      expect(existsSync(out)).toBe(false);
    }
  });

  it("evaluate, predict and augment look as well, and predict leaves earlier answers alone", async () => {
    const folder = await spoilt({ "test3.jpg": cut, "test4.jpg": cut });
    const answers = join(temporaryFolder(), "answer.csv");
    writeIn("", answers, "earlier answers\n");
    const use = ["--model", run, "--data", folder];
    const expected =
      /:\d+: Images\/test3\.jpg: .*\(truncated: .*\) \(and 1 more of 5 images, Tests\/\w+\.csv:\d+: Images\/test4\.jpg: cannot be/;
    expectOneLine(await runWeft(["evaluate", ...use]), expected);
    expectOneLine(await runWeft(["predict", ...use, "--out", answers]), expected);
    expect(readFileSync(answers, "utf8")).toBe("earlier answers\n");
    const every = Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`train${i}.jpg`, cut]));
    const sheet = join(temporaryFolder(), "sheet.png");
    const augmented = await runWeft(["augment", "--data", await spoilt(every), "--n", "2", "--out", sheet]);
    expectOneLine(augmented, /^weft: Annotations\/label\.csv: none of the 2 images can be used, first /);
    expect(existsSync(sheet)).toBe(false);
  });

  it("options and weights that cannot be are refused before any image is looked at", async () => {
    const folder = await spoilt({ "train19.jpg": missing });
    const out = join(temporaryFolder(), "run");
    const train = (...options: string[]) => {
      return runWeft(["train", ...SMALL, "--data", folder, "--out", out, ...options]);
    };
    expectOneLine(await train("--size", "20"), /^weft: --size expects at least 32 for MobileNetV2/);
    const nowhere = join(folder, "nowhere.h5");
    expectOneLine(await train("--weights", nowhere), /nowhere\.h5: no such file/);
    expect(existsSync(out)).toBe(false);
  });
});

describe("the answers' file", () => {
  it("is none of the files that the answers come from, by whatever name", async () => {
    const folder = await drawTinyData();
    const question = join(folder, "Tests/question.csv");
    const image = join(folder, readFileSync(question, "utf8").split(",")[0] ?? "");
    const link = join(folder, "link.csv");
    symlinkSync(question, link);
    const inputs = [question, image, link, join(folder, "Annotations/label.csv"), join(run, "config.json")];
    const contents = () => inputs.map((path) => readFileSync(path, "latin1"));
    const before = contents();
    const refused = /: the answers would replace what they come from; choose another --out$/;
    for (const out of inputs)
      expectOneLine(await runWeft(["predict", "--model", run, "--data", folder, "--out", out]), refused);
    const pictures = ["predict", "--model", run, "--images", join(folder, "Images"), "--out"];
    expectOneLine(await runWeft([...pictures, image]), refused);
    expectOneLine(await runWeft([...pictures, join(run, "weights.safetensors")]), refused);
    expect(contents()).toEqual(before);
  });
});

describe("--skip-bad", () => {
  it("with nothing left is an error, and what was there stays", async () => {
    const every = Object.fromEntries(
      readdirSync(join(data, "Images")).map((name, i) => [name, i % 2 ? missing : replaced("no image")]),
    );
    const folder = await spoilt(every);
    const before = readFileSync(join(run, "weights.safetensors"));
    const answers = join(temporaryFolder(), "answer.csv");
    writeIn("", answers, "earlier answers\n");
    const use = ["--data", folder, "--skip-bad"];
    for (const args of [
      ["train", ...SMALL, ...use, "--out", run, "--overwrite"],
      ["evaluate", "--model", run, ...use],
      ["predict", "--model", run, ...use, "--out", answers],
      ["augment", ...use, "--out", join(folder, "sheet.png")],
    ]) {
      const { code, errors } = await runWeft(args);
      expect(errors.at(-1), args[0]).toMatch(/none of the \d+ images can be used, first \w+\/\w+\.csv:\d+: /);
      expect(errors.at(-1), args[0]).not.toMatch(/--skip-bad to leave/);
      expect(code, args[0]).toBe(1);
    }
    expect(readFileSync(join(run, "weights.safetensors")).equals(before)).toBe(true);
    expect(readFileSync(answers, "utf8")).toBe("earlier answers\n");
    expect(existsSync(join(folder, "sheet.png"))).toBe(false);
  });

  it("with more than a tenth left out warns, names three and the likely cause, and goes on", async () => {
    const bad = Object.fromEntries(Array.from({ length: 5 }, (_, i) => [`train${i}.jpg`, missing]));
    const folder = await spoilt(bad);
    const out = join(temporaryFolder(), "run");
    const { code, errors } = await runWeft(["train", ...SMALL, "--data", folder, "--skip-bad", "--out", out]);
    const told = errors.join("\n");
    expect(told).toMatch(/left out, first Annotations\/label\.csv:1: Images\/train0\.jpg: no such file/);
    expect(told).toMatch(/Images\/train1\.jpg: no such/);
    expect(told).toMatch(/Images\/train2\.jpg: no such/);
    expect(told).not.toMatch(/Images\/train3\.jpg: no such/);
    expect(told).toMatch(
      /label\.csv: 5 of 20 images are missing in .*, more than a tenth, and left out; the first: /,
    );
    expect(told).toMatch(/15 images \(12 training, 3 validation\)/);
    expect(code).toBe(0);
  });

  it("leaves bad questions out of the answers", async () => {
    const answers = join(temporaryFolder(), "answer.csv");
    const use = ["--model", run, "--data", await spoilt({ "test1.jpg": cut })];
    const { code, errors } = await runWeft(["predict", ...use, "--skip-bad", "--out", answers]);
    expect(code).toBe(0);
    expect(errors.join("\n")).toMatch(
      /1 bad image left out, first Tests\/question\.csv:3: Images\/test1\.jpg/,
    );
    const rows = readFileSync(answers, "utf8").trimEnd().split("\n");
    expect(rows.map((row) => row.split(",")[0])).toEqual(
      [0, 0, 2, 3, 3, 4, 4].map((i) => `Images/test${i}.jpg`),
    );
  });
});

describe("weft predict --images", () => {
  let pictures: string;

  beforeAll(() => {
    pictures = join(temporaryFolder(), "pictures");
    const copy = (from: string, to: string) => {
      mkdirSync(join(pictures, to, ".."), { recursive: true });
      copyFileSync(join(data, "Images", from), join(pictures, to));
    };
    copy("train1.jpg", "z.jpg");
    copy("train2.jpg", "below/no ending, a comma");
    copy("train3.jpg", "a JPEG.png");
    copy("train4.jpg", ".thumbnails/z.jpg");
    writeIn(pictures, "notes.txt", "not a picture");
    writeIn(pictures, "Thumbs.db", "");
    symlinkSync("..", join(pictures, "below/up"));
  });

  const predict = (...args: string[]) => runWeft(["predict", "--model", run, ...args]);

  it("answers about all pictures in a folder and below, by content, as the data folder's answers", async () => {
    const out = join(temporaryFolder(), "new/answer.csv");
    const { code, stdout, errors } = await predict("--images", pictures, "--out", out);
    expect(code).toBe(0);
    expect(stdout).toBe("");
    expect(errors.join("\n")).toMatch(/2 other files passed over, first .*Thumbs\.db/);
    expect(readdirSync(join(out, ".."))).toEqual(["answer.csv"]);
    const rows = readFileSync(out, "utf8").trimEnd().split("\n");
    const start = rows.map((row) => /^(.*),(colour|tone),(\d\.\d{8};?)+$/.exec(row)?.slice(1, 3));
    const names = ["a JPEG.png", '"below/no ending, a comma"', "z.jpg"].map((name) =>
      name.replace(/^"?/, (quote) => `${quote}${pictures}/`),
    );
    expect(start).toEqual(
      names.flatMap((name) => [
        [name, "colour"],
        [name, "tone"],
      ]),
    );
    const labels = readFileSync(join(data, "Annotations/label.csv"), "utf8");
    const asked = join(temporaryFolder(), "data");
    writeIn(asked, "Tests/question.csv", labels.replace(/,[nmy]+$/gm, ","));
    symlinkSync(join(data, "Images"), join(asked, "Images"));
    const answers = join(asked, "answer.csv");
    expect((await predict("--data", asked, "--out", answers)).code).toBe(0);
    const valuesOf = (text: string, part: string) =>
      text
        .split("\n")
        .find((row) => row.includes(part))
        ?.split(",")
        .at(-1)
        ?.split(";")
        .map(Number) ?? [];
    const there = valuesOf(readFileSync(answers, "utf8"), "train1.jpg,colour");
    for (const [i, value] of valuesOf(rows.join("\n"), "z.jpg,colour").entries()) {
      expect(value).toBeCloseTo(there[i] ?? Number.NaN, 4); // other batches, other sums
    }
  });

  it("prints JSON lines on stdout, files and folders in their order, each picture once", async () => {
    const { code, stdout } = await predict("--json", "--images", join(pictures, "z.jpg"), pictures);
    expect(code).toBe(0);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ image }) => image)).toEqual(
      ["z.jpg", "a JPEG.png", "below/no ending, a comma"].map((name) => `${pictures}/${name}`),
    );
    for (const { predictions } of lines) {
      expect(Object.keys(predictions)).toEqual(["colour", "tone"]);
      for (const values of [predictions.colour, predictions.tone]) {
        expect(values.reduce((sum: number, value: number) => sum + value, 0)).toBeCloseTo(1, 5);
      }
    }
  });

  it("names bad pictures and answers nothing, or with --skip-bad the others", async () => {
    const folder = temporaryFolder();
    copyFileSync(join(data, "Images/train1.jpg"), join(folder, "good.jpg"));
    copyFileSync(join(data, "Images/train2.jpg"), join(folder, "good too.jpg"));
    writeIn(folder, "empty.jpg", "");
    writeIn(folder, "drawing.svg", "<svg/>");
    const out = join(temporaryFolder(), "answer.csv");
    writeIn("", out, "earlier answers\n");
    const stopped = await predict("--images", folder, "--out", out);
    expectOneLine(
      stopped,
      /drawing\.svg: .*\(it is an SVG drawing; .*and 1 more of 4 images, .*empty\.jpg: .*--skip-bad/,
    );
    expect(readFileSync(out, "utf8")).toBe("earlier answers\n");
    const skipped = await predict("--images", folder, "--out", out, "--skip-bad");
    expect(skipped.code).toBe(0);
    expect(skipped.errors.join("\n")).toMatch(/2 bad images left out, first .*drawing\.svg/);
    expect(readFileSync(out, "utf8").trimEnd().split("\n")).toHaveLength(4);
  });

  it("refuses what is no place of pictures, and answers that cannot be written", async () => {
    const folder = temporaryFolder();
    expectOneLine(await predict("--images", ""), /^weft: --images expects a path, received ""$/);
    expectOneLine(await predict("--images", "/nowhere"), /^weft: \/nowhere: no such file or folder$/);
    expectOneLine(await predict("--images", folder), /no pictures; expected JPEG, PNG or WebP files/);
    writeIn(folder, "notes.txt", "not a picture");
    const { code, errors } = await predict("--images", folder);
    expect(code).toBe(1);
    expect(errors.at(-1)).toMatch(/no pictures; expected .*; found 1 other file, first .*notes\.txt$/);
    expectOneLine(
      await predict("--images", join(folder, "notes.txt")),
      new RegExp(`notes\\.txt: ${CANNOT} \\(it is text\\)$`),
    );
    const picture = join(pictures, "z.jpg");
    expectOneLine(await predict("--images", picture, "--out", folder), /: is a folder, .*; expected a file$/);
    expectOneLine(
      await predict("--images", picture, "--data", data),
      /--images and --data exclude each other/,
    );
    expectOneLine(await predict("--json", "--data", data), /--json is for --images/);
    expectOneLine(
      await predict("--images", picture, "--max-pixels", "1599"),
      /40 x 40 are 1,600 pixels; more than 1,599/,
    );
  });
});

describe("commands that were taken for one another", () => {
  it("classify on a run and predict on a folder of pictures or a weights file point at the right one", async () => {
    const picture = join(data, "Images/train1.jpg");
    for (const weights of [run, join(run, "weights.safetensors")]) {
      const outcome = await runWeft(["classify", picture, "--weights", weights]);
      expectOneLine(
        outcome,
        /belongs to a trained run, .*: weft predict --model .*run --images .*train1\.jpg$/,
      );
    }
    const images = join(data, "Images");
    expectOneLine(
      await runWeft(["predict", "--model", run, "--data", images]),
      /Tests\/question\.csv: no such file; .*: weft predict --model RUN --images .*Images$/,
    );
    const file = join(run, "weights.safetensors");
    expectOneLine(
      await runWeft(["predict", "--model", file, "--images", picture]),
      /weights\.safetensors: is a file; predict takes the output folder .* weft classify/,
    );
  });
});
