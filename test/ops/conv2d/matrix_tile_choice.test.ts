// The rule that chooses a tile of subgroup matrices, and which tiles are offered.

import { describe, expect, it } from "vitest";
import {
  chooseTile,
  matrixTiles,
  threadsOf,
  tilesFor,
  workgroupMemoryBytes,
} from "../../../src/ops/conv2d/gpu_tiles.ts";
import { MATRIX_SIZES } from "../matrix_sizes.ts";

describe("the choice of a tile of matrices", () => {
  const limits = { maxWorkgroupMemoryBytes: 32768, maxBindingBytes: 2 ** 31 };
  const [square] = MATRIX_SIZES;
  // 3x3 convolution of 64 images, 56 x 56 x 128.
  const large = { rows: 200704, columns: 128, depth: 1152, count: 1 };

  it("takes the largest where there are enough of them, and none without matrices", () => {
    expect(chooseTile(large, limits, square)).toMatchObject({
      tile: { name: "128x128 of matrices" },
      splits: 1,
    });
    expect(chooseTile(large, limits)).toMatchObject({ tile: { name: "128x64" }, splits: 1 });
  });

  it("offers only tiles that a workgroup has memory and threads for", () => {
    const small = { ...limits, maxWorkgroupMemoryBytes: 16384 };
    expect(tilesFor(large, small, square).map(({ name }) => name)).toContain("64x64 of matrices");
    for (const tile of tilesFor(large, small, square)) {
      expect(workgroupMemoryBytes(tile)).toBeLessThanOrEqual(16384);
    }
    for (const size of MATRIX_SIZES) {
      for (const lanes of [8, 16, 32, 64]) {
        for (const tile of matrixTiles({ ...size, lanes, maxThreads: 256 })) {
          expect(threadsOf(tile)).toBeLessThanOrEqual(256);
        }
      }
    }
    expect(matrixTiles({ rows: 16, columns: 16, depth: 16, lanes: 128, maxThreads: 256 })).toEqual([]);
  });
});
