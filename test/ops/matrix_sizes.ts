// Sizes of subgroup matrices, for the tests of their tiles.

import type { SubgroupMatrix } from "../../src/gpu/device.ts";

/** Sizes that adapters offer: NVIDIA and AMD, NVIDIA's narrow one, Intel, lavapipe and Apple. */
export const MATRIX_SIZES = [
  { rows: 16, columns: 16, depth: 16 },
  { rows: 16, columns: 8, depth: 16 },
  { rows: 8, columns: 16, depth: 16 },
  { rows: 8, columns: 8, depth: 8 },
].map((size): SubgroupMatrix => ({ ...size, lanes: 32, maxThreads: 256 }));
