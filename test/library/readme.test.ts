// README.md as a reader follows it: its programs and cheap commands run from the installed package, and every
// command names a script, a subcommand and flags that there are.

import { cpSync, existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { libraryEntries } from "../../src/cli/build.mjs";
import { drawTinyData, writeIn } from "../cli/tiny_data.ts";
import { type InstalledPackage, installPackage, ROOT, runNode } from "./installed_package.ts";

const README = readFileSync(join(ROOT, "README.md"), "utf8");
const WEIGHTS = join(ROOT, "test/golden/keras_files/mobilenet_v2_heads.h5");

/** Many processes one after the other, on a machine that may be busy. */
const PATIENCE_MS = 300_000;

let installed: InstalledPackage;
let data: string;

beforeAll(async () => {
  installed = await installPackage();
  data = await drawTinyData();
}, PATIENCE_MS);

/** Commands in indented blocks and in back-ticks, without comments, one by one. */
function commandsOf(text: string): string[] {
  const blocks = [...text.matchAll(/^ {4}(\S.*)$/gm)].map(([, line]) => line ?? "");
  const inline = [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => (code ?? "").replace(/\s+/g, " "));
  return [...blocks, ...inline]
    .flatMap((line) => line.replace(/\s#.*/, "").split("&&"))
    .map((command) => command.trim().replace(/^\/usr\/bin\/time -v /, ""))
    .filter((command) => /^(?:npx |npm run |weft [a-z])/.test(command));
}

/** The words after `weft` of a command that starts it, as `npx weft …` or by a script of package.json. */
function weftWords(command: string): string[] | undefined {
  const direct = command.match(/^(?:npx )?weft (.*)$/)?.[1];
  if (direct !== undefined) return direct.split(" ");
  const [, script = "", rest = ""] = command.match(/^npm run (\S+)(?: -- (.*))?$/) ?? [];
  const start = installed.manifest.scripts[script]?.match(/^node src\/cli\/weft\.mjs ?(.*)$/)?.[1];
  return start === undefined ? undefined : `${start} ${rest}`.trim().split(" ");
}

const runWeft = (words: readonly string[]) =>
  runNode([join(installed.folder, installed.manifest.bin.weft), ...words], installed.project);

const PROGRAMS = [...README.matchAll(/^```js\n(.*?)^```$/gms)].map(([, code]) => code ?? "");

describe("README's programs", () => {
  it("are there", () => {
    expect(PROGRAMS.length).toBeGreaterThan(0);
  });

  it.each(PROGRAMS)("run in plain Node and train: %#", async (code) => {
    // What a reader has at hand: a folder of photographs, and the network for the official weights.
    cpSync(data, join(installed.project, "photos"), { recursive: true });
    const atHand = code
      .replace('"imagenet"', JSON.stringify(WEIGHTS))
      .replace("size: 64", "size: 64, batch: 4");
    writeIn(installed.project, "first.mjs", atHand);
    const { stdout, errors, code: exitCode } = await runNode(["first.mjs"], installed.project);
    expect(errors).toEqual([]);
    expect(exitCode).toBe(0);
    const lines = stdout.trim().split("\n");
    if (code.includes("fineTune")) {
      expect(existsSync(join(installed.project, "runs/first/weights.safetensors"))).toBe(true);
      expect(lines.filter((line) => /^(colour|tone) Float32Array\(\d\) \[/.test(line))).toHaveLength(2);
    }
    const epochs = lines.filter((line) => /^\d+ \d/.test(line));
    const losses = epochs.map((line) => Number(line.split(" ")[1]));
    expect(losses.length).toBeGreaterThan(1);
    expect(losses[0]).toBeGreaterThan(0.5);
    expect(losses.at(-1)).toBeLessThan((losses[0] ?? 0) * (code.includes("fineTune") ? 0.95 : 0.5));
  });

  it("and the text around them name what the package exports", async () => {
    const section = README.match(/^## As a library$.*?(?=^## )/ms)?.[0] ?? "";
    const named = [...section.matchAll(/`([A-Za-z]+)(?:\.[a-z]\w*)?`/g)].map(([, name]) => name ?? "");
    const classes = named.filter((name) => /^[A-Z]|^layOut/.test(name));
    expect(classes).toContain("Graph");
    const entries = await Promise.all(
      Object.values(libraryEntries()).map((path) => import(join(ROOT, path)) as Promise<object>),
    );
    const exported = entries.flatMap((entry) => Object.keys(entry));
    expect(classes.filter((name) => !exported.includes(name))).toEqual([]);
    const imported = [...section.matchAll(/`weft(\/\w+)?`/g)].map(([, path]) => `.${path ?? ""}`);
    const there = Object.keys(installed.manifest.exports).filter((path) => path !== "./package.json");
    expect([...new Set(imported)].sort()).toEqual(there.sort());
  });
});

describe("README's commands", () => {
  it(
    "name scripts, subcommands and flags that there are",
    async () => {
      const commands = commandsOf(README);
      expect(commands.length).toBeGreaterThan(20);
      const helps = new Map<string, string>();
      for (const command of commands) {
        const words = weftWords(command);
        if (!words) {
          const script = command.match(/^npm run (\S+)/)?.[1] ?? "";
          expect(Object.keys(installed.manifest.scripts), command).toContain(script);
          continue;
        }
        const [name = ""] = words;
        if (name === "help") continue; // run below
        if (!helps.has(name)) helps.set(name, (await runWeft(["help", name])).stdout);
        for (const flag of words.filter((word) => word.startsWith("--"))) {
          expect(helps.get(name), command).toMatch(new RegExp(`${flag}\\b`));
        }
      }
    },
    PATIENCE_MS,
  );

  /** What stands for something, as the sections "Your own data" and "Networks and their weights" use it. */
  const meaning = (word: string): string => ({ DIR: data, "FILE.h5": WEIGHTS, FILE: WEIGHTS })[word] ?? word;
  const SMALL = ["--alpha", "0.35", "--size", "32", "--batch", "8", "--phases", "1@1e-3"];
  /** Commands that are cheap, in the order in which a reader types them, with what keeps them small. */
  const CHEAP: readonly [command: string, more?: readonly string[]][] = [
    ["npm run train -- --data DIR --backbone MobileNetV2 --weights FILE.h5 --out RUN", SMALL],
    ["npx weft evaluate --model RUN --data DIR"],
    ["npx weft predict --model RUN --data DIR --out answer.csv"],
    ["npx weft augment --data DIR --n 16 --out sheet.png"],
    ["npx weft help train"],
    ["npx weft backbones"],
    ["npx weft summary --model RUN"],
    ["npx weft plot --model RUN --out net.svg"],
    ["npx weft export --model RUN --out model.keras"],
    ["npx weft plan --backbone NAME --size PX --batch N"],
    ["npm run doctor"],
  ];

  it(
    "run from the package, the cheap ones",
    async () => {
      const written = new Set(commandsOf(README));
      for (const [command, more = []] of CHEAP) {
        expect([...written], "README.md has changed: change CHEAP as well").toContain(command);
        const sizes: Record<string, string> = { NAME: "MobileNetV2", PX: "96", N: "16" };
        const words = (weftWords(command) ?? []).map((word) => sizes[word] ?? meaning(word));
        const { code, errors } = await runWeft([...words, ...more]);
        expect(code, `${command}: ${errors.join("\n")}`).toBe(0);
      }
      const made = ["RUN/weights.safetensors", "answer.csv", "sheet.png", "net.svg", "model.keras"];
      for (const name of made) expect(existsSync(join(installed.project, name)), name).toBe(true);
    },
    PATIENCE_MS,
  );
});
