// `weft weights` by the real program.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { unzipSync, zipSync } from "fflate";
import { describe, expect, it } from "vitest";
import { float32Tensor, writeSafetensors } from "../../src/formats/safetensors.ts";
import { temporaryFolder, writeIn } from "./tiny_data.ts";
import { runWeft } from "./weft.ts";

const KERAS_FILES = join(import.meta.dirname, "../golden/keras_files");
const HEADS = join(KERAS_FILES, "mobilenet_v2_heads.keras");
const EVERY_KIND = join(KERAS_FILES, "every_kind.h5");
const SQUEEZENET = join(
  import.meta.dirname,
  "../../../shared/weights/squeezenet_weights_tf_dim_ordering_tf_kernels_notop.h5",
);

const weights = (...args: string[]) => runWeft(["weights", ...args]);
const linesOf = (text: string) =>
  text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));

describe("weft weights FILE", () => {
  it("lists tensors with totals, and says what the file is", async () => {
    const { code, stdout, errors } = await weights(EVERY_KIND);
    expect([code, errors]).toEqual([0, []]);
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toBe(`${EVERY_KIND}  HDF5 of Keras, whole model`);
    expect(lines[2]).toMatch(/^ {2}tensor +shape +type +parameters +min +max$/);
    expect(lines).toContainEqual(
      expect.stringMatching(/^ {2}own_normalization\/count +scalar +int64 +1 +0 +0$/),
    );
    expect(lines).toContainEqual(
      expect.stringMatching(
        /^ {2}own_separable\/pointwise_kernel +1 x 1 x 4 x 5 +float32 +20 +-1\.187 +1\.115$/,
      ),
    );
    expect(lines.at(-1)).toBe("  36 tensors of 15 layers, 531 parameters");
  });

  it("prints a line a tensor with --json", async () => {
    const { code, stdout } = await weights(HEADS, "--json");
    const lines = linesOf(stdout);
    expect([code, lines.length]).toEqual([0, 264]);
    expect(lines[0]).toMatchObject({
      tensor: "Conv1/kernel",
      layer: "Conv1",
      weight: "kernel",
      shape: [3, 3, 3, 16],
      dtype: "float32",
      parameters: 432,
      notFinite: 0,
      min: -0.46915310621261597,
      max: 0.47038182616233826,
    });
  });

  it("counts what is not finite", async () => {
    const folder = temporaryFolder();
    const tensor = float32Tensor(Float32Array.of(1, Number.NaN, -2, Number.POSITIVE_INFINITY), [2, 2]);
    writeIn(folder, "nan.safetensors", writeSafetensors([["a/kernel", tensor]]));
    const path = join(folder, "nan.safetensors");
    const { code, stdout } = await weights(path);
    expect(code).toBe(0);
    expect(stdout).toMatch(/a\/kernel +2 x 2 +float32 +4 +-2 +1 +2 not finite\n/);
    const json = await weights(path, "--json");
    expect(linesOf(json.stdout)[0]).toMatchObject({ min: -2, max: 1, notFinite: 2 });
  });
});

describe("weft weights FILE --for BACKBONE", () => {
  it("finds width and top by itself and lists every weight", async () => {
    const { code, stdout, errors } = await weights(HEADS, "--for", "mobilenetv2");
    expect([code, errors]).toEqual([0, []]);
    expect(stdout).toMatch(/whole model; for MobileNetV2 \(alpha 0\.35\) without its top\n/);
    expect(stdout).toMatch(/\n {2}matched +block_16_depthwise\/depthwise_kernel +3 x 3 x 336 x 1\n/);
    expect(stdout).toMatch(/\n {2}left over +coat_length\/kernel +1280 x 8\n/);
    expect(stdout.trimEnd().split("\n").at(-1)).toBe(
      "  260 matched, 0 missing, 4 left over, 0 of another shape",
    );
  });

  it("ends with code 1 and one line where shapes differ", async () => {
    const { code, stdout, errors } = await weights(HEADS, "--for", "MobileNetV2", "--alpha", "1", "--json");
    expect(code).toBe(1);
    expect(errors).toEqual([
      `weft: ${HEADS}: these weights do not fit MobileNetV2 (alpha 1) without its top: 4 tensors matched, ` +
        "0 missing, 4 left over (first coat_length/kernel), 256 of another shape, " +
        "first layer Conv1: weight kernel expects [3,3,3,32] but the file has [3,3,3,16]",
    ]);
    const lines = linesOf(stdout);
    expect(lines).toHaveLength(264);
    expect(lines[0]).toEqual({
      status: "another shape",
      weight: "Conv1/kernel",
      shape: [3, 3, 3, 32],
      tensor: "Conv1/kernel",
      tensorShape: [3, 3, 3, 16],
    });
    expect(lines.at(-1)).toMatchObject({ status: "left over", weight: null, tensor: "collar_design/bias" });
  });

  it.skipIf(!existsSync(SQUEEZENET))("lists all of another network's (requires ../shared)", async () => {
    const { code, stdout, errors } = await weights(SQUEEZENET, "--for", "MobileNetV2");
    expect(code).toBe(1);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(
      /0 tensors matched, 260 missing \(first Conv1\/kernel\), 50 left over \(first conv1\/uniform1\)$/,
    );
    expect(stdout.match(/\n {2}missing /g)).toHaveLength(260);
    expect(stdout.match(/\n {2}left over /g)).toHaveLength(50);
  });
});

describe("faults of weft weights: one line with the file", () => {
  const folder = temporaryFolder();
  const archive = readFileSync(HEADS);
  const partOf = (name: string) => unzipSync(archive)[name] ?? new Uint8Array();
  const config = partOf("config.json");
  const headerOnly = (header: string) => {
    const bytes = Buffer.alloc(8 + header.length);
    bytes.writeBigUInt64LE(BigInt(header.length));
    bytes.write(header, 8);
    return bytes;
  };
  const noJson = new TextEncoder().encode('{"class_name": "Functional"');

  it.each([
    ["cut.keras", archive.subarray(0, 1_000_000), /truncated: a zip archive of 1000000 bytes without its/],
    ["cut.h5", readFileSync(EVERY_KIND).subarray(0, 50_000), /truncated: the HDF5 file has 50000 bytes of/],
    ["text.keras", "no archive", /expected a zip archive but its 10 bytes do not begin as one$/],
    ["none.keras", zipSync({ "config.json": config }), /without model\.weights\.h5; it holds config\.json$/],
    [
      "config.keras",
      zipSync({ "config.json": noJson, "model.weights.h5": partOf("model.weights.h5") }, { level: 0 }),
      /: config\.json: expected a model's configuration as JSON, but it cannot be parsed$/,
    ],
    [
      "inner.keras",
      zipSync({ "config.json": config, "model.weights.h5": partOf("model.weights.h5").subarray(0, 99_999) }),
      /: model\.weights\.h5: truncated: the HDF5 file has 99999 bytes of \d+/,
    ],
  ])("%s", async (name, content, expected) => {
    writeIn(folder, name, content);
    const { code, stdout, errors } = await weights(join(folder, name));
    expect([code, stdout, errors.length]).toEqual([1, "", 1]);
    expect(errors[0]).toContain(`weft: ${join(folder, name)}: `);
    expect(errors[0]).toMatch(expected);
  });

  it.each([
    [
      "config_bomb.keras",
      zipSync({ "config.json": new Uint8Array(2 ** 26), "model.weights.h5": partOf("model.weights.h5") }),
      /config\.json in this archive would take 67108864 bytes unpacked; expected up to 16777216$/,
    ],
    [
      "deep.safetensors",
      headerOnly(`{"__metadata__":${"[".repeat(9000)}${"]".repeat(9000)}}`),
      /: corrupt header: JSON nested 9001 levels deep, below "__metadata__"/,
    ],
    [
      "metadata.safetensors",
      headerOnly('{"__metadata__":{"a":{"toString":1}}}'),
      /: __metadata__ has \{"toString":1\} under a; expected text$/,
    ],
    ["model.onnx", "\x08\x07\x12\x07pytorch", /: this is an ONNX model; weft takes weights from Keras' \.h5/],
    ["model.pt", zipSync({ "model/data.pkl": new Uint8Array(9) }), /: this is a file of PyTorch; weft takes/],
  ])("%s", async (name, content, expected) => {
    writeIn(folder, name, content);
    const { code, stdout, errors } = await weights(join(folder, name));
    expect([code, stdout, errors.length]).toEqual([1, "", 1]);
    expect(errors[0]).toContain(`weft: ${join(folder, name)}: `);
    expect(errors[0]).toMatch(expected);
  });

  it("a file on which the HDF5 library never ends", async () => {
    const bytes = Uint8Array.from(readFileSync(join(KERAS_FILES, "every_kind_legacy_weights.h5")));
    bytes[3241] = 4; // the length of a string in the global heap
    writeIn(folder, "endless.h5", bytes);
    const path = join(folder, "endless.h5");
    expect(await weights(path)).toEqual({
      code: 1,
      stdout: "",
      errors: [`weft: ${path}: this file could not be read within 2 s. Is it damaged?`],
    });
  });

  it("a negative variance: listed, and then refused by tensor, element and value", async () => {
    const tensor = float32Tensor(Float32Array.of(1, -0.5), [2]);
    writeIn(folder, "variance.safetensors", writeSafetensors([["bn/moving_variance", tensor]]));
    const path = join(folder, "variance.safetensors");
    for (const more of [[], ["--json"]]) {
      const { code, stdout, errors } = await weights(path, ...more);
      expect(code).toBe(1);
      expect(errors).toEqual([
        `weft: ${path}: tensor bn/moving_variance has -0.5 at element 1; expected a variance of 0 or more`,
      ]);
      expect(stdout).toContain("bn/moving_variance");
    }
  });

  it("a missing file, and options that say nothing without --for", async () => {
    const missing = await weights(join(folder, "none.h5"));
    expect(missing.errors).toEqual([`weft: ${join(folder, "none.h5")}: no such file or folder`]);
    const alpha = await weights(HEADS, "--alpha", "0.5");
    expect(alpha.errors).toEqual([
      "weft: --alpha 0.5 says which network is meant; expected --for <backbone> with it",
    ]);
  });
});
