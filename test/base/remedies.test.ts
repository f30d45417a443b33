// Faults with a remedy: the library says it by the names of settings, the command line by flags.

import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { messageOf, problemOf, WeftError } from "../../src/base/errors.ts";
import { LESS_MEMORY, LIBRARY_WORDS, type Remedy, remedyText, SLOWER } from "../../src/base/remedies.ts";
import { FLAG_WORDS } from "../../src/cli/flag_words.ts";

const REMEDY: Remedy = [
  { kind: "other", option: "out" },
  { kind: "set", option: "overwrite", purpose: "to replace the run in it" },
];

describe("a remedy", () => {
  it.each([
    [LESS_MEMORY, "Use a smaller batch or size.", "Use a smaller --batch or --size."],
    [SLOWER, "Use a smaller learning rate (phases).", "Use a smaller learning rate (--phases)."],
    [
      REMEDY,
      "Use another out or overwrite to replace the run in it.",
      "Use another --out or --overwrite to replace the run in it.",
    ],
    [
      [
        { kind: "other", option: "adapter" },
        { kind: "set", option: "precision", value: "f32" },
        { kind: "see", command: "doctor" },
      ] as const,
      'Use another adapter or precision: "f32", or see `weft doctor`.',
      "Use another --adapter or --precision f32, or see `weft doctor`.",
    ],
    [[{ kind: "set", option: "skipBad" }] as const, "Use skipBad.", "Use --skip-bad."],
    [[{ kind: "see", command: "doctor" }] as const, "See `weft doctor`.", "See `weft doctor`."],
    [[{ kind: "without", option: "alpha" }] as const, "Leave alpha out.", "Leave --alpha out."],
    [[], "", ""],
  ])("%j", (remedy, inCode, onTheCommandLine) => {
    expect(remedyText(remedy, LIBRARY_WORDS)).toBe(inCode);
    expect(remedyText(remedy, FLAG_WORDS)).toBe(onTheCommandLine);
  });
});

describe("a fault", () => {
  it("says what is wrong and what to do, in the words of who tells it", () => {
    const fault = new WeftError("runs is not empty", { remedy: REMEDY });
    expect(fault.message).toBe("runs is not empty. Use another out or overwrite to replace the run in it.");
    expect(fault.messageIn(FLAG_WORDS)).toBe(
      "runs is not empty. Use another --out or --overwrite to replace the run in it.",
    );
    expect(problemOf(fault)).toBe("runs is not empty");
    expect(messageOf(fault)).toBe(fault.message);
  });

  it("begins with the option that is at fault", () => {
    const fault = new WeftError("expects a number", { option: "bnMomentum" });
    expect(fault.message).toBe("bnMomentum expects a number");
    expect(fault.messageIn(FLAG_WORDS)).toBe("--bn-momentum expects a number");
    expect(new WeftError("plain", {}).messageIn(FLAG_WORDS)).toBe("plain");
  });

  it("of the library names no flag: that is for the command line", () => {
    const root = join(import.meta.dirname, "../../src");
    const paths = readdirSync(root, { recursive: true, encoding: "utf8" }).filter(
      (path) => path.endsWith(".ts") && !path.startsWith("cli"),
    );
    expect(paths.length).toBeGreaterThan(200);
    const flags = paths.flatMap((path) => {
      const code = readFileSync(join(root, path), "utf8").replace(/^\s*(\/\/|\/?\*).*$/gm, "");
      const found = code.match(/--[a-z][\w-]*/g) ?? [];
      // Options of other programs.
      return found
        .filter((flag) => !["--include", "--input-type"].includes(flag))
        .map((flag) => `${path}: ${flag}`);
    });
    expect(flags).toEqual([]);
  });
});
