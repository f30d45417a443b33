// SwiftShader's way from the npm package into the cache folder, and where that folder is.

import { mkdtemp, readdir, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { cacheFolder } from "../../src/platform/node/cache_folder.ts";
import { unpackSwiftShader } from "../../src/platform/node/swiftshader.ts";
import { canHaveSwiftShader } from "./available_adapters.ts";

let cache: string;
beforeEach(async () => {
  cache = await mkdtemp(join(tmpdir(), "weft-cache-"));
});
afterEach(() => rm(cache, { recursive: true, force: true }));

describe.skipIf(!canHaveSwiftShader)("unpackSwiftShader (Linux on x64)", () => {
  const FILES = ["libvk_swiftshader.so", "libvulkan.so.1", "vk_swiftshader_icd.json"];

  it("unpacks once, also when two ask at the same time", async () => {
    const inner = join(cache, "made", "on", "demand");
    const [one, two] = await Promise.all([unpackSwiftShader(inner), unpackSwiftShader(inner)]);
    expect(one).toEqual(two);
    const [folder, ...others] = await readdir(inner);
    expect(others).toEqual([]);
    expect(folder).toMatch(/^swiftshader-\d+\.\d+\.\d+$/);
    expect((await readdir(join(inner, folder ?? ""))).sort()).toEqual(FILES);
    const { mtimeMs, ino } = await stat(one.loader);
    await unpackSwiftShader(inner);
    expect(await stat(one.loader)).toMatchObject({ mtimeMs, ino });
  });

  it("unpacks again where a file is missing", async () => {
    const { manifest, loader } = await unpackSwiftShader(cache);
    const contents = () => Promise.all([manifest, loader].map((path) => readFile(path, "latin1")));
    const before = await contents();
    await rm(loader);
    await unpackSwiftShader(cache);
    expect((await contents()).map((text, i) => text === before[i])).toEqual([true, true]);
    expect(await readdir(cache)).toHaveLength(1);
  });

  it("says which folder it could not write", async () => {
    const file = join(cache, "file");
    await writeFile(file, "");
    await expect(unpackSwiftShader(file)).rejects.toThrow(/^.*file.swiftshader-[\d.]+: .*expected a folder$/);
  });
});

describe.skipIf(canHaveSwiftShader)("unpackSwiftShader elsewhere", () => {
  it("is refused", async () => {
    await expect(unpackSwiftShader(cache)).rejects.toThrow("Linux on x64 only");
  });
});

describe("cacheFolder", () => {
  it.skipIf(process.platform === "win32")("is where each system keeps caches (POSIX paths)", () => {
    const home = "/people/a";
    const at = (system: NodeJS.Platform, variables: Record<string, string> = {}) =>
      cacheFolder({ system, home, variables });
    expect(at("linux")).toBe("/people/a/.cache/weft");
    expect(at("linux", { XDG_CACHE_HOME: "/var/c" })).toBe("/var/c/weft");
    expect(at("linux", { XDG_CACHE_HOME: "relative" })).toBe("/people/a/.cache/weft");
    expect(at("darwin", { XDG_CACHE_HOME: "/var/c" })).toBe("/people/a/Library/Caches/weft");
    expect(at("win32", { LOCALAPPDATA: "/L" })).toBe("/L/weft");
    expect(at("win32")).toBe("/people/a/AppData/Local/weft");
    for (const system of ["linux", "darwin", "win32"] as const) {
      expect(at(system, { WEFT_CACHE: "/mine", XDG_CACHE_HOME: "/x", LOCALAPPDATA: "/L" })).toBe("/mine");
    }
  });
});
