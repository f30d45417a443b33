// Vulkan on Linux as far as weft has to care: whether the system has a loader, which drivers it would
// find, and how one driver is chosen for one call. The loader reads its variables when an instance is
// made, so a driver is chosen by setting them around that call alone.

import { existsSync, readdirSync } from "node:fs";
import { constants, homedir, tmpdir } from "node:os";
import { basename, delimiter, join } from "node:path";
import { isMainThread } from "node:worker_threads";
import { messageOf, WeftError } from "../../base/errors.ts";
import { makeFolders } from "./files.ts";

/** Keeps a library in memory when the handle is closed (dlopen(3)); Node has no name for it. */
const RTLD_NODELETE = 0x1000;
const LOADER = "libvulkan.so.1";

/** Whether the dynamic linker finds a Vulkan loader, here or already in this process. */
export function hasVulkanLoader(): boolean {
  try {
    process.dlopen({ exports: {} }, LOADER, constants.dlopen.RTLD_LAZY);
    return true;
  } catch (thrown) {
    // "did not self-register": found, but no Node addon. Anything else is the linker's own complaint.
    return messageOf(thrown).includes("self-register");
  }
}

/** Loads a Vulkan loader for good, so that Dawn finds it by its name later. */
export function preloadVulkanLoader(path: string): void {
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  try {
    process.dlopen({ exports: {} }, path, RTLD_NOW | RTLD_GLOBAL | RTLD_NODELETE);
  } catch (thrown) {
    if (!messageOf(thrown).includes("self-register")) {
      throw new WeftError(`the Vulkan loader ${path} cannot be loaded: ${messageOf(thrown)}`);
    }
  }
}

/** Whether the person has named drivers; then only those are meant. */
function namedDrivers(): string[] | undefined {
  const value = process.env.VK_DRIVER_FILES ?? process.env.VK_ICD_FILENAMES;
  return value === undefined ? undefined : value.split(delimiter).filter((path) => path !== "");
}

/** The driver manifests that the system's loader reads, in its order. */
export function driverManifests(): string[] {
  const added = (process.env.VK_ADD_DRIVER_FILES ?? "").split(delimiter).filter((path) => path !== "");
  const found = namedDrivers() ?? [...added, ...manifestFolders()];
  return [...new Set(found.flatMap((path) => (path.endsWith(".json") ? [path] : manifestsIn(path))))];
}

function manifestFolders(): string[] {
  const { XDG_CONFIG_HOME, XDG_CONFIG_DIRS, XDG_DATA_HOME, XDG_DATA_DIRS } = process.env;
  const roots = [
    XDG_CONFIG_HOME || join(homedir(), ".config"),
    ...(XDG_CONFIG_DIRS || "/etc/xdg").split(delimiter),
    "/etc",
    XDG_DATA_HOME || join(homedir(), ".local", "share"),
    ...(XDG_DATA_DIRS || "/usr/local/share:/usr/share").split(delimiter),
  ];
  return roots.map((root) => join(root, "vulkan", "icd.d"));
}

function manifestsIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".json"));
  return names.sort().map((name) => join(folder, name));
}

/** The driver's name in a manifest's: `/usr/share/vulkan/icd.d/lvp_icd.x86_64.json` is `lavapipe`. */
export function driverName(manifest: string): string {
  const name = basename(manifest).replace(/(_vk)?_icd.*$|\.json$/, "");
  return name === "lvp" ? "lavapipe" : name;
}

/**
 * Runs `action` with one driver alone visible to the Vulkan loader. `action` must make its Vulkan instance
 * before it returns.
 * @throws WeftError in a worker thread, whose variables the loader does not see.
 */
export function withDriver<T>(manifest: string, action: () => T): T {
  if (!isMainThread) throw new WeftError("a driver can be chosen in the main thread only, not in a worker");
  return withVariables({ VK_DRIVER_FILES: manifest, VK_ICD_FILENAMES: manifest }, action);
}

/** Sets environment variables for the time of a synchronous call. */
export function withVariables<T>(values: Readonly<Record<string, string>>, action: () => T): T {
  const before = Object.keys(values).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, values);
  try {
    return action();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

/**
 * Sets XDG_RUNTIME_DIR where it is missing, to `folder` or, if that cannot be made, to the folder for
 * temporary files, and leaves it so: lavapipe keeps shared memory there, also long after it was opened.
 */
export async function ensureRuntimeFolder(folder: string): Promise<void> {
  if (process.env.XDG_RUNTIME_DIR) return;
  try {
    await makeFolders(folder, 0o700);
    process.env.XDG_RUNTIME_DIR = folder;
  } catch {
    process.env.XDG_RUNTIME_DIR = tmpdir();
  }
}
