import { existsSync, readFileSync } from "node:fs";
import { inflateSync } from "node:zlib";
import type { Group } from "h5wasm";
import { describe, expect, it } from "vitest";
import { openKerasH5 } from "../../src/formats/keras_h5.ts";
import { addLayer, addLayers, faultOf, namesIn, type Tensors, writeH5 } from "./h5_files.ts";

describe("openKerasH5: weights only", () => {
  it("lists weights in the file's order and loads them", async () => {
    const bytes = await writeH5((root) =>
      addLayers(root, {
        input_1: undefined,
        conv: {
          "conv/kernel:0": [[1, 1, 2, 2], Float32Array.of(1, 2, 3, 4)],
          "conv/bias:0": [[2], Float64Array.of(5, 6)],
        },
        "fire2/squeeze": {
          uniform1: [[2], Float32Array.of(7, 8)],
          "fire2/squeeze_b": [[1], BigInt64Array.of(9n)],
        },
        relu: undefined,
        "fire2/expand": { "model_3/fire2/expand_7/kernel:0": [[1], Float32Array.of(10)] },
      }),
    );
    const file = await openKerasH5(bytes, "f.h5");
    expect(file.weights.map(({ layer, weight, shape, load }) => [layer, weight, shape, [...load()]])).toEqual(
      [
        ["conv", "kernel", [1, 1, 2, 2], [1, 2, 3, 4]],
        ["conv", "bias", [2], [5, 6]],
        ["fire2/squeeze", "uniform1", [2], [7, 8]],
        ["fire2/squeeze", "squeeze_b", [1], [9]],
        ["fire2/expand", "kernel", [1], [10]],
      ],
    );
    expect(file.weights[0]?.name).toBe("conv/kernel");
    expect(file.weights.map(({ load }) => load() instanceof Float32Array)).toEqual(Array(5).fill(true));
    expect(file.modelConfig).toBeUndefined();
    file.close();
  });

  it("reads lists that Keras cut into chunks", async () => {
    const bytes = await writeH5((root) => {
      root.create_attribute("layer_names0", ["a", "b"], null, "S8");
      root.create_attribute("layer_names1", ["c"], null, "S8");
      for (const layer of ["a", "b", "c"])
        addLayer(root, layer, { [`${layer}/kernel`]: [[1], Float32Array.of(1)] });
    });
    expect(await namesIn(bytes)).toEqual(["a/kernel", "b/kernel", "c/kernel"]);
  });

  it("keeps two files open at once apart", async () => {
    const [one, two] = await Promise.all(
      [1, 2].map(async (value) => {
        const bytes = await writeH5((root) =>
          addLayers(root, { a: { "a/kernel:0": [[1], Float32Array.of(value)] } }),
        );
        return openKerasH5(bytes, "f.h5");
      }),
    );
    expect([...(one?.weights[0]?.load() ?? [])]).toEqual([1]);
    one?.close();
    expect([...(two?.weights[0]?.load() ?? [])]).toEqual([2]);
    two?.close();
  });
});

describe("openKerasH5: whole models", () => {
  const kernel: Tensors[string] = [[1], Float32Array.of(1)];

  it("reads below model_weights and names a nested model's weights by their own layers", async () => {
    const config = {
      class_name: "Functional",
      config: {
        name: "outer",
        layers: [
          { class_name: "Functional", config: { name: "inner", layers: [] } },
          { class_name: "Sequential", config: { name: "one", layers: [] } },
          { class_name: "Dense", config: { name: "coat_length" } },
        ],
      },
    };
    const bytes = await writeH5((root) => {
      root.create_attribute("model_config", JSON.stringify(config));
      const nested = root.create_group("model_weights");
      addLayers(nested, {
        inner: { "Conv1/kernel:0": kernel, "bn/gamma:0": kernel },
        one: { "only/kernel:0": kernel },
        coat_length: { "coat_length/kernel:0": kernel, "coat_length/bias:0": kernel },
      });
    });
    expect(await namesIn(bytes)).toEqual([
      "Conv1/kernel",
      "bn/gamma",
      "only/kernel",
      "coat_length/kernel",
      "coat_length/bias",
    ]);
    const file = await openKerasH5(bytes, "f.h5");
    expect(file.modelConfig).toEqual(config);
    file.close();
  });

  it("finds a nested model's layers behind the scopes that NASNet puts in front of their weights", async () => {
    const layers = [{ class_name: "Conv2D", config: { name: "conv_left1" } }];
    const inner = { class_name: "Functional", config: { name: "inner", layers } };
    const bytes = await writeH5((root) => {
      const config = { class_name: "Functional", config: { name: "outer", layers: [inner] } };
      root.create_attribute("model_config", JSON.stringify(config));
      addLayers(root.create_group("model_weights"), {
        inner: { "block_A/block_1/conv_left1/kernel": kernel, "block_A/unknown/kernel": kernel },
      });
    });
    expect(await namesIn(bytes)).toEqual(["conv_left1/kernel", "block_A/unknown/kernel"]);
    const damaged = await writeH5((root) => {
      root.create_attribute("model_config", '{"class_name": ');
      addLayers(root.create_group("model_weights"), { a: { "a/kernel": kernel } });
    });
    expect(await faultOf(damaged)).toMatch(
      /^f\.h5: attribute model_config: expected a model's configuration/,
    );
  });

  it("strips the model's name that Keras 3 puts in front, with or without a configuration", async () => {
    const bytes = await writeH5((root) =>
      addLayers(root, {
        inner: { "inner/Conv1/kernel": kernel, "inner/block/1/kernel": kernel },
        one: { "one/only/kernel": kernel },
      }),
    );
    expect(await namesIn(bytes)).toEqual(["Conv1/kernel", "block/1/kernel", "only/kernel"]);
  });
});

describe("openKerasH5: Keras 3's .weights.h5", () => {
  it("names variables by their layer's class and orders layers by number", async () => {
    const bytes = await writeH5((root) => {
      const add = (parent: Group, layer: string, name: string | undefined, count: number) => {
        const vars = parent.create_group(layer).create_group("vars");
        if (name !== undefined) vars.create_attribute("name", name);
        for (let i = 0; i < count; i++)
          vars.create_dataset({ name: String(i), data: Float32Array.of(i), shape: [1] });
      };
      const layers = root.create_group("layers");
      add(layers, "conv2d_10", undefined, 1);
      add(layers, "conv2d_2", undefined, 2);
      add(layers, "depthwise_conv2d", "dw", 1);
      add(layers, "batch_normalization", "bn", 4);
      add(layers, "batch_normalization_1", undefined, 3);
      add(layers, "re_lu", undefined, 0);
      add(layers, "functional", "inner", 0);
      add((layers.get("functional") as Group).create_group("layers"), "dense", "head", 2);
    });
    expect(await namesIn(bytes)).toEqual([
      "bn/gamma",
      "bn/beta",
      "bn/moving_mean",
      "bn/moving_variance",
      "batch_normalization_1/beta",
      "batch_normalization_1/moving_mean",
      "batch_normalization_1/moving_variance",
      "conv2d_2/kernel",
      "conv2d_2/bias",
      "conv2d_10/kernel",
      "dw/depthwise_kernel",
      "head/kernel",
      "head/bias",
    ]);
  });
});

// Written by h5py, deflated: layer `a` with `half`, float16 [1, -2, 2^-14, 2^-24, 65504], and `brain`, bfloat16
// [1, -2.5, 3e38] as two bytes an element, with Keras 3's attribute `dtype` and without.
const HALVES = [
  "eNrr9HBx4+WS4mLm4GCAgf9Q8FAYwjeAinf9/dHv7+ESxKSwfyFLNjKuYBJC1ggDXEwMjAwMokIMLJhyPEYMDMwMPAwcDCIMDDmJ",
  "lalF8XmJuanFDMJALUDEwMQIBFCbYXQiGw+Iw5h4GCpwp32/Lw4nCQgwMCQxQZQZQpVDHASSWckMETGCyvDYgJzDC3FOeWpmekYJ",
  "kntYoe6BGscAozMSc9IYkooSM/MY2GChF8S9fA3YSUB3MopA9LFC5WA0swgDo6ACP9QcAQYuVgYufpA80H3MXBzAwGRhnAy1hAtm",
  "8AaGIQcqzoa993f28MaePNj4QZHJAgrEMGgM219czs5gw3AA6H+G/9XowcgMCz4YzcHAKAqNDuSguw1VAIsTHCnQHGQSGzDCgZIp",
  "JZUFqQySwBQnAI4RWJrjABsOyhsPmZHSYjZdg3GXuHQUKBix+4NNAOQoVnAynAtNNFrcvsIN9goHkurdnf19GBmgfkLKSrDsnpSW",
  "k59YYmgGs+sGP8MoGAWjYBSMglEwCkbBKBgFo2AUjIJRMAqGGAAAXNunaQ==",
].join("");
const HALVES_UNTOLD = [
  "eNrr9HBx4+WS4mLm4GCAgf9Q8JAZwjeAij+8eP2Lv4dLEJPC/oUs2ci4gkkIWSMMcDExMDIwiAoxsGDK8RgxMDAz8DBwMIgwMOQk",
  "VqYWxecl5qYWMwgDtQARAxMjEEBthtGJbDwgDmPiYajAnfb9vjicJCDAwJDEBFFmCFUOcRBIZiXUb0ZQGR4bkHN4Ic4pT81MzyhB",
  "cg8r1D1Q4xhgdEZiThpDUlFiZh4DGyz0griXrwE7CehORhGIPlaoHIxmFmFgFFTgh5ojwMDFysDFD5IHuo+ZiwMYmCyMk6GWcMEM",
  "3sAw5EDF2bD3/s4e3tiTBxs/KDJZQIEYBo1h+4vL2RlsGA4A/c/wvxo9GJlhwQejORgYRaHRgRx0t6EK4HGyh2FIgyeX/t0DBSP2",
  "nMQmAApGVnAynAtNNFrcvsIN9goHkuoBDFGRiA==",
].join("");
const inflated = (base64: string) => Uint8Array.from(inflateSync(Buffer.from(base64, "base64")));

describe("openKerasH5: elements of two bytes", () => {
  it("reads float16, and bfloat16 where the file says that it is", async () => {
    const file = await openKerasH5(inflated(HALVES), "f.h5");
    expect(file.weights.map(({ weight, dtype, load }) => [weight, dtype, [...load()]])).toEqual([
      ["half", "float16", [1, -2, 2 ** -14, 2 ** -24, 65504]],
      ["brain", "bfloat16", [1, -2.5, expect.closeTo(3e38, -36)]],
    ]);
    file.close();
  });

  it("refuses bytes of which the file does not say what they are", async () => {
    const told = "expected numbers but it holds V2 (bytes; a bfloat16 model has to be saved as .keras)";
    expect(await faultOf(inflated(HALVES_UNTOLD))).toBe(`f.h5: tensor a/brain: ${told}`);
  });
});

const WEIGHTS = new URL("../../../shared/weights/", import.meta.url);

describe.skipIf(!existsSync(WEIGHTS))("openKerasH5: real files (requires ../shared/weights)", () => {
  it.each([
    ["mobilenet_v2_0.35_224_no_top.imagenet.h5", 260, 410_208, "Conv1/kernel", [3, 3, 3, 16]],
    ["mobilenet_v2_1.0_224_with_top.dequant_qat.h5", 262, 3_538_984, "Conv1/kernel", [3, 3, 3, 32]],
    ["squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5", 50, 722_496, "conv1/uniform1", [3, 3, 3, 64]],
  ])("reads %s", async (name, tensors, parameters, first, shape) => {
    const file = await openKerasH5(readFileSync(new URL(name, WEIGHTS)), name);
    expect(file.weights).toHaveLength(tensors);
    expect(new Set(file.weights.map((weight) => weight.name)).size).toBe(tensors);
    expect(file.weights[0]).toMatchObject({ name: first, shape });
    let count = 0;
    for (const weight of file.weights) {
      const values = weight.load();
      expect(values.length).toBe(weight.shape.reduce((product, extent) => product * extent, 1));
      count += values.length;
    }
    expect(count).toBe(parameters);
    file.close();
  });
});
