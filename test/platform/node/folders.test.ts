// Places that a run cannot have are refused by name, and nothing is left by looking.

import { execFileSync } from "node:child_process";
import {
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { nodeFiles } from "../../../src/platform/node/files.ts";
import { nodeFolders } from "../../../src/platform/node/folders.ts";

const FOLDER = realpathSync(mkdtempSync(join(tmpdir(), "weft-folders-")));
afterAll(() => rmSync(FOLDER, { recursive: true }));
const inFolder = (name: string) => join(FOLDER, name);
const isLinux = process.platform === "linux";

describe("placeOf", () => {
  it("keeps a path as it was given, without slashes at its end, and leaves nothing there", async () => {
    mkdirSync(inFolder("empty"));
    for (const [given, expected] of [
      ["a/b/c", "a/b/c"],
      ["empty", "empty"],
      ["empty///", "empty"],
    ] as const) {
      expect(await nodeFolders.placeOf(inFolder(given) + (given.endsWith("/") ? "/" : ""))).toBe(
        inFolder(expected),
      );
    }
    expect(await nodeFolders.placeOf("test")).toBe("test");
    expect(readdirSync(FOLDER)).toEqual(["empty"]);
    expect(readdirSync(inFolder("empty"))).toEqual([]);
  });

  it("follows a link to a folder", async () => {
    symlinkSync(inFolder("empty"), inFolder("link"));
    expect(await nodeFolders.placeOf(inFolder("link"))).toBe(inFolder("empty"));
  });

  it("refuses files, links to nothing and what is below them", async () => {
    writeFileSync(inFolder("file"), "");
    symlinkSync("nowhere", inFolder("dangling"));
    const refused = (name: string) => expect(nodeFolders.placeOf(inFolder(name))).rejects;
    await refused("file").toThrow(/file: is a file; expected a folder for the run$/);
    await refused("file/x").toThrow(/file\/x: expected a folder, but .*file is a file$/);
    await refused("dangling").toThrow(/dangling: is a symbolic link to nowhere, which is not there\./);
    await refused("dangling/x").toThrow(/dangling: is a symbolic link to nowhere, which is not there\./);
    expect(existsSync(inFolder("nowhere"))).toBe(false);
  });

  it.skipIf(!isLinux)("refuses devices and the system's own folders (requires Linux)", async () => {
    await expect(nodeFolders.placeOf("/dev/null")).rejects.toThrow(
      /^\/dev\/null: is no folder; expected a folder/,
    );
    await expect(nodeFolders.placeOf("/proc/x")).rejects.toThrow(
      /^\/proc\/x: nothing can be written there: \/proc: /,
    );
  });
});

describe("requireReplaceable", () => {
  it("refuses the current folder and those above it", async () => {
    for (const path of [".", "..", process.cwd()]) {
      await expect(nodeFolders.requireReplaceable(path)).rejects.toThrow(
        /it is the current folder, or holds it/,
      );
    }
    await nodeFolders.requireReplaceable(inFolder("empty"));
  });

  it.skipIf(!isLinux)("refuses a mount point (requires Linux)", async () => {
    await expect(nodeFolders.requireReplaceable("/proc")).rejects.toThrow(/it is a mount point/);
  });
});

describe("folders", () => {
  it("are made by one only, renamed, and removed where they are empty", async () => {
    const path = inFolder("runs/a");
    const made = await Promise.all([1, 2, 3].map(() => nodeFolders.createFolder(path)));
    expect(made.filter((isMade) => isMade)).toHaveLength(1);
    await nodeFolders.rename(path, inFolder("runs/b"));
    writeFileSync(inFolder("runs/b/x"), "");
    await nodeFolders.removeEmptyFolder(inFolder("runs/b"));
    expect(readdirSync(inFolder("runs/b"))).toEqual(["x"]);
    rmSync(inFolder("runs/b/x"));
    await nodeFolders.removeEmptyFolder(inFolder("runs/b"));
    await nodeFolders.removeEmptyFolder(inFolder("runs/b"));
    expect(readdirSync(inFolder("runs"))).toEqual([]);
    expect(await nodeFolders.freeBytes(inFolder("not/yet/there"))).toBeGreaterThan(0);
  });
});

describe("writeFile", () => {
  it("writes through a link and keeps it", async () => {
    writeFileSync(inFolder("target"), "old");
    symlinkSync(inFolder("target"), inFolder("pointer"));
    await nodeFiles.writeFile(inFolder("pointer"), "new");
    expect(readFileSync(inFolder("target"), "utf8")).toBe("new");
    expect(lstatSync(inFolder("pointer")).isSymbolicLink()).toBe(true);
    await expect(nodeFiles.writeFile(inFolder("dangling"), "")).rejects.toThrow(
      /is a symbolic link to nowhere/,
    );
  });

  it.skipIf(process.platform === "win32")(
    "writes to a device or a pipe and does not replace it",
    async () => {
      const pipe = inFolder("pipe");
      execFileSync("mkfifo", [pipe]);
      const reading = nodeFiles.readFile(pipe);
      await nodeFiles.writeFile(pipe, [Uint8Array.of(1), Uint8Array.of(2, 3)]);
      expect([...(await reading)]).toEqual([1, 2, 3]);
      expect(lstatSync(pipe).isFIFO()).toBe(true);
      await nodeFiles.writeFile("/dev/null", "gone");
      expect(lstatSync("/dev/null").isCharacterDevice()).toBe(true);
    },
  );
});
