import { describe, expect, it } from "vitest";
import type { LayerPosition } from "../../src/formats/hdf5.ts";
import { matchWeights, type OfferedWeight } from "../../src/formats/weight_matching.ts";

function offer(name: string, shape: number[] = [1], position?: LayerPosition): OfferedWeight {
  const slash = name.lastIndexOf("/");
  const parts = { name, shape, layer: name.slice(0, slash), weight: name.slice(slash + 1) };
  return position ? { ...parts, position } : parts;
}

const expectOf = (name: string, shape: number[] = [1]) => ({ name, shape });
const pairsOf = ({ matched }: ReturnType<typeof matchWeights>) =>
  matched.map(({ expected, found }) => [expected.name, found.name]);

describe("auto-named layers", () => {
  it("begin where all shapes fit, when the file has further ones before or after", () => {
    const expected = [expectOf("conv2d/kernel", [3, 4]), expectOf("conv2d_1/kernel", [4, 5])];
    const own = [offer("conv2d_8/kernel", [3, 4]), offer("conv2d_9/kernel", [4, 5])];
    const before = offer("conv2d_7/kernel", [9, 9]);
    const after = offer("conv2d_10/kernel", [9, 9]);
    const report = matchWeights(expected, [after, before, ...own]);
    expect(pairsOf(report)).toEqual([
      ["conv2d/kernel", "conv2d_8/kernel"],
      ["conv2d_1/kernel", "conv2d_9/kernel"],
    ]);
    expect(report.leftOver).toEqual([after, before]);
  });

  it("are taken from the first on where nothing fits, so that shapes are compared", () => {
    const { misshapen } = matchWeights(
      [expectOf("dense/kernel", [3])],
      [offer("dense_2/kernel"), offer("dense_3/kernel")],
    );
    expect(misshapen.map(({ found }) => found.name)).toEqual(["dense_2/kernel"]);
  });
});

describe("names that drift", () => {
  it("are the same but for underscores, where no other layer's are", () => {
    const expected = [expectOf("reduction_bn3_1/gamma"), expectOf("Conv1/kernel"), expectOf("Conv_1/kernel")];
    expect(
      pairsOf(matchWeights(expected, [offer("reduction_bn_3_1/gamma"), offer("Conv__1/kernel")])),
    ).toEqual([["reduction_bn3_1/gamma", "reduction_bn_3_1/gamma"]]);
  });

  it("may have a scope before them", () => {
    const found = matchWeights(
      [expectOf("own/gamma"), expectOf("two/gamma")],
      [offer("block_1/own/gamma"), offer("a/two/gamma"), offer("b/two/gamma")],
    );
    expect(pairsOf(found)).toEqual([["own/gamma", "block_1/own/gamma"]]);
  });

  it("of variables are taken by their place where none is Keras' and the numbers agree", () => {
    const expected = [expectOf("conv/kernel", [3, 3]), expectOf("conv/bias")];
    const old = [offer("conv/conv_W_1", [3, 3]), offer("conv/conv_b_1")];
    expect(pairsOf(matchWeights(expected, old))).toEqual([
      ["conv/kernel", "conv/conv_W_1"],
      ["conv/bias", "conv/conv_b_1"],
    ]);
    expect(pairsOf(matchWeights([expectOf("conv/kernel", [3, 3])], old))).toEqual([]);
    expect(pairsOf(matchWeights(expected, [old[0] ?? offer(""), offer("conv/gamma")]))).toEqual([]);
  });
});

describe("layers without names", () => {
  const at = (model: string, kind: string, index: number) => ({ model, kind, index });
  const expected = [
    expectOf("first/kernel", [3, 3, 1, 2]),
    expectOf("side/kernel", [1, 1, 1, 2]),
    expectOf("norm/moving_mean", [2]),
    expectOf("second/kernel", [3, 3, 2, 2]),
  ];
  const offered = [
    offer("functional/conv2d/kernel", [3, 3, 1, 2], at("layers/functional/", "conv2d", 0)),
    offer("functional/conv2d_1/kernel", [3, 3, 2, 2], at("layers/functional/", "conv2d", 1)),
    offer("functional/conv2d_2/kernel", [1, 1, 1, 2], at("layers/functional/", "conv2d", 2)),
    offer(
      "functional/batch_normalization/moving_mean",
      [2],
      at("layers/functional/", "batch_normalization", 0),
    ),
    offer("conv2d/kernel", [5, 5, 1, 2], at("", "conv2d", 0)),
    offer("dense/kernel", [2, 2], at("", "dense", 0)),
  ];

  it("are found by their place in Keras' order within the model that fits best", () => {
    const layerOrder = ["first", "norm", "second", "side"];
    const report = matchWeights(expected, offered, { layerOrder });
    expect(pairsOf(report)).toEqual([
      ["first/kernel", "functional/conv2d/kernel"],
      ["side/kernel", "functional/conv2d_2/kernel"],
      ["norm/moving_mean", "functional/batch_normalization/moving_mean"],
      ["second/kernel", "functional/conv2d_1/kernel"],
    ]);
    expect(report.leftOver.map(({ name }) => name)).toEqual(["conv2d/kernel", "dense/kernel"]);
    expect(matchWeights(expected, offered).misshapen).toHaveLength(2);
  });

  it("are never taken for heads, which are like one another", () => {
    const head = [expectOf("colour/kernel", [2, 2])];
    expect(matchWeights(head, offered).matched).toHaveLength(1);
    expect(matchWeights(head, offered, { byName: true }).matched).toHaveLength(0);
  });
});
