// `weft demo` by the real program.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parseLabelCsv, parseQuestionCsv } from "../../src/formats/label_csv.ts";
import { temporaryFolder } from "./tiny_data.ts";
import { runWeft } from "./weft.ts";

describe("weft demo", () => {
  it("draws a data folder, and leaves one that is there alone", async () => {
    const folder = join(temporaryFolder(), "demo");
    const drawn = await runWeft(["demo", "--out", folder, "--images", "100", "--seed", "5"]);
    expect(drawn.errors.at(-1)).toBe(`the demo set is in ${folder}`);
    expect(drawn.code).toBe(0);
    const contentOf = (name: string) => readFileSync(join(folder, name), "utf8");
    const labels = parseLabelCsv(contentOf("Annotations/label.csv"), "label.csv");
    expect(labels.images).toHaveLength(100);
    expect(labels.heads).toHaveLength(8);
    const questions = parseQuestionCsv(contentOf("Tests/question.csv"), "question.csv");
    expect(new Set(questions.map(({ image }) => image)).size).toBe(15);
    expect(readdirSync(join(folder, "Images"))).toHaveLength(8);

    const again = await runWeft(["demo", "--out", folder, "--images", "100", "--seed", "5"]);
    expect(again.errors).toEqual([`the very same demo set is in ${folder} already`]);
    expect(again.code).toBe(0);
    const other = await runWeft(["demo", "--out", folder, "--images", "101"]);
    expect(other.errors).toHaveLength(1);
    expect(other.errors[0]).toMatch(/expected a new or empty folder .* holds another demo set/);
    expect(other.code).toBe(1);
  });

  it("needs a folder, and pictures enough for every attribute", async () => {
    expect((await runWeft(["demo"])).errors).toEqual([
      "weft: --out is missing; expected the folder to draw the demo set in",
    ]);
    const few = await runWeft(["demo", "--out", "x", "--images", "10"]);
    expect(few.errors).toEqual(['weft: --images expects a whole number from 100, received "10"']);
    expect(few.code).toBe(1);
  });
});
