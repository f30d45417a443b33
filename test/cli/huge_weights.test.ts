// Weights that are finite, as every check of a file demands, but so large that the network computes no numbers.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, expect, it } from "vitest";
import { drawTinyData, temporaryFolder, writeIn } from "./tiny_data.ts";
import { runWeft } from "./weft.ts";

const SMALL = ["--alpha", "0.35", "--size", "32", "--batch", "8", "--phases", "1@1e-3"];

let data: string;
let run: string;

/** Makes every value of a head's kernel the largest there is, with changing signs. */
function enlarge(path: string, tensor: string): void {
  const bytes = readFileSync(path);
  const headerBytes = Number(bytes.readBigUInt64LE(0));
  const header = JSON.parse(bytes.toString("utf8", 8, 8 + headerBytes));
  const [start, end] = header[tensor].data_offsets;
  for (let at = start; at < end; at += 4) {
    bytes.writeFloatLE(at % 8 === 0 ? 3e38 : -3e38, 8 + headerBytes + at);
  }
  writeIn("", path, bytes);
}

beforeAll(async () => {
  data = await drawTinyData();
  run = join(temporaryFolder(), "run");
  expect((await runWeft(["train", ...SMALL, "--data", data, "--out", run])).code).toBe(0);
  for (const tensor of ["colour/kernel", "tone/kernel"]) enlarge(join(run, "weights.safetensors"), tensor);
});

it("end evaluate and predict in a line, with nothing printed or written", async () => {
  const out = join(temporaryFolder(), "answer.csv");
  const told = /^weft: the network computes -?(NaN|Infinity) for .*: its weights are finite, but too large/;
  for (const args of [
    ["evaluate", "--model", run, "--data", data, "--split", "labels", "--json"],
    ["predict", "--model", run, "--data", data, "--out", out],
    ["predict", "--model", run, "--images", join(data, "Images"), "--out", out],
  ]) {
    const { code, errors, stdout } = await runWeft(args);
    expect([code, stdout]).toEqual([1, ""]);
    expect(errors.at(-1)).toMatch(told);
  }
  expect(existsSync(out)).toBe(false);
});
