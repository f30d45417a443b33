// `weft classify` by the real program, with real weights.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { temporaryFolder, writeIn } from "./tiny_data.ts";
import { runWeft } from "./weft.ts";

const SHARED = join(import.meta.dirname, "../../../shared");
const WEIGHTS = join(SHARED, "weights/mobilenet_v2_1.0_224_with_top.dequant_qat.h5");
const LABELS = join(SHARED, "weights/imagenet_class_index.json");
const NO_TOP = join(SHARED, "weights/mobilenet_v2_0.35_224_no_top.imagenet.h5");
const IMAGES = join(SHARED, "data/clothing/Images");
const isHere = [WEIGHTS, LABELS, NO_TOP, IMAGES].every((path) => existsSync(path));

/** A picture of trousers in the shared data. */
const TROUSERS = "07e75cd8529e5031b931cdd91cd117a6.jpg";

describe.skipIf(!isHere)("weft classify (requires shared/weights and shared/data)", () => {
  it("reads backbone, width and size off the file and prints a line an image", async () => {
    const [first = ""] = readdirSync(IMAGES);
    const images = [join(IMAGES, TROUSERS), join(IMAGES, first)];
    const args = ["classify", ...images, "--weights", WEIGHTS, "--labels", LABELS];
    const { code, stdout, errors } = await runWeft([...args, "--json"]);
    expect(code).toBe(0);
    expect(errors.join("\n")).toMatch(/^MobileNetV2 \(alpha 1\), 224 x 224 pixels, on /);
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.map(({ image }) => image)).toEqual(images);
    for (const { predictions } of lines) {
      const values = predictions.map(({ probability }: { probability: number }) => probability);
      expect(values).toEqual(values.toSorted((a: number, b: number) => b - a));
      expect(values).toHaveLength(5);
    }
    expect(lines[0].predictions[0]).toMatchObject({ class: 608, id: "n03594734", name: "jean" });
    const table = await runWeft([...args, "--top", "2"]);
    expect(table.stdout).toMatch(new RegExp(`${TROUSERS}\\n +9\\d\\.\\d % {2}jean {2}n03594734\\n`));
    expect(table.stdout.trimEnd().split("\n")).toHaveLength(6);
  });

  it("refuses weights without a top, labels that do not reach, and what is no image", async () => {
    const image = join(IMAGES, TROUSERS);
    const topless = await runWeft(["classify", image, "--weights", NO_TOP]);
    expect(topless.errors).toEqual([
      `weft: ${NO_TOP}: these weights have no top (no kernel of predictions or conv_preds); classify needs one`,
    ]);
    const folder = temporaryFolder();
    writeIn(folder, "few.json", '["tench", "goldfish"]');
    const few = await runWeft([
      "classify",
      image,
      "--weights",
      WEIGHTS,
      "--labels",
      join(folder, "few.json"),
    ]);
    expect(few.errors[0]).toMatch(
      /few\.json: expected a name for each of the 1000 classes, .* class 2 has none$/,
    );
    writeIn(folder, "text.jpg", "no image");
    const text = await runWeft(["classify", join(folder, "text.jpg"), "--weights", WEIGHTS]);
    expect(text.errors).toHaveLength(1);
    expect(text.errors[0]).toMatch(/text\.jpg: cannot be decoded as a JPEG, PNG or WebP image/);
    expect([topless.code, few.code, text.code]).toEqual([1, 1, 1]);
  });
});
