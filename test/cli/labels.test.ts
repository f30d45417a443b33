// Label files as people write them, through the real program: what is told, what is refused, what is counted.

import { copyFileSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { drawTinyData, temporaryFolder, writeIn } from "./tiny_data.ts";
import { type Outcome, runWeft } from "./weft.ts";

const SMALL = ["--alpha", "0.35", "--size", "32", "--batch", "8", "--phases", "1@1e-3", "--seed", "3"];
const LABELS = "Annotations/label.csv";

const linesOf = (folder: string, name: string) =>
  readFileSync(join(folder, name), "utf8").trimEnd().split("\n");

function expectOneLine({ code, errors, stdout }: Outcome, expected: RegExp): void {
  expect(errors).toHaveLength(1);
  expect(errors[0]).toMatch(expected);
  expect(code).toBe(1);
  expect(stdout).toBe("");
}

describe("a label file with everything that people do", () => {
  let folder: string;
  let run: string;
  let outcome: Outcome;

  beforeAll(async () => {
    folder = await drawTinyData(12, 4);
    copyFileSync(join(folder, "Images/train0.jpg"), join(folder, "Images/copy.jpg"));
    writeIn(folder, "Images/\u00e9.jpg", readFileSync(join(folder, "Images/test0.jpg")));
    const rows = linesOf(folder, LABELS);
    const spelled = rows.map(
      (row, i) => [row, `./${row}`, row.replace("/", "\\"), ` ${row}`, `${folder}/${row}`][i % 5],
    );
    const more = [
      "Images/copy.jpg,colour_labels,nyn", // train0 is ynn
      "Images/e\u0301.jpg,colour_labels,ynn",
      ...Array.from({ length: 12 }, (_, i) => `Images//train${i}.jpg,season_labels,nyn`),
    ];
    writeIn(folder, LABELS, `${["image,attribute,label", ...spelled, ...more].join("\r\n")}\r\n`);
    run = join(temporaryFolder(), "run");
    outcome = await runWeft(["train", ...SMALL, "--data", folder, "--json", "--out", run]);
  });

  it("trains on each file once and says what was taken otherwise than it stands there", () => {
    expect(outcome.code).toBe(0);
    const told = outcome.errors.join("\n");
    expect(told).toContain("14 images (11 training, 3 validation)");
    expect(told).toContain(`${LABELS}:1: taken for a header and skipped: image,attribute,label`);
    expect(told).toMatch(
      /\d paths with back-slashes taken for slashes, as the files are there, first Images\\/,
    );
    expect(told).toContain("1 path found under a name in another Unicode form");
  });

  it("reports copies and their contradictory labels", () => {
    const told = outcome.errors.join("\n");
    expect(told).toMatch(
      /1 image is there under 2 names, byte for byte, first Images\/train0\.jpg \(line 2\) and Images\/copy\.jpg/,
    );
    expect(told).toMatch(
      /label\.csv:\d+: Images\/copy\.jpg has the same bytes as .* another label of colour: nyn here, ynn there/,
    );
  });

  it("names the attribute of one class and leaves it out of the weighted accuracy, in evaluation too", async () => {
    expect(outcome.errors.join("\n")).toContain(
      "season: all training labels are nyn, one class of 3: it does not count in the weighted accuracy",
    );
    const weightedOf = (accuracy: Record<string, number>) => {
      const counted = [accuracy.colour ?? Number.NaN, accuracy.tone ?? Number.NaN];
      return (14 * (counted[0] ?? 0) + 8 * (counted[1] ?? 0)) / 22;
    };
    const { train } = JSON.parse(outcome.stdout);
    expect(train.weighted).toBeCloseTo(weightedOf(train.accuracy), 5);
    expect(JSON.parse(readFileSync(join(run, "config.json"), "utf8")).heads).toEqual([
      { name: "colour", classes: 3, rows: 14 },
      { name: "tone", classes: 2, rows: 8 },
      { name: "season", classes: 3, rows: 12, seenClasses: 1 },
    ]);
    const evaluated = await runWeft(["evaluate", "--model", run, "--data", folder, "--json"]);
    expect(evaluated.code).toBe(0);
    expect(evaluated.errors.join("\n")).toMatch(/not in the weighted accuracy, .*: season$/);
    const found = JSON.parse(evaluated.stdout);
    expect(found.losses.season).toBeNull();
    expect(found.accuracy.season).toBeNull();
    expect(found.losses.colour).toBeGreaterThan(0);
    expect(found.weighted).toBeCloseTo((14 * found.accuracy.colour + 8 * found.accuracy.tone) / 22, 5);
  });

  it("leaves the answers as they are where no question can be answered", async () => {
    const answers = join(temporaryFolder(), "answer.csv");
    writeIn("", answers, "earlier answers\n");
    const other = await drawTinyData(1, 1);
    writeIn(other, "Tests/question.csv", "Images/none.jpg,colour_labels,\n");
    const args = ["predict", "--model", run, "--data", other, "--out", answers, "--skip-bad"];
    expectOneLine(
      await runWeft(args),
      /^Tests\/question\.csv:1: Images\/none\.jpg: no such file; expected it in /,
    );
    expect(readFileSync(answers, "utf8")).toBe("earlier answers\n");
  });
});

describe("label files that cannot be used", () => {
  it("with --skip-bad and no good row, or no image, end before anything is written", async () => {
    const out = join(temporaryFolder(), "run");
    const folder = await drawTinyData(3, 0);
    const train = () => runWeft(["train", ...SMALL, "--data", folder, "--skip-bad", "--out", out]);
    const rows = linesOf(folder, LABELS);
    writeIn(folder, LABELS, rows.map((row) => row.replaceAll(",", ";")).join("\n"));
    expectOneLine(await train(), /label\.csv: expected rows such as .*; 5 bad rows, first .* by semicolons/);
    writeIn(folder, LABELS, rows.map((row) => row.replace("Images", "Pictures")).join("\n"));
    expectOneLine(
      await train(),
      /label\.csv:1: .* 3 of 3 images are missing; there is no folder .*Pictures: /,
    );
    expect(existsSync(out)).toBe(false);
  });

  it("with an identifier as the attribute", async () => {
    const folder = temporaryFolder();
    const rows = Array.from({ length: 44_000 }, (_, i) => `Images/i${i}.jpg,i${i},nnny\n`);
    writeIn(folder, LABELS, rows.join(""));
    expectOneLine(
      await runWeft(["train", ...SMALL, "--data", folder]),
      /^Annotations\/label\.csv:1001: the file names 44,000 attributes .* The second column should hold/,
    );
  });
});

it("one image trains, and it is said that none is left for validation", async () => {
  const folder = await drawTinyData(12, 4);
  writeIn(folder, LABELS, `${linesOf(folder, LABELS)[0]}\n`);
  const out = join(temporaryFolder(), "run");
  const { code, errors } = await runWeft(["train", ...SMALL, "--data", folder, "--out", out]);
  expect(code).toBe(0);
  expect(errors.join("\n")).toContain("no image is left for validation");
});
