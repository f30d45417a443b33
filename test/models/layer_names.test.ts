import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import { BACKBONES } from "../../src/models/backbones.ts";
import names from "./keras_weight_names.json" with { type: "json" };
import { built } from "./keras_weights.ts";

describe("layers", () => {
  it("are compared for all of Keras' networks that weft has", () => {
    expect([...BACKBONES.keys()].sort()).toEqual(Object.keys(names).sort());
  });

  it.each(Object.entries(names))(
    "of %s have Keras' classes, names, output shapes and order",
    (name, keras) => {
      const backbone = BACKBONES.get(name);
      if (!backbone) throw new Error(`weft has no ${name}`);
      const { records } = built(backbone, {}).layers;
      const lines = records.map(
        ({ className, name: layer, output }) =>
          `${className} ${layer} [${output.shape.slice(1).join(",")}]\n`,
      );
      const sha256 = createHash("sha256").update(lines.join("")).digest("hex");
      expect({ count: lines.length, sha256 }).toEqual(keras.layers);
    },
  );
});
