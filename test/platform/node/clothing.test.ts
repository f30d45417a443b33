// Reading a real data set by Node's part: labels, photographs and batches of them.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { BatchLoader } from "../../../src/data/batches.ts";
import { loadDataset } from "../../../src/data/dataset.ts";
import { nodeFiles } from "../../../src/platform/node/files.ts";
import { createNodeImageDecoder } from "../../../src/platform/node/images.ts";

const decoder = createNodeImageDecoder();
const CLOTHING = fileURLToPath(new URL("../../../../shared/data/clothing", import.meta.url));

describe.skipIf(!existsSync(CLOTHING))("a real data set (requires ../shared/data/clothing)", () => {
  it("has the rows, images and heads that its description states", async () => {
    const { heads, images } = await loadDataset(nodeFiles, CLOTHING);
    expect(images).toHaveLength(1152);
    expect(heads.map(({ name, classes }) => [name, classes]).sort()).toEqual([
      ["garment_type", 10],
      ["leg_length", 2],
      ["sleeve_length", 2],
    ]);
    expect(heads.reduce((sum, { rows }) => sum + rows, 0)).toBe(1392);
  });

  it("delivers batches of its photographs, the same from the files and from the cache", async () => {
    const dataset = await loadDataset(nodeFiles, CLOTHING);
    const loader = new BatchLoader(dataset, decoder, { batchSize: 16, width: 96, height: 96 });
    const order = Array.from({ length: 40 }, (_, index) => index * 3);
    const epochs: Uint8Array[][] = [[], []];
    for (const batches of epochs) {
      for await (const { bytes, valid } of loader.epoch(order))
        batches.push(bytes.slice(0, valid * 96 * 96 * 3));
    }
    expect(epochs[0]?.map(({ length }) => length / (96 * 96 * 3))).toEqual([14, 13, 13]);
    const [first, second] = epochs.map((batches) => Buffer.concat(batches));
    expect(Buffer.compare(first ?? Buffer.of(1), second ?? Buffer.of(2))).toBe(0);
  });

  it("decodes a photograph alike from its path and from its bytes", async () => {
    const path = join(CLOTHING, "Images", readdirSync(join(CLOTHING, "Images"))[0] ?? "");
    expect(await decoder.decode(path, 128, 128)).toEqual(await decoder.decode(readFileSync(path), 128, 128));
  });
});
