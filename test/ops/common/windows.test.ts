// Padding and window counts along an axis, against figures worked out by hand from TensorFlow's rules.
import { describe, expect, it } from "vitest";
import { resolvePadding, resolveWindows } from "../../../src/ops/common/windows.ts";

describe("resolvePadding", () => {
  it.each([
    // padding, input, kernel, stride, dilation → before, after, outputs
    ["valid", 7, 3, 2, 1, 0, 0, 3],
    ["valid", 8, 3, 2, 1, 0, 0, 3],
    ["same", 7, 3, 2, 1, 1, 1, 4],
    ["same", 8, 3, 2, 1, 0, 1, 4],
    ["same", 224, 7, 2, 1, 2, 3, 112],
    ["same", 5, 3, 1, 2, 2, 2, 5],
    ["same", 5, 1, 2, 1, 0, 0, 3],
    ["same", 4, 2, 3, 1, 0, 1, 2],
    ["same", 2, 5, 2, 1, 1, 2, 1],
    [[0, 1], 8, 3, 2, 1, 0, 1, 4],
    [[2, 0], 5, 4, 1, 1, 2, 0, 4],
    ["valid", 2, 3, 1, 1, 0, 0, 0],
  ] as const)(
    "%j of %i, kernel %i, stride %i, dilation %i",
    (padding, input, kernel, stride, dilation, before, after, outputSize) => {
      expect(resolvePadding(padding, input, kernel, stride, dilation)).toEqual({ before, after, outputSize });
    },
  );
});

describe("resolveWindows", () => {
  const image = { N: 2, H: 5, W: 8, C: 3 };

  it("takes rows and columns apart", () => {
    const windows = resolveWindows("avgPool2d", image, {
      size: [3, 2],
      strides: [2, 3],
      padding: [
        [1, 0],
        [0, 2],
      ],
    });
    expect(windows).toEqual({ P: 2, Q: 3, top: 1, bottom: 0, left: 0, right: 2 });
  });

  it("names operator, window and image where nothing fits", () => {
    const window = { size: [3, 3], strides: [1, 1], dilations: [3, 1], padding: "valid" } as const;
    expect(() => resolveWindows("conv2d", image, window)).toThrow(
      /conv2d: a window of 3 x 3, dilated by 3 x 1, does not fit into x \[2,5,8,3\] with padding "valid"/,
    );
  });
});
