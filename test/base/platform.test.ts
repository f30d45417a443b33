import { expect, it } from "vitest";
import { joinPath, readJson } from "../../src/base/platform.ts";
import { memoryFiles } from "../data/memory_files.ts";

it("joinPath puts one slash between and leaves absolute paths alone", () => {
  expect(joinPath("a/b", "c/d.jpg")).toBe("a/b/c/d.jpg");
  expect(joinPath("a/", "b")).toBe("a/b");
  expect(joinPath("/", "b")).toBe("/b");
  expect(joinPath("", "b")).toBe("b");
  expect(joinPath("a", "/b/c")).toBe("/b/c");
  expect(joinPath("a", "C:\\b")).toBe("C:\\b");
});

it("readJson reads JSON and says so where a file is none", async () => {
  const files = memoryFiles({ "a.json": '\ufeff{"x":[1]}', "b.json": '{"x":' });
  expect(await readJson(files, "a.json")).toEqual({ x: [1] });
  await expect(readJson(files, "b.json")).rejects.toThrow(/^b\.json: expected JSON/);
});
