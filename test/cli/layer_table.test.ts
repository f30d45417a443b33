// The table of layers at the widths of terminals.

import { describe, expect, it } from "vitest";
import { type LayerRow, layerTable, totalLines } from "../../src/cli/layer_table.ts";
import { styleOf } from "../../src/cli/terminal.ts";

const plain = styleOf({ isTTY: false });

const row = (layer: string, className: string, connectedTo: readonly string[]): LayerRow => ({
  layer,
  class: className,
  outputShape: [null, 149, 149, 32],
  parameters: { total: 1_000_000, trainable: 999_000, nonTrainable: 1_000 },
  connectedTo,
});

const rows = [
  row("image", "InputLayer", []),
  row("separable_conv_1_bn_reduction_right3_stem_2", "BatchNormalization", ["image"]),
  row("batch_normalization_7", "BatchNormalization", ["separable_conv_1_bn_reduction_right3_stem_2"]),
  row("袖长_labels", "Dense", ["image"]),
  row("joined", "Concatenate", ["image", "batch_normalization_7", "袖长_labels"]),
];

describe("layerTable", () => {
  it("has full names and one line a layer where there is no terminal", () => {
    const lines = layerTable(rows, undefined, plain);
    expect(lines).toHaveLength(rows.length + 3);
    expect(lines[3]).toBe(
      "separable_conv_1_bn_reduction_right3_stem_2 (BatchNormalization)  (None, 149, 149, 32)  1,000,000  image",
    );
    expect(lines[6]).toMatch(
      /^joined \(Concatenate\) +\(None, 149, 149, 32\) {2}1,000,000 {2}image, batch_normalization_7, 袖长_labels$/,
    );
    // Two letters take two columns each.
    expect(lines[5]?.indexOf("(None")).toBe((lines[2]?.indexOf("(None") ?? 0) - 2);
  });

  it.each([80, 100, 120])("fits %i columns and keeps both ends of names", (width) => {
    const lines = layerTable(rows, width, plain);
    for (const line of lines) expect(line.length).toBeLessThanOrEqual(width);
    const text = lines.join("\n");
    expect(text).toMatch(/^separable_\S*…\S*_stem_2 |^separable_conv_1_bn_reduction_right3_stem_2 /m);
    expect(text).toMatch(/^batch_normalization_7 \(Ba\w*…?\) /m);
    expect(text).toContain("Connected to");
  });

  it("puts several connections one below the other where they do not fit side by side", () => {
    const lines = layerTable(rows, 80, plain);
    const start = lines.findIndex((line) => line.startsWith("joined"));
    const reads = lines.slice(start, start + 3).map((line) => line.trim().split(/ {2,}/).at(-1));
    expect(reads[0]).toBe("image");
    expect(reads[1]).toMatch(/^batch.*7$/);
    expect(reads[2]).toBe("袖长_labels");
  });
});

describe("totalLines", () => {
  it("adds up and gives sizes of float32 in Keras' units", () => {
    expect(totalLines(rows)).toEqual([
      "Total params: 5,000,000 (19.07 MB)",
      "Trainable params: 4,995,000 (19.05 MB)",
      "Non-trainable params: 5,000 (19.53 KB)",
    ]);
  });
});
