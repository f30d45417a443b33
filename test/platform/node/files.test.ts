import { execFileSync } from "node:child_process";
import {
  chmodSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { WeftError } from "../../../src/base/errors.ts";
import { readJson } from "../../../src/base/platform.ts";
import { loadDataset } from "../../../src/data/dataset.ts";
import { nodeFiles } from "../../../src/platform/node/files.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "weft-files-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const inFolder = (name: string) => join(FOLDER, name);

it("makes folders while others make the same ones, and through names that are not there yet", async () => {
  for (let round = 0; round < 20; round++) {
    const names = ["a", "b", "c", "d"].map((last) => inFolder(`race${round}/x/y/z/${last}`));
    await Promise.all([...names, ...names].map((path) => nodeFiles.makeFolder(path)));
    expect(readdirSync(inFolder(`race${round}/x/y/z`))).toEqual(["a", "b", "c", "d"]);
  }
  await nodeFiles.makeFolder(`${FOLDER}/notYet/../beside`);
  expect(statSync(inFolder("beside")).isDirectory()).toBe(true);
});

it.skipIf(process.platform === "win32")(
  "reads text of regular files only, of a size that text has",
  async () => {
    execFileSync("mkfifo", [inFolder("pipe")]);
    const refused = /is a folder, a pipe or a device; expected a file$/;
    await expect(readJson(nodeFiles, inFolder("pipe"))).rejects.toThrow(refused);
    await expect(readJson(nodeFiles, "/dev/zero")).rejects.toThrow(refused);
    await expect(readJson(nodeFiles, FOLDER)).rejects.toThrow(refused);
    writeFileSync(inFolder("huge.json"), "");
    truncateSync(inFolder("huge.json"), 2 ** 30); // takes no room on the disk
    await expect(readJson(nodeFiles, inFolder("huge.json"))).rejects.toThrow(
      /huge\.json: has 1074 MB; expected at most 134 MB\. Is it the right file\?$/,
    );
  },
);

it.skipIf(process.platform === "win32")("reads label files from regular files only", async () => {
  const label = inFolder("data/Annotations/label.csv");
  await nodeFiles.makeFolder(inFolder("data/Annotations"));
  execFileSync("mkfifo", [label]);
  await expect(loadDataset(nodeFiles, inFolder("data"))).rejects.toThrow(
    `${label}: is a folder, a pipe or a device; expected a file`,
  );
  await expect(loadDataset(nodeFiles, inFolder("bytes.txt"))).rejects.toThrow("no such folder");
  writeFileSync(inFolder("bytes.txt"), "");
  await expect(loadDataset(nodeFiles, inFolder("bytes.txt"))).rejects.toThrow("is a file; expected a folder");
});

it("writes text, bytes and pieces, making folders, and reads them back", async () => {
  await nodeFiles.writeFile(inFolder("a/b/text.txt"), "grün\n");
  expect(readFileSync(inFolder("a/b/text.txt"), "utf8")).toBe("grün\n");
  await nodeFiles.writeFile(inFolder("bytes"), Uint8Array.of(1, 2, 3).subarray(1));
  await nodeFiles.writeFile(inFolder("pieces"), [Uint8Array.of(1, 2), new Uint8Array(0), Uint8Array.of(3)]);
  expect([...(await nodeFiles.readFile(inFolder("bytes")))]).toEqual([2, 3]);
  expect([...(await nodeFiles.readFile(inFolder("pieces")))]).toEqual([1, 2, 3]);
});

it("replaces a file and leaves nothing beside it", async () => {
  await nodeFiles.writeFile(inFolder("c/x"), "old and longer");
  await nodeFiles.writeFile(inFolder("c/x"), "new");
  expect(readFileSync(inFolder("c/x"), "utf8")).toBe("new");
  expect(readdirSync(inFolder("c"))).toEqual(["x"]);
});

it("leaves the old content where writing fails half-way", async () => {
  await nodeFiles.writeFile(inFolder("d/x"), "old");
  // The second piece is no piece of a file, so the write fails after the first.
  const broken = [new TextEncoder().encode("half"), { length: 3 } as unknown as Uint8Array];
  await expect(nodeFiles.writeFile(inFolder("d/x"), broken)).rejects.toThrow(WeftError);
  expect(readFileSync(inFolder("d/x"), "utf8")).toBe("old");
  expect(readdirSync(inFolder("d"))).toEqual(["x"]);
});

it("appends, lists in order, tells what exists and removes", async () => {
  await nodeFiles.makeFolder(inFolder("e"));
  await nodeFiles.makeFolder(inFolder("e"));
  await nodeFiles.appendFile(inFolder("e/log"), "1\n");
  await nodeFiles.appendFile(inFolder("e/log"), "2\n");
  expect(readFileSync(inFolder("e/log"), "utf8")).toBe("1\n2\n");
  for (const name of ["b", "B", "a10", "a9"]) writeFileSync(inFolder(`e/${name}`), "");
  expect(await nodeFiles.list(inFolder("e"))).toEqual(["B", "a10", "a9", "b", "log"]);
  expect(await nodeFiles.exists(inFolder("e"))).toBe(true);
  expect(await nodeFiles.exists(inFolder("e/log/below a file"))).toBe(false);
  await nodeFiles.remove(inFolder("e"));
  await nodeFiles.remove(inFolder("e"));
  expect(await nodeFiles.exists(inFolder("e"))).toBe(false);
});

it("reads a part of a file, and hashes it whole", async () => {
  const path = inFolder("part");
  await nodeFiles.writeFile(path, "0123456789");
  const part = async (start: number, bytes: number) =>
    new TextDecoder().decode(await nodeFiles.readPart(path, start, bytes));
  expect(await part(2, 3)).toBe("234");
  expect(await part(8, 5)).toBe("89");
  expect(await part(20, 5)).toBe("");
  expect(await nodeFiles.sha256(path)).toBe(
    "84d89877f0d4041efb6bf91a16f0248f2fd573e6af05c19f96bedb9f882f7882", // sha256sum
  );
  await expect(nodeFiles.sha256(inFolder("none"))).rejects.toThrow(/none: no such file or folder$/);
});

it("tells size, time of change, kind and identity of a file, through links too", async () => {
  await nodeFiles.writeFile(inFolder("g/x"), "12345");
  await nodeFiles.writeFile(inFolder("g/y"), "12345");
  symlinkSync(inFolder("g/x"), inFolder("g/link"));
  const [x, y, link, folder] = await Promise.all(
    ["g/x", "g/y", "g/link", "g"].map((name) => nodeFiles.facts(inFolder(name))),
  );
  const [modifiedMs, device, inode] = [expect.any(Number), expect.any(BigInt), expect.any(BigInt)];
  expect(x).toEqual({ bytes: 5, isRegularFile: true, modifiedMs, device, inode });
  expect(x?.modifiedMs).toBe(Number(statSync(inFolder("g/x"), { bigint: true }).mtimeNs) / 1e6);
  expect(link).toEqual(x);
  expect(y?.inode).not.toBe(x?.inode);
  expect(folder?.isRegularFile).toBe(false);
  expect(await nodeFiles.facts(inFolder("g/none"))).toBeUndefined();
  expect(await nodeFiles.facts(inFolder("g/x/below a file"))).toBeUndefined();
});

it("names the path and the reason in one line", async () => {
  const missing = inFolder("nowhere/x");
  await expect(nodeFiles.readFile(missing)).rejects.toThrow(
    new WeftError(`${missing}: no such file or folder`),
  );
  await expect(nodeFiles.list(missing)).rejects.toThrow(new WeftError(`${missing}: no such file or folder`));
  await expect(nodeFiles.readFile(FOLDER)).rejects.toThrow(
    new WeftError(`${FOLDER}: is a folder; expected a file`),
  );
  writeFileSync(inFolder("file"), "");
  const below = inFolder("file/x");
  await expect(nodeFiles.writeFile(below, "")).rejects.toThrow(WeftError);
});

it.skipIf(process.platform === "win32" || process.getuid?.() === 0)(
  "says that permission is denied (requires a user other than root)",
  async () => {
    writeFileSync(inFolder("secret"), "");
    chmodSync(inFolder("secret"), 0o000);
    await expect(nodeFiles.readFile(inFolder("secret"))).rejects.toThrow(/: permission denied$/);
  },
);
