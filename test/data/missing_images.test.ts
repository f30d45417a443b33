import { describe, expect, it } from "vitest";
import { findImages } from "../../src/data/missing_images.ts";
import { memoryFiles } from "./memory_files.ts";

const LABELS = "Annotations/label.csv";

/** Looks for images in a data folder that has others. */
function find(paths: readonly string[], there: readonly string[], skipBad = false) {
  const files = memoryFiles(Object.fromEntries(there.map((path) => [`data/${path}`, path])));
  const images = paths.map((path, i) => ({ path, line: i + 1, labels: [] }));
  const indices = images.map((_, index) => index).reverse();
  return findImages(files, { folder: "data", labelFile: LABELS, images }, indices, { skipBad });
}

const names = (count: number, prefix = "Images/a") =>
  Array.from({ length: count }, (_, i) => `${prefix}${i}.jpg`);

describe("findImages", () => {
  it("gives the facts of every image", async () => {
    const { facts, notes } = await find(["Images/a.jpg", "b.jpg"], ["Images/a.jpg", "b.jpg"]);
    expect([...facts].sort(([a], [b]) => a - b).map(([index, { bytes }]) => [index, bytes])).toEqual([
      [0, 12],
      [1, 5],
    ]);
    expect(notes).toEqual([]);
  });

  it("names the first that is missing, and how to go on where few are", async () => {
    const there = names(30).filter((_, i) => i !== 7 && i !== 9);
    await expect(find(names(30), [...there, "Images/x"])).rejects.toThrow(
      `${LABELS}:8: Images/a7.jpg: no such file; expected it in data; 2 of 30 images are missing. Use skipBad to leave it out.`,
    );
    const { facts, notes } = await find(names(30), there, true);
    expect(facts.size).toBe(28);
    expect(notes).toEqual([]);
  });

  it("warns with the first three where more than a tenth is missing and left out", async () => {
    const { notes } = await find(names(10), names(6), true);
    expect(notes).toEqual([
      `${LABELS}: 4 of 10 images are missing in data, more than a tenth, and left out; the first: ` +
        "Images/a6.jpg (line 7), Images/a7.jpg (line 8), Images/a8.jpg (line 9)",
    ]);
  });

  it("refuses to go on with nothing, and recommends no flag then", async () => {
    for (const skipBad of [false, true]) {
      await expect(find(names(3), ["readme"], skipBad)).rejects.toThrow(
        new RegExp(
          `^${LABELS}:1: Images/a0.jpg: no such file; expected it in data; 3 of 3 images are missing; ` +
            "there is no folder data/Images: is it unpacked, mounted, or called otherwise\\?$",
        ),
      );
    }
  });

  it.each([
    ["a.jpg", "Images/a.jpg", "; Images/a.jpg is there: paths are relative to the data folder"],
    ["set/Images/a.jpg", "Images/a.jpg", "; Images/a.jpg is there: paths are relative to the data folder"],
    [
      "/mnt/set/Images/a.jpg",
      "Images/a.jpg",
      "; Images/a.jpg is there: paths are relative to the data folder",
    ],
    ["Images/a.jpg", "Images/A.JPG", "; Images/A.JPG is there"],
    ["Images/a.jpg", "Images/a.png", "; Images/a.png is there"],
    ["Images\\a.jpg", "x.jpg", "; back-slashes are no separators here, expected slashes"],
    ["https:/host/a.jpg", "x.jpg", "; it seems to be a web address, expected a file"],
    [
      "Images/\ufffd.jpg",
      "Images/\u00e9.jpg",
      "; its name has lost a letter (\ufffd): was the file saved in another encoding?",
    ],
    [
      "Images/\u00c3\u00a9.jpg",
      "Images/\u00e9.jpg",
      "; its name seems to be UTF-8 that was read as Latin-1 and saved again: Images/\u00e9.jpg is there",
    ],
    // The bytes of 图片 in GBK are UTF-8 of two other letters.
    [
      "\u037c\u01ac/a.jpg",
      "图片/a.jpg",
      "; the label file seems to be in GBK, where the name is 图片/a.jpg, which is there: save it as UTF-8",
    ],
  ])("suggests why %j is missing where %j is there", async (path, there, cause) => {
    await expect(find([path], [there])).rejects.toThrow(
      new RegExp(`no such file; expected it in data${cause.replace(/[()?.]/g, "\\$&")}$`),
    );
  });
});
