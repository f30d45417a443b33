import { zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { openZip } from "../../src/formats/zip_archive.ts";

const TEXT = new TextEncoder().encode("weights ".repeat(100));

describe("openZip", () => {
  it("reads stored files as views of the archive, and inflates compressed ones", () => {
    const bytes = zipSync({
      stored: [TEXT, { level: 0 }],
      packed: [TEXT, { level: 9 }],
      empty: new Uint8Array(),
    });
    const archive = openZip(bytes, "a.keras");
    expect(archive.names).toEqual(["stored", "packed", "empty"]);
    expect(archive.read("stored")).toEqual(TEXT);
    expect(archive.read("stored").buffer).toBe(bytes.buffer);
    expect(archive.read("packed")).toEqual(TEXT);
    expect(archive.read("empty")).toHaveLength(0);
  });

  it("inflates no more than is asked for, nor than can be in it", () => {
    const zeros = zipSync({ zeros: [new Uint8Array(2 ** 20), { level: 9 }] });
    expect(openZip(zeros, "a.keras").read("zeros", 2 ** 20)).toHaveLength(2 ** 20);
    expect(() => openZip(zeros, "a.keras").read("zeros", 2 ** 20 - 1)).toThrow(
      "a.keras: zeros in this archive would take 1048576 bytes unpacked; expected up to 1048575",
    );
    const claims = zeros.slice();
    const view = new DataView(claims.buffer);
    const directory = view.getUint32(claims.length - 22 + 16, true);
    view.setUint32(directory + 24, 2 ** 31, true); // the size that it is said to have
    expect(() => openZip(claims, "a.keras").read("zeros")).toThrow(
      /^a\.keras: zeros in this archive is damaged: \d+ bytes cannot hold its 2147483648$/,
    );
  });

  it("says in one line which file is missing, changed or cut off", () => {
    const bytes = zipSync({ stored: [TEXT, { level: 0 }], packed: [TEXT, { level: 9 }] });
    expect(() => openZip(bytes, "a.keras").read("other")).toThrow(
      "a.keras: no other in this archive; it holds stored, packed",
    );
    const changed = bytes.slice();
    const middle = 30 + "stored".length + 400;
    changed[middle] = (changed[middle] ?? 0) ^ 1;
    expect(() => openZip(changed, "a.keras").read("stored")).toThrow(
      "a.keras: stored in this archive is damaged: its checksum differs",
    );
    expect(() => openZip(bytes.subarray(0, bytes.length - 1), "a.keras")).toThrow("a.keras: truncated: ");
    const moved = bytes.slice();
    const end = bytes.length - 22;
    moved[end + 16] = (moved[end + 16] ?? 0) + 1; // the directory's offset
    expect(() => openZip(moved, "a.keras")).toThrow("a.keras: damaged: the directory of this zip archive");
  });
});
