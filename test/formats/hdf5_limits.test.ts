// Files that would take all memory, or never end: refused before anything is read.

import type { Group } from "h5wasm";
import { describe, expect, it } from "vitest";
import { addLayers, faultOf, namesIn, type Tensors, writeH5 } from "./h5_files.ts";

/** Writes `layers/<path>/vars/0`. */
async function writeKeras3(path: string, change: (root: Group) => void = () => {}) {
  return writeH5((root) => {
    let group = root;
    for (const part of `layers/${path}/vars`.split("/")) group = group.create_group(part);
    group.create_dataset({ name: "0", data: Float32Array.of(1, 2, 3, 4), shape: [2, 2] });
    change(root);
  });
}

/** Puts another number wherever a file has this one as 64 bits. */
function withNumber(bytes: Uint8Array, old: bigint, wanted: bigint): Uint8Array {
  const changed = bytes.slice();
  const view = new DataView(changed.buffer);
  let count = 0;
  for (let at = 0; at + 8 <= changed.length; at++) {
    if (view.getBigUint64(at, true) !== old) continue;
    view.setBigUint64(at, wanted, true);
    count++;
  }
  expect(count).toBeGreaterThan(0);
  return changed;
}

const within = (root: Group, path: string) => root.get(path) as Group;

describe("groups that lead astray", () => {
  it("a cycle, at any depth", async () => {
    const one = await writeKeras3("dense", (root) => within(root, "layers").create_hard_link("/layers", "a"));
    expect(await faultOf(one)).toBe(
      "f.h5: a cycle of groups: layers/a leads back to group layers. Is the file damaged?",
    );
    const root = await writeKeras3("dense", (file) =>
      within(file, "layers/dense").create_hard_link("/", "again"),
    );
    expect(await faultOf(root)).toBe(
      "f.h5: a cycle of groups: layers/dense/again leads back to the root. Is the file damaged?",
    );
    const soft = await writeKeras3("dense", (file) =>
      within(file, "layers/dense").create_soft_link("/layers", "soft"),
    );
    expect(await faultOf(soft)).toMatch(/^f\.h5: a cycle of groups: layers\/dense\/soft leads back/);
  });

  it("one group under two names", async () => {
    const bytes = await writeKeras3("dense", (root) =>
      within(root, "layers").create_hard_link("/layers/dense", "dense_1"),
    );
    expect(await faultOf(bytes)).toMatch(/^f\.h5: layers\/dense_1 and layers\/dense are one group/);
  });

  it("too deep", async () => {
    const nested = (levels: number) => writeKeras3(Array.from({ length: levels }, () => "m").join("/"));
    expect(await namesIn(await nested(62))).toHaveLength(1);
    expect(await faultOf(await nested(63))).toMatch(
      /^f\.h5: groups are nested deeper than 64, at layers\/m\/.*…/,
    );
  });

  it("links that lead out of the file, or nowhere", async () => {
    const external = await writeKeras3("dense", (root) =>
      within(root, "layers").create_external_link("other.h5", "/layers/dense", "conv2d"),
    );
    expect(await faultOf(external)).toBe(
      "f.h5: layers/conv2d is a link into another file (other.h5); expected all data in one file",
    );
    const broken = await writeH5((root) => {
      addLayers(root, { a: { kernel: [[1], Float32Array.of(1)] } });
      (root.get("a") as Group).create_attribute("more", "x");
      root.delete_attribute("layer_names");
      root.create_attribute("layer_names", ["a", "b"], null, "S8");
      root.create_soft_link("/nowhere", "b");
    });
    expect(await faultOf(broken)).toBe("f.h5: layer b is a link to /nowhere, which cannot be followed");
  });

  it("a layer or a tensor that is listed twice", async () => {
    const layers: Record<string, Tensors> = { a: { kernel: [[1], Float32Array.of(1)] } };
    const twice = await writeH5((root) => {
      addLayers(root, layers);
      root.delete_attribute("layer_names");
      root.create_attribute("layer_names", ["a", "a"], null, "S8");
    });
    expect(await faultOf(twice)).toBe("f.h5: layer a is listed twice. Is the file damaged?");
    const tensor = await writeH5((root) => {
      addLayers(root, layers);
      (root.get("a") as Group).delete_attribute("weight_names");
      (root.get("a") as Group).create_attribute("weight_names", ["kernel", "kernel"], null, "S8");
    });
    expect(await faultOf(tensor)).toBe(
      "f.h5: tensor kernel of layer a is listed twice. Is the file damaged?",
    );
  });
});

describe("tensors that are larger than their file", () => {
  const EXTENT = 12_347;
  const write = (options: { chunks?: number[]; compression?: "gzip" }) =>
    writeH5(
      (root) => {
        root.create_attribute("layer_names", ["a"], null, "S8");
        const group = root.create_group("a");
        group.create_attribute("weight_names", ["kernel"], null, "S8");
        const data = new Float32Array(EXTENT);
        group.create_dataset({ name: "kernel", data, shape: [EXTENT, 1], ...options });
      },
      { libver: ["earliest", "latest"] },
    );

  it.each([
    ["in one piece", {}, 2n ** 20n],
    ["in chunks", { chunks: [1024, 1] }, 2n ** 39n],
    ["compressed", { chunks: [1024, 1], compression: "gzip" }, 2n ** 28n],
    ["beyond what doubles count", { chunks: [1024, 1], compression: "gzip" }, 2n ** 60n],
  ] as const)("%s", async (_, options, extent) => {
    const bytes = await write(options as Parameters<typeof write>[0]);
    expect(await namesIn(bytes)).toEqual(["a/kernel"]);
    const fault = await faultOf(withNumber(bytes, BigInt(EXTENT), extent));
    expect(fault).toMatch(
      /^f\.h5: tensor a\/kernel .*(would take [\d,]+ bytes, but the file has|cannot be read)/,
    );
  });

  it("a compressed one of zeros is read all the same", async () => {
    const bytes = await write({ chunks: [1024, 1], compression: "gzip" });
    expect(bytes.length).toBeLessThan(EXTENT * 2);
    expect(await namesIn(bytes)).toEqual(["a/kernel"]);
  });

  it("the same tensor under many names", async () => {
    const names = Array.from({ length: 40 }, (_, index) => `t${index}`);
    const bytes = await writeH5((root) => {
      root.create_attribute("layer_names", ["a"], null, "S8");
      const group = root.create_group("a");
      group.create_attribute("weight_names", names, null, "S8");
      const data = new Float32Array(2 ** 20);
      group.create_dataset({ name: "t0", data, shape: [2 ** 20], chunks: [2 ** 20], compression: "gzip" });
      for (const name of names.slice(1)) group.create_hard_link("/a/t0", name);
    });
    expect(await faultOf(bytes)).toMatch(
      /^f\.h5: its tensors up to a\/t16 would take [\d,]+ bytes, but the file has/,
    );
  });

  it("a name that no network could have", async () => {
    const name = "x".repeat(2000);
    const bytes = await writeH5((root) => {
      root.create_attribute("layer_names", ["a"], null, "S8");
      const group = root.create_group("a");
      group.create_attribute("weight_names", [name], null, "S2000");
      group.create_dataset({ name, data: Float32Array.of(1) });
    });
    expect(await faultOf(bytes)).toMatch(
      /^f\.h5: a tensor's name has 2002 characters \(a\/x+…x+\); expected up to 1024$/,
    );
  });
});
