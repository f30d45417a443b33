// What reading damaged files of Keras, and files of other kinds, says.

import type { Group } from "h5wasm";
import { describe, expect, it } from "vitest";
import { addLayers, faultOf, namesIn, type Tensors, writeH5 } from "./h5_files.ts";

describe("openKerasH5: broken files", () => {
  const layers = { a: { "a/kernel:0": [[64], new Float32Array(64).fill(1)] } } satisfies Record<
    string,
    Tensors
  >;

  it("says so of a truncated file at any length", async () => {
    const bytes = await writeH5((root) => addLayers(root, layers));
    for (const length of [0, 7, 63, 64, 200, bytes.length >> 1, bytes.length - 1]) {
      const expected =
        length < 64
          ? `f.h5: expected an HDF5 file but its ${length} bytes do not begin as one`
          : `f.h5: truncated: the HDF5 file has ${length} bytes of ${bytes.length}. Copy or download it again`;
      expect(await faultOf(bytes.slice(0, length))).toBe(expected);
    }
  });

  it("says so of another kind of file, in one line", async () => {
    const text = new TextEncoder().encode("name,value\n".repeat(20));
    expect(await faultOf(text)).toBe("f.h5: expected an HDF5 file but its 220 bytes do not begin as one");
    const other = await writeH5((root) => {
      root.create_dataset({ name: "x", data: Float32Array.of(1) });
    });
    expect(await faultOf(other)).toMatch(/^f\.h5: an HDF5 file, but not one of Keras: .*layer_names/);
  });

  it("names layer and tensor that are listed but missing, and a tensor that holds text", async () => {
    const without = await writeH5((root) => {
      addLayers(root, { a: { "a/kernel:0": [[1], Float32Array.of(1)] } });
      const group = root.get("a") as Group;
      group.delete_attribute("weight_names");
      group.create_attribute("weight_names", ["a/kernel:0", "a/bias:0"], null, "S16");
    });
    expect(await faultOf(without)).toBe("f.h5: tensor a/bias:0 of layer a is listed but missing");
    const noGroup = await writeH5((root) => root.create_attribute("layer_names", ["a"], null, "S8"));
    expect(await faultOf(noGroup)).toBe("f.h5: layer a is listed but its group is missing");
    const text = await writeH5((root) => {
      root.create_attribute("layer_names", ["a"], null, "S8");
      const group = root.create_group("a");
      group.create_attribute("weight_names", ["kernel"], null, "S8");
      group.create_dataset({ name: "kernel", data: ["one", "two"] });
    });
    expect(await faultOf(text)).toMatch(/^f\.h5: tensor a\/kernel: expected numbers/);
  });

  it("reports damage inside the file in one line, and reads the next file all the same", async () => {
    const bytes = await writeH5((root) => addLayers(root, layers));
    const damaged = bytes.slice().fill(0xff, 96, 400);
    const fault = await faultOf(damaged);
    expect(fault).toMatch(/^f\.h5: .* cannot be read \(.*\)\. Is the file damaged\?$/);
    expect(fault).not.toContain("\n");
    expect(await namesIn(bytes)).toEqual(["a/kernel"]);
  });
});
