// The drawn font: that it has what pictures say, and that text is as wide as it is said to be.

import { describe, expect, it } from "vitest";
import { strangers, textPath, textWidth } from "../../src/drawing/stroke_font.ts";

const PRINTABLE = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i)).join("");

/** Horizontal places that a path's commands name, handles of its curves included. */
function placesOf(path: string): number[] {
  return [...path.matchAll(/([MLHC])([^MLHVCZh]*)/g)].flatMap(([, command, text = ""]) => {
    const numbers = text.trim().split(/\s+/).map(Number);
    return command === "H" ? numbers : numbers.filter((_, i) => i % 2 === 0);
  });
}

describe("the drawn font", () => {
  it("has all of ASCII and the signs that cards use", () => {
    expect(strangers(`${PRINTABLE}×·…→–−`, 10, false)).toEqual([]);
  });

  it("draws every letter but the space within its width", () => {
    for (const letter of PRINTABLE.slice(1)) {
      const places = placesOf(textPath(letter, 0, 0, 100));
      expect(places.length, letter).toBeGreaterThan(0);
      expect(Math.min(...places), letter).toBeGreaterThanOrEqual(0);
      expect(Math.max(...places), letter).toBeLessThan(textWidth(letter, 100));
    }
  });

  it("moves and scales", () => {
    expect(textPath("I", 10, 20, 50)).toBe("M15 -14V20");
    expect(textPath(".", 0, 0, 100)).toBe("M9 -1h0.1");
    expect(textWidth("II", 50)).toBeCloseTo(2 * textWidth("I", 50), 9);
    expect(textWidth("I", 50, true)).toBeGreaterThan(textWidth("I", 50));
  });

  it("finds the letters that it lacks", () => {
    expect(strangers("a袖长b長", 10, false)).toEqual([
      { text: "袖长", offset: textWidth("a", 10) },
      { text: "長", offset: textWidth("a袖长b", 10) },
    ]);
    expect(textPath("袖", 0, 0, 10)).toBe("");
  });
});
