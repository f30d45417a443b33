// The look at all images, as commands do it: what it remembers, and what it takes for the likely cause.

import { linkSync, mkdirSync, readdirSync, utimesSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { checkImages } from "../../src/cli/checked_images.ts";
import type { SurveyedBadImage } from "../../src/data/image_survey.ts";
import { likelyCause } from "../../src/data/likely_cause.ts";
import { pictureSet } from "../../src/data/pictures.ts";
import { createNodeImageDecoder } from "../../src/platform/node/images.ts";
import { drawSquare, temporaryFolder, writeIn } from "./tiny_data.ts";

afterEach(() => vi.unstubAllEnvs());

const IMAGES = 1000;

describe("checkImages", () => {
  it("remembers a data folder's good images in the cache folder, and looks at changed ones again", async () => {
    vi.stubEnv("WEFT_CACHE", temporaryFolder());
    const folder = temporaryFolder();
    writeIn(folder, "0.jpg", await drawSquare(0, 0, 0));
    for (let i = 1; i < IMAGES; i++) linkSync(join(folder, "0.jpg"), join(folder, `${i}.jpg`));
    writeIn(folder, "another.jpg", await drawSquare(1, 0, 0));
    const paths = [...Array.from({ length: IMAGES }, (_, i) => `${i}.jpg`), "another.jpg"];
    const dataset = { ...pictureSet(paths, []), folder, labelFile: "Annotations/label.csv" };
    const all = [...paths.keys()];
    const inspected = async () => {
      const inspector = createNodeImageDecoder();
      const inspect = vi.spyOn(inspector, "inspect");
      expect(await checkImages(dataset, all, inspector, {})).toEqual(all);
      return inspect.mock.calls.length;
    };
    expect(await inspected()).toBe(paths.length);
    expect(await inspected()).toBe(0);
    utimesSync(join(folder, "another.jpg"), 1, 1);
    expect(await inspected()).toBe(1);
    expect(await inspected()).toBe(0);
  });

  it("remembers no folder of few images, and no more than 32 folders", async () => {
    const cache = temporaryFolder();
    vi.stubEnv("WEFT_CACHE", cache);
    const checks = join(cache, "image-checks");
    const folder = temporaryFolder();
    writeIn(folder, "0.jpg", await drawSquare(0, 0, 0));
    const few = { ...pictureSet(["0.jpg"], []), folder };
    await checkImages(few, [0], createNodeImageDecoder(), {});
    expect(readdirSync(cache)).toEqual([]);
    mkdirSync(checks);
    for (let i = 0; i < 40; i++) {
      writeIn(checks, `${i}.json`, "{}");
      utimesSync(join(checks, `${i}.json`), i, i);
    }
    const many = {
      ...few,
      images: Array.from({ length: IMAGES }, () => few.images[0]).flatMap((one) => one ?? []),
    };
    await checkImages(many, [...many.images.keys()], createNodeImageDecoder(), {});
    const left = readdirSync(checks);
    expect(left).toHaveLength(32);
    expect(left.filter((name) => /^\d\.json$/.test(name))).toEqual(["9.json"]);
  });

  it("goes on where the cache folder cannot be", async () => {
    const cache = temporaryFolder();
    writeIn(cache, "image-checks", "a file");
    vi.stubEnv("WEFT_CACHE", cache);
    const told: string[] = [];
    vi.spyOn(process.stderr, "write").mockImplementation((text) => told.push(String(text)) > 0);
    const folder = temporaryFolder();
    writeIn(folder, "0.jpg", await drawSquare(0, 0, 0));
    const paths = Array.from({ length: IMAGES }, () => "0.jpg");
    const dataset = { ...pictureSet(paths, []), folder };
    const all = [...paths.keys()];
    expect(await checkImages(dataset, all, createNodeImageDecoder(), {})).toEqual(all);
    vi.restoreAllMocks();
    expect(told.join("")).toMatch(/^what is found of the images is not remembered: .*image-checks: /);
  });
});

describe("likelyCause", () => {
  const bad = (kind: SurveyedBadImage["kind"], path: string): SurveyedBadImage => ({
    index: 0,
    kind,
    path,
    message: "",
  });
  const dataset = { ...pictureSet([], []), folder: "data" };

  it.each([
    ["missing", "Images/a.jpg", /^is data the right one, mounted/],
    ["unreadable", "Images/a.jpg", /may this user read/],
    ["truncated", "Images/a.jpg", /copied or downloaded completely/],
    ["empty", "Images/a.jpg", /copied or downloaded completely/],
    ["foreign", "Images/a.gif", /only JPEG, PNG and WebP/],
    ["large", "Images/a.png", /Larger ones than usual can be allowed/],
  ] as const)("of %s images such as %s", (kind, path, expected) => {
    const images = [bad(kind, path), bad(kind, path), bad(kind === "large" ? "empty" : "large", "other.jpg")];
    expect(likelyCause(dataset, images)).toMatch(expected);
  });
});
