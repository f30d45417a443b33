import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { writeStreamed } from "../../../src/platform/node/streamed_file.ts";

const newFolder = () => mkdtempSync(join(tmpdir(), "weft-streamed-"));

it("writes pieces one behind the other, and shows them only when all are there", async () => {
  const path = join(newFolder(), "new/answers.csv");
  const result = await writeStreamed(path, async (append) => {
    for (let i = 0; i < 1000; i++) append(`${i} é\n`);
    expect(readdirSync(join(path, ".."))).not.toContain("answers.csv");
    return "done";
  });
  expect(result).toBe("done");
  expect(readFileSync(path, "utf8")).toBe(Array.from({ length: 1000 }, (_, i) => `${i} é\n`).join(""));
  expect(readdirSync(join(path, ".."))).toEqual(["answers.csv"]);
});

it("leaves what was there, and nothing beside it, where the work fails", async () => {
  const folder = newFolder();
  const path = join(folder, "answers.csv");
  writeFileSync(path, "earlier");
  const work = writeStreamed(path, async (append) => {
    append("half a line");
    throw new Error("a bad image");
  });
  await expect(work).rejects.toThrow("a bad image");
  expect(readFileSync(path, "utf8")).toBe("earlier");
  expect(readdirSync(folder)).toEqual(["answers.csv"]);
});

it("names the file where it cannot be written", async () => {
  const folder = newFolder();
  await expect(writeStreamed(folder, async (append) => append("x"))).rejects.toThrow(`${folder}: `);
  writeFileSync(join(folder, "file"), "");
  const below = join(folder, "file/answers.csv");
  await expect(writeStreamed(below, async (append) => append("x"))).rejects.toThrow(
    /file.*: .*(folder|file)/,
  );
});
