// `weft plot` by the real program.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import sharp from "sharp";
import { describe, expect, it } from "vitest";
import { runFolderOf } from "./run_config.ts";
import { temporaryFolder, writeIn } from "./tiny_data.ts";
import { runWeft } from "./weft.ts";

const NO_FONTS = '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig></fontconfig>\n';

const textsOf = (svg: string) => [...svg.matchAll(/<text [^>]*>([^<]*)<\/text>/g)].map(([, text]) => text);

describe("weft plot", () => {
  it("writes an SVG of a run with its heads, folded to blocks", async () => {
    const folder = runFolderOf();
    const out = join(folder, "network.svg");
    const { code, stdout, errors } = await runWeft(["plot", "--model", folder, "--out", out]);
    expect(code).toBe(0);
    expect(stdout).toBe("");
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(
      /^MobileNetV2 \(alpha 0\.35\): 157 layers, folded to blocks .*network\.svg, \d+ x \d+ pixels$/,
    );
    const svg = readFileSync(out, "utf8");
    const texts = textsOf(svg);
    expect(texts[0]).toBe("MobileNetV2 (alpha 0.35)");
    for (const text of [
      "colour",
      "3 classes",
      "tone",
      "2 classes",
      "dropout",
      "preprocessing",
      "block × 3",
    ]) {
      expect(texts).toContain(text);
    }
    expect(texts[1]).toMatch(/416,613 parameters/);
    expect(texts).not.toContain("block_8_expand");
    const { width = 0, height = 0 } = await sharp(Buffer.from(svg)).metadata();
    expect(errors[0]).toContain(`${width} x ${height} pixels`);
  });

  it("draws every layer when asked to, and the same picture each time", async () => {
    const folder = temporaryFolder();
    const args = ["plot", "--backbone", "MobileNetV2", "--alpha", "0.35", "--size", "96", "--no-top"];
    const paths = ["a.svg", "b.svg"].map((name) => join(folder, name));
    for (const path of paths) {
      const { code } = await runWeft([...args, "--level", "layers", "--out", path]);
      expect(code).toBe(0);
    }
    const [first = "", second] = paths.map((path) => readFileSync(path, "utf8"));
    expect(second).toBe(first);
    expect(textsOf(first)).toContain("block_8_expand");
    // A bar down the side of each of the 153 layers and of the input.
    expect(first.match(/<path d="M[^"]*a8 8 [^"]*Z" fill/g)).toHaveLength(154);
  });

  it("writes a PNG whose text needs no fonts", async () => {
    const folder = runFolderOf();
    writeIn(folder, "no_fonts.conf", NO_FONTS);
    const draw = async (name: string, variables: Record<string, string>) => {
      const out = join(folder, name);
      const { code, errors } = await runWeft(["plot", "--model", folder, "--out", out], { variables });
      expect(code).toBe(0);
      const [, width, height] = errors.join("\n").match(/(\d+) x (\d+) pixels/) ?? [];
      const { data, info } = await sharp(out).raw().toBuffer({ resolveWithObject: true });
      expect([info.width, info.height]).toEqual([Number(width), Number(height)]);
      return data;
    };
    const usual = await draw("usual.png", {});
    const bare = await draw("bare.png", { FONTCONFIG_FILE: join(folder, "no_fonts.conf") });
    expect(bare.equals(usual)).toBe(true);
  });

  it("refuses bad names in one line and writes nothing", async () => {
    const folder = temporaryFolder();
    const xception = ["--backbone", "Xception"];
    const missing = join(folder, "missing");
    const cases = [
      [[...xception], "weft: --out is missing; expected a file name that ends in .svg or .png"],
      [
        [...xception, "--out", join(folder, "a.gif")],
        `weft: --out expects a file name that ends in .svg or .png, received "${join(folder, "a.gif")}"`,
      ],
      [
        [...xception, "--out", join(missing, "a.png")],
        `weft: ${join(missing, "a.png")}: there is no folder ${missing}; make it first`,
      ],
      [
        ["--out", join(folder, "a.svg")],
        "weft: --model or --backbone is missing; expected a run's folder or a backbone's name",
      ],
      [
        [...xception, "--out", join(folder, "a.svg"), "--level", "cells"],
        "weft: option '--level <level>' argument 'cells' is invalid. Allowed choices are layers, blocks.",
      ],
    ] as const;
    for (const [args, message] of cases) {
      const { code, errors } = await runWeft(["plot", ...args]);
      expect(errors).toEqual([message]);
      expect(code).toBe(1);
    }
    expect(existsSync(join(folder, "a.svg")) || existsSync(missing)).toBe(false);
  });
});
