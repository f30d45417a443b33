// Paths and copies through links of a real file system.

import { linkSync, mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { loadDataset } from "../../src/data/dataset.ts";
import { findIdenticalImages } from "../../src/data/identical_images.ts";
import { resolveImagePaths } from "../../src/data/image_paths.ts";
import { findImages } from "../../src/data/missing_images.ts";
import { nodeFiles } from "../../src/platform/node/files.ts";

const ROOT = realpathSync(mkdtempSync(join(tmpdir(), "weft-links-")));
afterAll(() => rmSync(ROOT, { recursive: true }));

mkdirSync(join(ROOT, "set/Images"), { recursive: true });
mkdirSync(join(ROOT, "set/Annotations"));
mkdirSync(join(ROOT, "other/deep"), { recursive: true });
for (const path of ["set/Images/a.jpg", "set/Images/b.jpg", "other/c.jpg"])
  writeFileSync(join(ROOT, path), path);
symlinkSync(join(ROOT, "set"), join(ROOT, "link"));
symlinkSync(join(ROOT, "other/deep"), join(ROOT, "set/x"));
symlinkSync(join(ROOT, "other"), join(ROOT, "set/more"));

it("knows the folder under all its names", async () => {
  const columns = [
    `${ROOT}/set/Images/a.jpg`,
    `${ROOT}/link/Images/a.jpg`,
    "../link/Images/a.jpg",
    "../set/./Images/a.jpg",
  ];
  for (const folder of [`${ROOT}/set`, `${ROOT}/link/`, `${ROOT}/other/../set`]) {
    const { pathOf } = await resolveImagePaths(nodeFiles, folder, columns);
    expect([...pathOf.values()]).toEqual(columns.map(() => "Images/a.jpg"));
  }
});

it("follows .. behind a link as the file system does", async () => {
  const columns = ["x/../c.jpg", "x/../Images/a.jpg", "Images/../Images/a.jpg", "more/../set/Images/b.jpg"];
  const { pathOf } = await resolveImagePaths(nodeFiles, `${ROOT}/set`, columns);
  // x is other/deep, so x/../c.jpg is other/c.jpg. x/../Images is nowhere, and means what its text says.
  const [c, ...rest] = columns.map((column) => pathOf.get(column) ?? "");
  expect(await nodeFiles.readFile(`${ROOT}/set/${c}`)).toEqual(
    await nodeFiles.readFile(`${ROOT}/other/c.jpg`),
  );
  expect(rest.slice(0, 2)).toEqual(["Images/a.jpg", "Images/a.jpg"]);
  expect(await nodeFiles.facts(`${ROOT}/set/${rest[2]}`)).toMatchObject({ isRegularFile: true });
});

it("takes hard links, symbolic links and a linked folder's files for copies", async () => {
  linkSync(join(ROOT, "set/Images/a.jpg"), join(ROOT, "set/Images/A.jpg"));
  symlinkSync("b.jpg", join(ROOT, "set/Images/soft.jpg"));
  const rows = ["Images/a.jpg", "Images/A.jpg", "Images/b.jpg", "Images/soft.jpg", "more/c.jpg"];
  writeFileSync(join(ROOT, "set/Annotations/label.csv"), rows.map((path) => `${path},x,yn\n`).join(""));
  const dataset = await loadDataset(nodeFiles, join(ROOT, "set"));
  const paths = dataset.images.map(({ path }) => path);
  const { facts } = await findImages(
    nodeFiles,
    dataset,
    paths.map((_, index) => index),
  );
  const groups = await findIdenticalImages(nodeFiles, dataset, facts);
  // Names that differ in capitals and are one file are one image, as on a file system that folds names.
  expect(paths).toEqual(["Images/a.jpg", "Images/b.jpg", "Images/soft.jpg", "more/c.jpg"]);
  expect(groups.map((group) => group.map((image) => paths[image]))).toEqual([
    ["Images/b.jpg", "Images/soft.jpg"],
  ]);
});
