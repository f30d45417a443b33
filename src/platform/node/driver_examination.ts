// Why a Vulkan driver of the system cannot be used: each is opened alone in a process of its own, for Dawn
// and the loader print their reasons to stderr, and a broken driver may crash.

import { execFile } from "node:child_process";
import { accessSync, constants, existsSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { type AdapterDescription, refusedCandidate } from "../../gpu/adapters.ts";
import { prepareSwiftShader } from "./adapters.ts";
import { driverManifests, driverName } from "./vulkan.ts";

const PATIENCE_MS = 20_000;
const RENDER_NODES = "/dev/dri";

/** Arguments: the URL of webgpu's module, and a Vulkan loader to take where the system has none. */
const EXAMINATION = `
  const { constants } = await import("node:os");
  const open = (path, flags) => {
    try { process.dlopen({ exports: {} }, path, flags); } catch (thrown) { return thrown.message; }
  };
  const [module, loader] = process.argv.slice(1);
  const isMissing = !open("libvulkan.so.1", constants.dlopen.RTLD_LAZY).includes("self-register");
  if (isMissing && loader) open(loader, constants.dlopen.RTLD_NOW | constants.dlopen.RTLD_GLOBAL | 0x1000);
  const { create } = await import(module);
  const gpu = create([]);
  const adapter = await gpu.requestAdapter();
  console.log(adapter ? "usable" : "refused");`;

/** What the loader and Dawn say, and what it means. */
const MEANINGS: readonly (readonly [RegExp, string])[] = [
  [/ArrayDynamicIndexing required/, "$&: the driver is too old for Dawn (lavapipe: Mesa 24 or newer)"],
  [
    /vkEnumeratePhysicalDevices|detect any valid GPUs|Found no drivers|INCOMPATIBLE_DRIVER/,
    "no GPU of this driver is in the machine",
  ],
];

/**
 * Every Vulkan driver of the system that Dawn cannot use, with its reason; on Linux only, elsewhere empty.
 */
export async function examineDrivers(): Promise<AdapterDescription[]> {
  if (process.platform !== "linux") return [];
  const loader = await prepareSwiftShader().then(
    (files) => files.loader,
    () => "",
  );
  const manifests = driverManifests();
  const examined = await Promise.all(manifests.map((manifest) => examine(manifest, loader)));
  return [...examined.filter((candidate) => candidate !== undefined), ...deviceHints(manifests)];
}

async function examine(manifest: string, loader: string): Promise<AdapterDescription | undefined> {
  const module = pathToFileURL(createRequire(import.meta.url).resolve("webgpu")).href;
  const variables = { ...process.env, VK_DRIVER_FILES: manifest, VK_ICD_FILENAMES: manifest };
  const reason = await new Promise<string | undefined>((resolve) => {
    execFile(
      process.execPath,
      ["--input-type=module", "-e", EXAMINATION, module, loader],
      { env: variables, timeout: PATIENCE_MS, killSignal: "SIGKILL" },
      (fault, stdout, stderr) => {
        if (stdout.trim() === "usable") resolve(undefined);
        else if (fault?.killed) resolve(`did not answer within ${PATIENCE_MS / 1000} s`);
        else if (fault?.signal) resolve(`the driver crashed (${fault.signal})`);
        else resolve(refusalReason(stderr));
      },
    );
  });
  if (reason === undefined) return undefined;
  const name = driverName(manifest);
  return refusedCandidate(name, name === "lavapipe" ? "software" : "hardware", manifest, reason);
}

/** The one line that matters of what Dawn and the Vulkan loader printed. */
export function refusalReason(stderr: string): string {
  const lines = stderr
    .split("\n")
    .filter((line) => /^(Warning|Error): /.test(line) && !line.includes("artificially reduced"))
    .map((line) => line.replace(/^(Warning|Error): (Loader Message: )?(Vulkan )?/, "").trim());
  for (const [pattern, meaning] of MEANINGS) {
    const line = lines.find((text) => pattern.test(text));
    if (line) return meaning.replace("$&", line.replace(/\.$/, ""));
  }
  return lines[0] ?? "Dawn does not accept it and says no reason";
}

/** Devices that are there but out of reach. */
function deviceHints(manifests: readonly string[]): AdapterDescription[] {
  const hints: AdapterDescription[] = [];
  if (existsSync("/dev/nvidiactl") && !manifests.some((path) => path.includes("nvidia"))) {
    const reason =
      "the GPU is there, but no NVIDIA Vulkan driver (container: NVIDIA_DRIVER_CAPABILITIES=all)";
    hints.push(refusedCandidate("nvidia", "hardware", "/dev/nvidiactl", reason));
  }
  for (const node of existsSync(RENDER_NODES) ? readdirSync(RENDER_NODES) : []) {
    if (!node.startsWith("renderD") || isOpenable(join(RENDER_NODES, node))) continue;
    const reason =
      "permission denied: add yourself to its group (sudo usermod -aG render $USER), log in again";
    hints.push(refusedCandidate(node, "hardware", join(RENDER_NODES, node), reason));
  }
  return hints;
}

function isOpenable(path: string): boolean {
  try {
    accessSync(path, constants.R_OK | constants.W_OK);
    return true;
  } catch {
    return false;
  }
}
