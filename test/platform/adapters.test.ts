// Finding adapters in Node: choice by name, order, refusals, two drivers in one process, the environment.

import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type AdapterDescription, matchesChoice, refusedCandidate } from "../../src/gpu/adapters.ts";
import { type OpenedAdapter, openAdapter, surveyAdapters } from "../../src/platform/node/adapters.ts";
import { refusalReason } from "../../src/platform/node/driver_examination.ts";
import { adapterRemedy } from "../../src/platform/node/remedies.ts";
import { driverName, withDriver, withVariables } from "../../src/platform/node/vulkan.ts";
import { canHaveSwiftShader, hasLavapipe } from "./available_adapters.ts";
import { double } from "./doubling.ts";

const NO_DRIVER = "/no/such/driver.json";

let environment: NodeJS.ProcessEnv;
beforeEach(() => {
  environment = { ...process.env };
});
afterEach(() => {
  for (const name of Object.keys(process.env)) if (!(name in environment)) delete process.env[name];
  Object.assign(process.env, environment);
});

function candidate(fields: Partial<AdapterDescription>): AdapterDescription {
  const { refused: _, ...blank } = refusedCandidate("GPU", "hardware", "system", "");
  return { ...blank, ...fields };
}

describe("matchesChoice", () => {
  const lavapipe = candidate({
    name: "lavapipe",
    kind: "software",
    vendor: "mesa",
    description: "llvmpipe: Mesa",
  });
  const geforce = candidate({ name: "nvidia-geforce-rtx-4090", vendor: "nvidia", architecture: "lovelace" });

  it.each([
    ["auto", true, true],
    ["hardware", false, true],
    ["software", true, false],
    ["lavapipe", true, false],
    ["LLVMpipe", true, false],
    ["Mesa", true, false],
    ["NVIDIA", false, true],
    ["4090", false, true],
    ["lovelace", false, true],
    ["radeon", false, false],
  ])("%s: lavapipe %s, GeForce %s", (choice, first, second) => {
    expect([matchesChoice(lavapipe, choice), matchesChoice(geforce, choice)]).toEqual([first, second]);
  });
});

async function doubled({ adapter }: OpenedAdapter): Promise<number[]> {
  const device = await adapter.requestDevice();
  const values = await double(device, new Float32Array([1, -2.5, 1024]));
  device.destroy();
  expect((await device.lost).reason).toBe("destroyed");
  return [...values];
}

describe("openAdapter", () => {
  it("opens the adapter that a survey says it would", async () => {
    const { description } = await openAdapter();
    const { chosen, others } = await surveyAdapters();
    expect(description).toEqual(chosen);
    if (description.kind === "software") expect(others.map(({ kind }) => kind)).not.toContain("hardware");
    expect(description.limits.maxComputeWorkgroupSizeX).toBeGreaterThanOrEqual(128);
  });

  it("gives every limit and feature that it names", async () => {
    const { adapter, description } = await openAdapter();
    const requiredFeatures = ["shader-f16", "subgroups", "timestamp-query"] as const;
    const offered = requiredFeatures.filter((name) => description.features.includes(name));
    const device = await adapter.requestDevice({
      requiredFeatures: offered,
      requiredLimits: { ...description.limits },
    });
    expect(device.limits.maxStorageBufferBindingSize).toBe(description.limits.maxStorageBufferBindingSize);
    expect(device.limits.maxBufferSize).toBe(description.limits.maxBufferSize);
    expect([...device.features]).toEqual(expect.arrayContaining([...offered]));
    device.destroy();
  });

  it.each(["fast", "portable"] as const)("computes in the %s tier", async (tier) => {
    expect(await doubled(await openAdapter({ tier }))).toEqual([2, -5, 2048]);
  });

  it.skipIf(!canHaveSwiftShader)("opens SwiftShader by name (Linux on x64)", async () => {
    const { description } = await openAdapter({ adapter: "SwiftShader" });
    expect(description).toMatchObject({ name: "swiftshader", kind: "software", backend: "Vulkan" });
  });

  it.skipIf(!hasLavapipe)("opens lavapipe by its driver's name too (needs lavapipe)", async () => {
    const { description } = await openAdapter({ adapter: "LLVMpipe" });
    expect(description).toMatchObject({ name: "lavapipe", kind: "software", origin: "system" });
  });

  it.skipIf(!hasLavapipe || !canHaveSwiftShader)(
    "opens lavapipe and SwiftShader at once, and both compute (needs lavapipe, Linux on x64)",
    async () => {
      const opened = await Promise.all(
        ["lavapipe", "swiftshader", "lavapipe"].map((adapter) => openAdapter({ adapter })),
      );
      expect(opened.map(({ description }) => description.name)).toEqual([
        "lavapipe",
        "swiftshader",
        "lavapipe",
      ]);
      expect(new Set(opened.map(({ gpu }) => gpu)).size).toBe(3);
      const results = await Promise.all(opened.map(doubled));
      expect(results).toEqual([
        [2, -5, 2048],
        [2, -5, 2048],
        [2, -5, 2048],
      ]);
    },
  );

  it("names what there is where no adapter has the name", async () => {
    await expect(openAdapter({ adapter: "no-such-gpu" })).rejects.toThrow(
      /^no adapter is called "no-such-gpu"; there is [\w, -]+\. Use adapter: "auto", or see `weft doctor`\.$/,
    );
  });

  it.skipIf(!canHaveSwiftShader)("leaves the environment as it was (Linux on x64)", async () => {
    process.env.VK_ICD_FILENAMES = NO_DRIVER;
    delete process.env.VK_DRIVER_FILES;
    process.env.XDG_RUNTIME_DIR = tmpdir();
    const before = { ...process.env };
    await openAdapter({ adapter: "swiftshader" });
    expect(process.env).toEqual(before);
  });

  it.skipIf(process.platform !== "linux")("gives lavapipe a runtime folder (Linux)", async () => {
    delete process.env.XDG_RUNTIME_DIR;
    await surveyAdapters();
    if (hasLavapipe) expect(process.env.XDG_RUNTIME_DIR).toMatch(/runtime$/);
    else expect(process.env.XDG_RUNTIME_DIR).toBeUndefined();
  });
});

describe.skipIf(process.platform !== "linux")("refusals (Linux)", () => {
  it("are all named, with the remedy, where nothing can be opened", async () => {
    process.env.VK_DRIVER_FILES = NO_DRIVER;
    const folder = await mkdtemp(join(tmpdir(), "weft-refusal-"));
    const file = join(folder, "file");
    await writeFile(file, "not a folder");
    process.env.WEFT_CACHE = file;
    const attempt = openAdapter();
    await expect(attempt).rejects.toThrow(
      /^no GPU adapter found \(Vulkan: .*; swiftshader: .*\)\. .*`weft doctor`/,
    );
    await expect(attempt).rejects.toThrow(adapterRemedy().short);
    await expect(attempt).rejects.not.toThrow("\n");
    await rm(folder, { recursive: true });
  });

  it("reads the reason out of what Dawn and the loader print", () => {
    const oldMesa = [
      "Warning: maxDynamicUniformBuffersPerPipelineLayout artificially reduced from 1000000 to 16",
      "Warning: Vulkan shaderUniform*ArrayDynamicIndexing required.",
      " - While initializing adapter (backend=BackendType::Vulkan)",
      "    at InitializeImpl (PhysicalDeviceVk.cpp:257)",
    ].join("\n");
    expect(refusalReason(oldMesa)).toMatch(/^shaderUniform\*ArrayDynamicIndexing required: .*too old/);
    const noGpu =
      "Error: Loader Message: setup_loader_term_phys_devs:  Failed to detect any valid GPUs\nWarning: x";
    expect(refusalReason(noGpu)).toBe("no GPU of this driver is in the machine");
    expect(refusalReason("Warning: something else")).toBe("something else");
    expect(refusalReason("")).toBe("Dawn does not accept it and says no reason");
  });
});

describe("withDriver", () => {
  it("sets the variables for the call alone, also where it throws", () => {
    delete process.env.VK_DRIVER_FILES;
    process.env.VK_ICD_FILENAMES = "mine.json";
    const during = () => [process.env.VK_DRIVER_FILES, process.env.VK_ICD_FILENAMES];
    expect(withDriver("other.json", during)).toEqual(["other.json", "other.json"]);
    expect(during()).toEqual([undefined, "mine.json"]);
    const fail = () => {
      throw new Error("inside");
    };
    expect(() => withVariables({ VK_DRIVER_FILES: "other.json" }, fail)).toThrow("inside");
    expect(during()).toEqual([undefined, "mine.json"]);
  });

  it("names drivers after their manifests", () => {
    const names = [
      "lvp_icd.json",
      "lvp_icd.x86_64.json",
      "gfxstream_vk_icd.json",
      "nvidia_icd.json",
      "my.json",
    ];
    const expected = ["lavapipe", "lavapipe", "gfxstream", "nvidia", "my"];
    expect(names.map((name) => driverName(`/usr/share/vulkan/icd.d/${name}`))).toEqual(expected);
  });
});

describe("adapterRemedy", () => {
  it.each([
    ["linux", 'ID=ubuntu\nID_LIKE="debian"', "apt", "nvidia-driver"],
    ["linux", 'NAME="Rocky"\nID="rocky"\nID_LIKE="rhel centos fedora"', "dnf", "akmod-nvidia"],
    ["linux", "ID=arch", "Vulkan loader", "vulkan-icd-loader"],
    ["darwin", "", "Metal", "update macOS"],
    ["win32", "", "Direct3D", "WARP"],
  ] as const)("%s %s: %s", (system, release, word, step) => {
    const { short, steps } = adapterRemedy(system, release);
    expect(short).toContain(word);
    expect(steps.join("\n")).toContain(step);
  });
});
