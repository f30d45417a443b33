import { describe, expect, it } from "vitest";
import { WeftError } from "../../src/base/errors.ts";
import {
  float32Tensor,
  readSafetensors,
  type StoredTensor,
  safetensorsPieces,
  writeSafetensors,
} from "../../src/formats/safetensors.ts";
import { halfToNumber, toFloat32 } from "../../src/formats/tensor_values.ts";

const TENSORS: [string, StoredTensor][] = [
  ["bytes", { dtype: "U8", shape: [3], data: Uint8Array.of(1, 2, 255) }],
  ["conv/kernel", float32Tensor(Float32Array.of(1.5, -2, 0, 4), [2, 2])],
  ["f64", { dtype: "F64", shape: [1], data: Float64Array.of(Math.PI) }],
  ["f16", { dtype: "F16", shape: [2], data: Uint16Array.of(0x3c00, 0xc100) }],
  ["bf16", { dtype: "BF16", shape: [2], data: Uint16Array.of(0x3f80, 0xc020) }],
  ["i32", { dtype: "I32", shape: [2], data: Int32Array.of(-7, 7) }],
  ["i64", { dtype: "I64", shape: [], data: BigInt64Array.of(-5n) }],
  ["u32", { dtype: "U32", shape: [1], data: Uint32Array.of(4294967295) }],
  ["empty", float32Tensor(new Float32Array(0), [0, 4])],
];

/** A file with this header text and so many zero bytes of data. */
function fileOf(header: string, dataBytes: number): Uint8Array {
  const json = new TextEncoder().encode(header);
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

function faultOf(bytes: Uint8Array): string {
  try {
    readSafetensors(bytes, "w.safetensors");
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(WeftError);
    return (thrown as WeftError).message;
  }
  throw new Error("nothing was thrown");
}

describe("safetensors", () => {
  it("reads back what it wrote, dtypes, order and unaligned tensors included", () => {
    const bytes = writeSafetensors(TENSORS, { b: "2", a: "1" });
    const { metadata, tensors } = readSafetensors(bytes, "w");
    expect(metadata).toEqual({ a: "1", b: "2" });
    expect([...tensors]).toEqual(TENSORS);
    const shifted = new Uint8Array(bytes.length + 1);
    shifted.set(bytes, 1);
    expect([...readSafetensors(shifted.subarray(1), "w").tensors]).toEqual(TENSORS);
  });

  it("writes the format's bytes: header length, header padded to 8 with spaces, data without gaps", () => {
    const bytes = writeSafetensors([["a", { dtype: "U8", shape: [2], data: Uint8Array.of(9, 8) }]]);
    const header = '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}';
    const padded = header.padEnd(Math.ceil(header.length / 8) * 8);
    expect(new DataView(bytes.buffer).getBigUint64(0, true)).toBe(BigInt(padded.length));
    expect(new TextDecoder().decode(bytes.subarray(8, 8 + padded.length))).toBe(padded);
    expect([...bytes.subarray(8 + padded.length)]).toEqual([9, 8]);
  });

  it("writes the same bytes whatever order the metadata came in, and pieces that make up the file", () => {
    const bytes = writeSafetensors(TENSORS, { x: "1", y: "2" });
    expect(writeSafetensors(new Map(TENSORS), { y: "2", x: "1" })).toEqual(bytes);
    const pieces = safetensorsPieces(TENSORS, { x: "1", y: "2" });
    expect(Uint8Array.from(pieces.flatMap((piece) => [...piece]))).toEqual(bytes);
  });

  it("refuses to write data that does not fit its shape, and a name twice", () => {
    expect(() => writeSafetensors([["a", float32Tensor(new Float32Array(3), [2, 2])]])).toThrow(
      "tensor a: F32 [2,2] takes 16 bytes but its data has 12",
    );
    const twice = [TENSORS[0], TENSORS[0]] as [string, StoredTensor][];
    expect(() => writeSafetensors(twice)).toThrow("tensor bytes is given twice");
  });

  it("names file and tensor where the file is cut off at any length", () => {
    const bytes = writeSafetensors(TENSORS);
    for (let length = 0; length < bytes.length; length++) {
      expect(faultOf(bytes.subarray(0, length)), `cut at ${length}`).toMatch(/^w\.safetensors: /);
    }
    expect(faultOf(bytes.subarray(0, bytes.length - 1))).toMatch(/^w\.safetensors: tensor u32 is cut off/);
  });

  it.each([
    [
      '{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}}',
      4,
      "tensor a: F32 [2] takes 8 bytes but the header gives it 4",
    ],
    ['{"a":{"dtype":"F8","shape":[2],"data_offsets":[0,2]}}', 2, 'tensor a has the element type "F8"'],
    ['{"a":{"dtype":"U8","shape":[-2],"data_offsets":[0,2]}}', 2, "tensor a has a corrupt header entry"],
    ['{"a":3}', 0, "tensor a has a corrupt header entry: 3"],
    [
      '{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}',
      5,
      "3 bytes after the last tensor belong to none",
    ],
    [
      '{"b":{"dtype":"U8","shape":[2],"data_offsets":[4,6]},"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]}}',
      6,
      "corrupt header: tensor b, at byte 4 of the data, leaves 2 bytes before it",
    ],
    [
      '{"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},"b":{"dtype":"U8","shape":[4],"data_offsets":[2,6]}}',
      6,
      "corrupt header: tensor b, at byte 2 of the data, shares bytes with another",
    ],
    [
      '{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}',
      0,
      "corrupt header: a is in it twice",
    ],
    [
      '{"a":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,4]}}',
      4,
      "tensor a: F32 [4294967296,4294967296] takes 73786976294838210000 bytes but the header gives it 4",
    ],
    [
      `{"a":{"dtype":"U8","shape":[${Array(65).fill(1)}],"data_offsets":[0,1]}}`,
      1,
      "tensor a has 65 dimensions; expected up to 64",
    ],
    ['{"__metadata__":[]}', 0, "__metadata__ is []; expected a JSON object of text"],
    ['{"__metadata__":{"a":{"toString":1}}}', 0, '__metadata__ has {"toString":1} under a; expected text'],
    ['{"__metadata__":{"a":1}}', 0, "__metadata__ has 1 under a; expected text"],
    [
      `{"__metadata__":{"a":${"[".repeat(20_000)}${"]".repeat(20_000)}}}`,
      0,
      'corrupt header: JSON nested 20002 levels deep, below "__metadata__"; expected up to 3',
    ],
    [
      `{"a":{"dtype":"U8","shape":${"[".repeat(20_000)}${"]".repeat(20_000)},"data_offsets":[0,1]}}`,
      1,
      'corrupt header: JSON nested 20002 levels deep, below "a"; expected up to 3',
    ],
    ["[1]", 0, "not a safetensors file: its header is not a JSON object"],
    ["{", 0, "not a safetensors file: its header is not a JSON object"],
  ])("refuses the header %s", (header, dataBytes, fault) => {
    expect(faultOf(fileOf(header, dataBytes))).toContain(`w.safetensors: ${fault}`);
  });

  it("keeps names that objects of JavaScript have already", () => {
    const tensors: [string, StoredTensor][] = [
      ["__proto__", { dtype: "U8", shape: [1], data: Uint8Array.of(5) }],
    ];
    const file = readSafetensors(writeSafetensors(tensors, { constructor: "x" }), "w");
    expect([...file.tensors]).toEqual(tensors);
    expect(Object.entries(file.metadata)).toEqual([["constructor", "x"]]);
  });

  it("refuses a header that is longer than any network's", () => {
    const bytes = new Uint8Array(10 * 2 ** 20);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(9 * 2 ** 20), true);
    expect(faultOf(bytes)).toBe("w.safetensors: a header of 9437184 bytes; expected up to 8388608");
  });

  it("refuses a text file", () => {
    expect(faultOf(new TextEncoder().encode("this is not a safetensors file"))).toMatch(
      /not a safetensors file/,
    );
  });
});

describe("toFloat32", () => {
  it("converts every stored type", () => {
    const values = Object.fromEntries(TENSORS.map(([name, tensor]) => [name, [...toFloat32(tensor)]]));
    expect(values).toEqual({
      bytes: [1, 2, 255],
      "conv/kernel": [1.5, -2, 0, 4],
      f64: [Math.fround(Math.PI)],
      f16: [1, -2.5],
      bf16: [1, -2.5],
      i32: [-7, 7],
      i64: [-5],
      u32: [4294967296],
      empty: [],
    });
  });

  it("reads half-precision subnormals, limits and specials", () => {
    expect(halfToNumber(0x0001)).toBe(2 ** -24);
    expect(halfToNumber(0x7bff)).toBe(65504);
    expect(halfToNumber(0xfc00)).toBe(-Infinity);
    expect(halfToNumber(0x7e00)).toBeNaN();
    expect(Object.is(halfToNumber(0x8000), -0)).toBe(true);
  });
});
