// The public API: few names at the top, every name documented where it is declared, one meaning a name.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { libraryEntries } from "../../src/cli/build.mjs";
import { exportsOf, readBelow } from "./exports.ts";

const ROOT = join(import.meta.dirname, "..", "..");
const MOST_NAMES_AT_THE_TOP = 40;
/** A word or two say nothing that the name does not. */
const SHORTEST_COMMENT = 15;
/** Functions of `weft` that `weft/node` has with Node's platform handed in: the same meaning, fewer arguments. */
const BOUND_TO_NODE = ["fineTune"];

const read = readBelow(ROOT);
const ENTRIES = Object.entries(libraryEntries());
const exported = ENTRIES.flatMap(([entry, path]) =>
  exportsOf(path, read).map((name) => ({ ...name, entry, path })),
);

describe("the library's entries", () => {
  it("are those of package.json", () => {
    const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8"));
    const { "./package.json": _, ...entries } = manifest.exports;
    const expected = ENTRIES.map(([name, path]) => [
      name === "weft" ? "." : `./${name}`,
      { types: path.replace(/^src\/(.*)\.ts$/, "./dist/types/$1.d.ts"), default: `./dist/${name}.js` },
    ]);
    expect(entries).toEqual(Object.fromEntries(expected));
    expect(manifest.sideEffects).toBe(false);
    expect(readdirSync(join(ROOT, "src/entries")).length).toBe(ENTRIES.length - 3);
  });

  it(`have at most ${MOST_NAMES_AT_THE_TOP} names at the top`, () => {
    const names = exported.filter(({ entry }) => entry === "weft").map(({ name }) => name);
    expect(names.length).toBeGreaterThan(20);
    expect(names.length, names.join(", ")).toBeLessThanOrEqual(MOST_NAMES_AT_THE_TOP);
  });

  it("give one meaning to a name, and a name once, but for those that the top repeats", () => {
    const seen = new Map<string, { entry: string; declaredIn: string | undefined }>();
    const faults: string[] = [];
    for (const { entry, name, declaredIn } of exported) {
      const before = seen.get(name);
      if (entry === "node" && BOUND_TO_NODE.includes(name)) continue;
      if (!before) seen.set(name, { entry, declaredIn });
      else if (before.declaredIn !== declaredIn || before.entry !== "weft") {
        faults.push(`${name} of ${entry} (${declaredIn}) and of ${before.entry} (${before.declaredIn})`);
      }
    }
    expect(faults).toEqual([]);
  });

  it("have a doc comment for every name", () => {
    const faults = exported.flatMap(({ path, name, declaredIn, comment }) => {
      if (declaredIn === undefined) return [`${path} exports ${name}, which is declared nowhere`];
      const words = comment?.replace(/^\/\*\*|\*\/$|^\s*\*/gm, "").trim() ?? "";
      return words.length < SHORTEST_COMMENT
        ? [`${declaredIn} declares ${name}, which ${path} exports, without a doc comment`]
        : [];
    });
    expect([...new Set(faults)].sort()).toEqual([]);
  });
});

describe("the reading of exports", () => {
  const sources: Readonly<Record<string, string>> = {
    "src/entry.ts":
      'export { a, type B as C } from "./deep/x.ts";\nexport type { Gone } from "./deep/x.ts";\n',
    "src/deep/x.ts": [
      "/** Adds. */\nexport async function a() {}\n\nexport interface B {}\n",
      "/** Two. */\nexport const {\n  one,\n  two: d,\n} = both();\n",
    ].join(""),
    "src/all.ts": 'export * from "./deep/x.ts";\n',
    "src/far.ts":
      '/** Far off. */\n\nexport class Far {}\n/** Near. */\nconst near = 1;\nexport { d } from "./deep/x.ts";\n',
  };
  const exportsIn = (path: string) => exportsOf(path, (name) => sources[name] ?? "");

  it("finds declarations and the comments right before them", () => {
    expect(exportsIn("src/entry.ts")).toEqual([
      { name: "a", declaredIn: "src/deep/x.ts", comment: "/** Adds. */\n" },
      { name: "C", declaredIn: "src/deep/x.ts", comment: undefined },
      { name: "Gone", declaredIn: undefined, comment: undefined },
    ]);
    expect(exportsIn("src/far.ts")).toEqual([
      { name: "Far", declaredIn: "src/far.ts", comment: undefined },
      { name: "d", declaredIn: "src/deep/x.ts", comment: "/** Two. */\n" },
    ]);
    expect(() => exportsIn("src/all.ts")).toThrow("src/all.ts: export * hides what is exported; name it");
  });
});
