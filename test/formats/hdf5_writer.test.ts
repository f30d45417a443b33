// HDF5 files as h5py writes them, read back.

import { describe, expect, it } from "vitest";
import { openHdf } from "../../src/formats/hdf5.ts";
import { writeHdf } from "../../src/formats/hdf5_writer.ts";

describe("an HDF5 list", () => {
  it("is cut where it is over 64 KB, into pieces of one length or one more", async () => {
    const texts = Array.from({ length: 2001 }, (_, i) => `layer ${i} `.padEnd(64, "é"));
    const bytes = await writeHdf({ tensorBytes: 0, tensors: 1 }, (root) => {
      root.setList("names", texts);
      root.setList("short", ["a", "b"]);
      root.setList("empty", []);
    });
    const session = await openHdf(bytes, "lists.h5");
    const { attrs } = session.file;
    const pieces = Object.keys(attrs).filter((name) => name.startsWith("names"));
    expect(pieces).toHaveLength(4);
    expect(attrs.names).toBeUndefined();
    const read = pieces.map((_, i) => attrs[`names${i}`]?.value);
    expect(read.flat()).toEqual(texts);
    const lengths = new Set(read.map((piece) => (Array.isArray(piece) ? piece.length : 0)));
    expect(Math.max(...lengths) - Math.min(...lengths)).toBeLessThanOrEqual(1);
    expect(attrs.short?.value).toEqual(["a", "b"]);
    expect(attrs.empty?.shape).toEqual([0]);
    session.close();
  });
});
