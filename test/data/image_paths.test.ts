import { describe, expect, it } from "vitest";
import type { FileSystem } from "../../src/base/platform.ts";
import { loadDataset } from "../../src/data/dataset.ts";
import { resolveImagePaths } from "../../src/data/image_paths.ts";
import { MEMORY_ROOT, type MemoryOptions, memoryFiles } from "./memory_files.ts";

const COMPOSED = "Images/\u00e9.jpg";
const DECOMPOSED = "Images/e\u0301.jpg";

/** A data folder of the given images. */
function folderOf(images: readonly string[], options?: MemoryOptions): FileSystem {
  return memoryFiles(Object.fromEntries(images.map((path) => [`data/${path}`, path])), options);
}

/** The paths that first columns resolve to, in their order. */
async function resolved(files: FileSystem, columns: readonly string[], folder = "data") {
  const { pathOf, notes } = await resolveImagePaths(files, folder, columns);
  return { paths: columns.map((column) => pathOf.get(column)), notes };
}

describe("resolveImagePaths", () => {
  it("asks nothing of the file system for plain paths", async () => {
    const asked: string[] = [];
    const files = { ...folderOf([]), facts: async (path: string) => void asked.push(path) };
    const columns = ["Images/a.jpg", "./Images//b.jpg", "图片/c.jpg", "Images/a b.jpg"];
    const { paths } = await resolved(files, columns);
    expect(paths).toEqual(["Images/a.jpg", "Images/b.jpg", "图片/c.jpg", "Images/a b.jpg"]);
    expect(asked).toEqual([]);
  });

  it("trims spaces unless the file's own name has them", async () => {
    const files = folderOf(["Images/a.jpg", "Images/b.jpg ", "Images/b.jpg", " c.jpg"]);
    const columns = [" Images/a.jpg ", "Images/b.jpg ", " c.jpg", "\u00a0Images/a.jpg", " none.jpg "];
    const { paths, notes } = await resolved(files, columns);
    expect(paths).toEqual(["Images/a.jpg", "Images/b.jpg ", " c.jpg", "Images/a.jpg", "none.jpg"]);
    expect(notes).toEqual([]);
  });

  it("takes back-slashes for slashes only where the file is then there", async () => {
    const files = folderOf(["Images/a.jpg", "Images/b.jpg", "odd\\name.jpg", "odd/name.jpg"]);
    const columns = ["Images\\a.jpg", ".\\Images\\b.jpg", "odd\\name.jpg", "Images\\none.jpg"];
    const { paths, notes } = await resolved(files, columns);
    expect(paths).toEqual(["Images/a.jpg", "Images/b.jpg", "odd\\name.jpg", "Images\\none.jpg"]);
    expect(notes).toEqual([
      "2 paths with back-slashes taken for slashes, as the files are there, first Images\\a.jpg",
    ]);
  });

  it.each([
    [COMPOSED, DECOMPOSED],
    [DECOMPOSED, COMPOSED],
    ["Ve\u0302t/\u00fc/x.jpg", "V\u00eat/u\u0308/x.jpg"],
  ])("finds %j under its other Unicode form", async (onDisk, inFile) => {
    const { paths, notes } = await resolved(folderOf([onDisk]), [inFile, onDisk]);
    expect(paths).toEqual([onDisk, onDisk]);
    expect(notes).toEqual([expect.stringMatching(/^1 path found under a name in another Unicode form/)]);
    const absolute = await resolved(folderOf([onDisk]), [`${MEMORY_ROOT}/data/${inFile}`]);
    expect(absolute.paths).toEqual([onDisk]);
  });

  it("takes the very name where both forms are there, and neither for a third", async () => {
    const files = folderOf([COMPOSED, DECOMPOSED]);
    expect((await resolved(files, [COMPOSED, DECOMPOSED])).paths).toEqual([COMPOSED, DECOMPOSED]);
    const two = folderOf(["\u00e9e\u0301.jpg", "e\u0301\u00e9.jpg"]);
    expect((await resolved(two, ["\u00e9\u00e9.jpg"])).paths).toEqual(["\u00e9\u00e9.jpg"]);
  });

  it("lists a folder once, however many names are looked for", async () => {
    const names = Array.from({ length: 30 }, (_, i) => `Images/\u00e9${i}.jpg`);
    const files = folderOf(names);
    const listed: string[] = [];
    const counting: FileSystem = {
      ...files,
      list: (folder) => {
        listed.push(folder);
        return files.list(folder);
      },
    };
    const { paths } = await resolved(
      counting,
      names.map((name) => name.normalize("NFD")),
    );
    expect(paths).toEqual(names);
    expect(listed).toEqual(["data", "data/Images"]);
  });

  it("makes whole paths into the folder relative to it, and leaves others", async () => {
    const files = memoryFiles({ "data/Images/a.jpg": "a", "other/b.jpg": "b" });
    const columns = [
      `${MEMORY_ROOT}/data/Images/a.jpg`,
      `${MEMORY_ROOT}/data/./Images//a.jpg`,
      `${MEMORY_ROOT}/other/../data/Images/a.jpg`,
      "../data/Images/a.jpg",
      "Images/../../data/Images/a.jpg",
      `${MEMORY_ROOT}/other/b.jpg`,
      "../other/b.jpg",
    ];
    const inside = Array.from({ length: 5 }, () => "Images/a.jpg");
    const expected = [...inside, `${MEMORY_ROOT}/other/b.jpg`, "../other/b.jpg"];
    for (const folder of ["data", "./data", `${MEMORY_ROOT}/data`]) {
      expect((await resolved(files, columns, folder)).paths).toEqual(expected);
    }
  });

  it("merges names that a folding file system takes for one, and only there", async () => {
    const columns = ["Images/a.jpg", "images/A.JPG", COMPOSED, DECOMPOSED, "Images/b.jpg"];
    const images = ["Images/a.jpg", COMPOSED, "Images/b.jpg"];
    const folding = await resolved(folderOf(images, { foldsNames: true }), columns);
    expect(folding.paths).toEqual(["Images/a.jpg", "Images/a.jpg", COMPOSED, COMPOSED, "Images/b.jpg"]);
    expect(folding.notes).toEqual([
      "2 paths name a file that another path names too, as this file system folds names, first images/A.JPG and Images/a.jpg",
    ]);
    const both = await resolved(folderOf(["Images/a.jpg", "images/A.JPG"]), columns.slice(0, 2));
    expect(both).toEqual({ paths: ["Images/a.jpg", "images/A.JPG"], notes: [] });
  });
});

describe("loadDataset", () => {
  it("takes all spellings of a file for one image and finds their contradictions", async () => {
    const rows = ["./Images/a.jpg,x,yn", `${MEMORY_ROOT}/data/Images/a.jpg,y,yn`, "Images\\a.jpg,z,yn"];
    const files = (more: string) =>
      memoryFiles({
        "data/Images/a.jpg": "a",
        "data/Annotations/label.csv": [...rows, more].join("\n"),
      });
    const { images, notes } = await loadDataset(files("Images//a.jpg,x,yn"), "data");
    expect(images).toEqual([
      {
        path: "Images/a.jpg",
        line: 1,
        labels: [0, 1, 2].map((head) => ({ head, letters: "yn", class: 0 })),
      },
    ]);
    expect(notes).toEqual([
      expect.stringMatching(/^Annotations\/label\.csv: 1 path with back-slashes taken for slashes/),
    ]);
    await expect(loadDataset(files("..\\data\\Images\\a.jpg,y,ny"), "data")).rejects.toThrow(
      "Annotations/label.csv:4: Images/a.jpg has two different labels of y: ny here, yn in line 2; keep one",
    );
  });
});
