// The check before a network is timed: a golden case of its backbone, computed by Keras, must give the same numbers.

import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { WeftError } from "../../src/base/errors.ts";
import type { GpuDevice } from "../../src/gpu/device.ts";
import { nodeFiles } from "../../src/platform/node/files.ts";
import { loadWeights } from "../../src/training/weights_file.ts";
import {
  type GoldenCase,
  type ModelCase,
  parseGoldenCase,
  type TrainingCase,
} from "../../test/golden/runner/golden_case.ts";
import { runCase } from "../../test/golden/runner/run_case.ts";
import type { NetworkForm, NetworkPass } from "../cases/network_form.ts";
import { CHECKOUT } from "../measuring/checkout.ts";

const GOLDENS = join(CHECKOUT, "test", "golden");
const FOLDERS = ["models", "trainings"] as const;
const ENDING = ".safetensors";

type NetworkCase = ModelCase | TrainingCase;

interface GoldenFile {
  readonly name: string;
  readonly folder: string;
  readonly golden: NetworkCase;
}

/**
 * Runs the smallest golden case that exercises what is timed.
 * @returns its name
 * @throws WeftError if it fails, or if there is none
 */
export async function checkNetwork(
  device: GpuDevice,
  { backbone: { name: backbone }, pass }: Pick<NetworkForm, "backbone" | "pass">,
): Promise<string> {
  const [best] = (await goldensOf(backbone)).toSorted(
    (a, b) =>
      unsuitability(a.golden, pass) - unsuitability(b.golden, pass) || pixels(a.golden) - pixels(b.golden),
  );
  if (!best) {
    throw new WeftError(
      `test/golden has no case of ${backbone}, so its step cannot be checked and is not timed. ` +
        "test/golden/README.md describes how to make cases.",
    );
  }
  const outcome = await runCase(device, best.golden, async (file, required) => {
    return (await loadWeights(nodeFiles, join(best.folder, file), { network: "the case", required })).values;
  });
  if (outcome.status !== "passed") {
    throw new WeftError(`golden case ${best.name}: ${outcome.message}. A wrong network is not timed.`);
  }
  return best.name;
}

async function goldensOf(backbone: string): Promise<GoldenFile[]> {
  const found: GoldenFile[] = [];
  for (const folder of FOLDERS.map((name) => join(GOLDENS, name))) {
    const names = await readdir(folder).catch((): string[] => []);
    for (const name of names.filter((file) => file.endsWith(ENDING))) {
      const path = join(folder, name);
      const golden: GoldenCase = parseGoldenCase(await readFile(path), path);
      if (golden.kind !== "op" && golden.backbone === backbone) found.push({ name, folder, golden });
    }
  }
  return found;
}

/** 0 for a case of exactly the timed kind; larger, the less of it a case exercises. */
function unsuitability(golden: NetworkCase, pass: NetworkPass): number {
  const hasGradients = golden.kind === "training" || golden.grads.length > 0;
  if (pass === "inference")
    return Number(hasGradients) + Number(golden.kind === "training" || golden.training);
  return golden.kind === "training" ? 0 : 1 + Number(!hasGradients) + Number(!golden.training);
}

/** Elements of the case's images. */
function pixels({ tensors }: NetworkCase): number {
  return (tensors.get("image") ?? tensors.get("images"))?.data.length ?? Number.POSITIVE_INFINITY;
}
