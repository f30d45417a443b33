// `npm run golden` on cases made here, in this process's adapter and in headless Chromium.

import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { float32Tensor, writeSafetensors } from "../../src/formats/safetensors.ts";
import { temporaryFolder, writeIn } from "../cli/tiny_data.ts";
import { type RunOptions, runWeft } from "../cli/weft.ts";
import { canHaveSwiftShader } from "../platform/available_adapters.ts";
import { findChromium } from "./runner/chromium.ts";

const X = Float32Array.of(-2, -1, 0, 3, 4, 7);
const RELU6 = X.map((value) => Math.min(6, Math.max(0, value)));

function caseFile(fields: object, y = RELU6): Uint8Array {
  const golden = { kind: "op", op: "relu6", inputs: ["x"], outputs: ["y"], grads: [], ...fields };
  const tensors = [
    ["x", float32Tensor(X, [2, 3])],
    ["y", float32Tensor(y, [2, 3])],
  ] as const;
  return writeSafetensors(tensors, { case: JSON.stringify(golden) });
}

const runGolden = (args: readonly string[], options: RunOptions = {}) =>
  runWeft(args, { ...options, program: "golden" });

/** A test adapter would win over the one asked for. */
const canAskForSwiftShader = canHaveSwiftShader && process.env.WEFT_TEST_ADAPTER === undefined;

let folder: string;

beforeAll(() => {
  folder = temporaryFolder();
  writeIn(folder, "b/passes.safetensors", caseFile({}));
  writeIn(folder, "a/wrong.safetensors", caseFile({}, RELU6.with(4, 4.5)));
  writeIn(folder, "a/deep/unknown.safetensors", caseFile({ op: "relu7" }));
  writeIn(folder, "c/damaged.safetensors", caseFile({}).subarray(0, 100));
  writeIn(folder, "c/picky.safetensors", caseFile({ requires: ["no-such-feature"] }));
  writeIn(folder, "c/notes.txt", "not a case");
});

const EXPECTED = [
  /^a\/deep\/unknown +- {2}fail {2}unknown operator relu7$/,
  /^a\/wrong +\d.* {2}fail {2}y: 1 of 6 elements differ by more than .*; worst at 4: 4 instead of 4\.5$/,
  /^b\/passes +0\.000 {2}pass$/,
  /^c\/damaged +- {2}fail {2}.*damaged\.safetensors: not a safetensors file, or truncated/,
  /^c\/picky +- {2}skip {2}the adapter has no no-such-feature$/,
  /^1 passed, 3 failed, 1 skipped$/,
];

function expectLines(stdout: string): void {
  const lines = stdout.trimEnd().split("\n");
  expect(lines).toHaveLength(EXPECTED.length);
  for (const [index, line] of lines.entries()) expect(line).toMatch(EXPECTED[index] ?? "");
}

describe("npm run golden", () => {
  it("prints a line a case, sorted, and fails where one fails", async () => {
    const { code, stdout } = await runGolden([folder]);
    expectLines(stdout);
    expect(code).toBe(1);
  });

  it.skipIf(!canAskForSwiftShader)(
    "refuses mixed precision on SwiftShader, which has no f16 (Linux on x64)",
    async () => {
      const options = ["--precision", "mixed", "--adapter", "swiftshader"];
      const { code, errors } = await runGolden([folder, ...options]);
      expect(code).toBe(1);
      expect(errors).toEqual([
        expect.stringMatching(/mixed needs .* shader-f16, which swiftshader does not have/),
      ]);
    },
  );

  it("exits with 0 where all pass, and with 1 where none ran", async () => {
    const passing = await runGolden([join(folder, "b")]);
    expect(passing.stdout).toMatch(/\n1 passed, 0 failed, 0 skipped\n$/);
    expect(passing.code).toBe(0);
    const none = temporaryFolder();
    const empty = await runGolden([none]);
    expect(empty.stdout).toBe("0 passed, 0 failed, 0 skipped\n");
    expect(empty.errors).toEqual([
      `weft: ${none}: no golden cases (.safetensors) here or in its sub-folders`,
    ]);
    expect(empty.code).toBe(1);
    writeIn(none, "picky.safetensors", caseFile({ requires: ["no-such-feature"] }));
    expect((await runGolden([none])).code).toBe(1);
  });

  it("names a folder that there is not, and wants one", async () => {
    expect(await runGolden(["/nowhere"])).toMatchObject({
      code: 1,
      errors: [expect.stringMatching(/^weft: \/nowhere: no such file or folder/)],
    });
    expect(await runGolden([])).toMatchObject({
      code: 1,
      errors: ["weft: missing required argument 'folder'"],
    });
    expect((await runGolden([folder, "another"])).errors.join("\n")).toMatch(/^weft: too many arguments/);
  });

  it.each(["cpu", "gpu"])("forces the %s family of kernels", async (family) => {
    const { code, errors } = await runGolden([join(folder, "b"), "--kernels", family]);
    expect(errors.join("\n")).toContain(`, ${family} kernels`);
    expect(code).toBe(0);
  });
});

const chromium = await findChromium().catch(() => undefined);

describe("npm run golden, --browser", () => {
  it.skipIf(!chromium)("runs the same cases by the page's bundle (requires a Chromium)", async () => {
    const { code, stdout, errors } = await runGolden([folder, "--browser", "--kernels", "gpu"]);
    expectLines(stdout);
    expect(errors.join("\n")).toMatch(/browser .*Chrom/);
    expect(errors.join("\n")).toContain(", gpu kernels");
    expect(code).toBe(1);
  });

  it("says so where CHROME_PATH names nothing", async () => {
    const args = [folder, "--browser"];
    const { code, errors } = await runGolden(args, { variables: { CHROME_PATH: "/nowhere/chrome" } });
    expect(errors).toEqual(["weft: CHROME_PATH names /nowhere/chrome, which does not exist"]);
    expect(code).toBe(1);
  });
});
