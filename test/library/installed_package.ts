// The package as a user has it: packed by `npm pack` and unpacked into the node_modules of an empty project, beside
// the packages that it names as dependencies, and no others.

import { execFile, spawn } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  realpathSync,
  renameSync,
  symlinkSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { temporaryFolder, writeIn } from "../cli/tiny_data.ts";
import { DAWNS_OWN, type Outcome } from "../cli/weft.ts";

export const ROOT = join(import.meta.dirname, "..", "..");

export interface InstalledPackage {
  /** The project's folder: a place for scripts. */
  readonly project: string;
  /** The package's own folder, below the project's node_modules. */
  readonly folder: string;
  readonly manifest: Manifest;
}

/** What tests read of package.json. */
export interface Manifest {
  readonly bin: { readonly weft: string };
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
  readonly scripts: Readonly<Record<string, string>>;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly optionalDependencies: Readonly<Record<string, string>>;
}

let installed: Promise<InstalledPackage> | undefined;

/** Packs and installs, once for all tests of a process. */
export function installPackage(): Promise<InstalledPackage> {
  installed ??= install();
  return installed;
}

async function install(): Promise<InstalledPackage> {
  const place = temporaryFolder();
  const run = promisify(execFile);
  const onWindows = process.platform === "win32"; // where npm is a script
  await run("npm", ["pack", "--pack-destination", place], { cwd: ROOT, shell: onWindows });
  const archive = readdirSync(place).find((name) => name.endsWith(".tgz")) ?? "";
  await run("tar", ["-xzf", archive], { cwd: place });
  const project = join(place, "project");
  const modules = join(project, "node_modules");
  const folder = join(modules, "weft");
  mkdirSync(modules, { recursive: true });
  renameSync(join(place, "package"), folder);
  writeIn(project, "package.json", JSON.stringify({ type: "module" }));
  const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Manifest;
  for (const name of Object.keys({ ...manifest.dependencies, ...manifest.optionalDependencies })) {
    const own = join(ROOT, "node_modules", name);
    if (!existsSync(own)) continue; // an optional one
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(realpathSync(own), join(modules, name), "junction");
  }
  return { project, folder, manifest };
}

/** Runs Node in a process of its own. */
export function runNode(args: readonly string[], cwd: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, args, { cwd, env: { ...process.env, NO_COLOR: "1" } });
    let stdout = "";
    let stderr = "";
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
    });
    child.stderr.on("data", (chunk) => {
      stderr += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => {
      const errors = stderr.split("\n").filter((line) => line !== "" && !DAWNS_OWN.test(line));
      resolve({ code, stdout, errors });
    });
  });
}
