import { expect, it } from "vitest";
import { isAbsolutePath, normalImagePath } from "../../src/formats/image_path.ts";

it.each([
  ["Images/a.jpg", "Images/a.jpg"],
  ["./Images/./a.jpg", "Images/a.jpg"],
  ["Images//a.jpg", "Images/a.jpg"],
  ["x/../Images/a.jpg", "Images/a.jpg"],
  ["x/y/../../Images/a.jpg", "Images/a.jpg"],
  ["../set/Images/a.jpg", "../set/Images/a.jpg"],
  ["x/../../set/a.jpg", "../set/a.jpg"],
  ["../../a.jpg", "../../a.jpg"],
  ["/data//set/./a.jpg", "/data/set/a.jpg"],
  ["/../a.jpg", "/a.jpg"],
  [" Images/a b .jpg", " Images/a b .jpg"],
  ["Images\\a.jpg", "Images\\a.jpg"],
  ["..a/...jpg", "..a/...jpg"],
])("writes %j as %j", (path, normal) => {
  expect(normalImagePath(path)).toBe(normal);
  expect(normalImagePath(normal)).toBe(normal);
});

it("knows the root and drives", () => {
  expect(["/a", "C:/a", "a/b", "./a", "c:a"].map(isAbsolutePath)).toEqual([true, true, false, false, false]);
});
