// What a person reads of the shaders: each idea once, in files and lines of readable size.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";

const FOLDER = join(import.meta.dirname, "../../shaders");
const MAX_COLUMNS = 120;
const MAX_LINES = 300;
/** So many equal lines in two files are one idea written twice. */
const LONGEST_RUN = 40;

const files = readdirSync(FOLDER, { recursive: true, encoding: "utf8" })
  .filter((path) => /\.(wgsl|wesl)$/.test(path))
  .map((path) => path.replaceAll("\\", "/"))
  .map((path) => ({ path, lines: readFileSync(join(FOLDER, path), "utf8").split("\n") }));

/** A file's lines of code with their numbers: no blank lines, no comments. */
function codeOf(lines: readonly string[]): { text: string; number: number }[] {
  return lines.flatMap((line, i) => {
    const text = line.replace(/\/\/.*$/, "").trim();
    return text === "" ? [] : [{ text, number: i + 1 }];
  });
}

/** Places where a run of `length` lines of code begins that stands in another file, too. */
function sharedRuns(
  sources: readonly { readonly path: string; readonly lines: readonly string[] }[],
  length: number,
): string[] {
  const seen = new Map<string, { path: string; place: string }>();
  const shared: string[] = [];
  for (const { path, lines } of sources) {
    const code = codeOf(lines);
    for (let i = 0; i + length <= code.length; i++) {
      const run = code.slice(i, i + length);
      const key = run.map(({ text }) => text).join("\n");
      const place = `${path}:${run[0]?.number}`;
      const first = seen.get(key);
      if (first && first.path !== path) shared.push(`${first.place} ~ ${place}`);
      else seen.set(key, { path, place });
    }
  }
  return shared;
}

describe("shaders", () => {
  it("are there", () => {
    expect(files.length).toBeGreaterThan(50);
  });

  it(`share no run of ${LONGEST_RUN} equal lines`, () => {
    expect(sharedRuns(files, LONGEST_RUN)).toEqual([]);
  });

  it(`have lines of at most ${MAX_COLUMNS} characters`, () => {
    const long = files.flatMap(({ path, lines }) =>
      lines.flatMap((line, i) => (line.length > MAX_COLUMNS ? [`${path}:${i + 1}`] : [])),
    );
    expect(long).toEqual([]);
  });

  it(`have at most ${MAX_LINES} lines`, () => {
    const long = files.filter(({ lines }) => lines.length > MAX_LINES + 1).map(({ path }) => path);
    expect(long).toEqual([]);
  });
});

describe("sharedRuns", () => {
  const a = { path: "a", lines: ["one", "", "two // a comment", "three", "four"] };
  it.each([
    [["  two", "// nothing", "three"], 2, ["a:3 ~ b:1"]],
    [["two", "four", "three"], 2, []],
    [["one", "two", "three", "four"], 3, ["a:1 ~ b:1", "a:3 ~ b:2"]],
  ])("finds in %j what stands in another file for %i lines", (lines, length, expected) => {
    expect(sharedRuns([a, { path: "b", lines }], length)).toEqual(expected);
  });
});
