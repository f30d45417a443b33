// Packs what a bare x86-64 Linux machine needs to run the procedure in a copy of this tree: Node; weft, the golden
// runner and the bench, bundled with their packages; Dawn, a Vulkan loader and the libraries that drivers need.

import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, realpathSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { buildKerasWorker, bundle, ROOT } from "../../src/cli/build.mjs";

const PACK = join(ROOT, "gpu-pack");
const ARCHIVE = `${PACK}.tar.xz`;
const PLATFORM = "linux-x64";
/** A Vulkan loader, and the libraries that NVIDIA's driver links to besides the C library. */
const LIBRARIES = [
  "libvulkan.so.1",
  "libX11.so.6",
  "libXext.so.6",
  "libxcb.so.1",
  "libXau.so.6",
  "libXdmcp.so.6",
  "libbsd.so.0",
  "libmd.so.0",
  "libGLdispatch.so.0",
  "libGLX.so.0",
  "libEGL.so.1",
];

/** The procedure needs neither pictures nor browsers; sharp is a library of its own. */
const withoutPictures = {
  name: "without-pictures",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^sharp$/ }, ({ path }) => ({ path, namespace: "left-out" }));
    onLoad({ filter: /.*/, namespace: "left-out" }, ({ path }) => ({
      contents: `export default () => { throw new Error("${path} was not packed"); };`,
    }));
  },
};

async function packPrograms() {
  // Packages in CommonJS ask for Node's modules by require.
  const banner = {
    js: 'import { createRequire as r } from "node:module"; const require = r(import.meta.url);',
  };
  const form = { sourcemap: false, minifyWhitespace: true, banner };
  // The code that starts the thread is in a chunk that the programs share, and looks for the worker beside itself.
  await buildKerasWorker("gpu-pack/chunks", { packages: "bundle", ...form });
  await bundle({
    entryPoints: {
      weft: "src/cli/main.ts",
      golden: "test/golden/runner/main.ts",
      bench: "kernels-bench/runner/main.ts",
    },
    outdir: "gpu-pack",
    splitting: true,
    chunkNames: "chunks/[name]-[hash]",
    platform: "node",
    external: ["webgpu", "playwright-core", "esbuild"],
    plugins: [withoutPictures],
    ...form,
  });
  const webgpu = dirname(createRequire(import.meta.url).resolve("webgpu"));
  const target = join(PACK, "node_modules", "webgpu");
  for (const part of ["package.json", "index.js", join("dist", PLATFORM)]) {
    cpSync(join(webgpu, part), join(target, part), { recursive: true, dereference: true });
  }
  writeFileSync(join(PACK, "package.json"), '{ "type": "module" }\n');
}

/** @returns the missing ones. */
function packLibraries() {
  const known = execFileSync("ldconfig", ["-p"], { encoding: "utf8" }).split("\n");
  mkdirSync(join(PACK, "lib"), { recursive: true });
  return LIBRARIES.filter((name) => {
    const line = known.find((text) => text.startsWith(`\t${name} `) && text.includes("x86-64"));
    const path = line?.split(" => ")[1];
    if (path === undefined) return true;
    cpSync(realpathSync(path), join(PACK, "lib", name));
    return false;
  });
}

function commit() {
  const git = (...words) => execFileSync("git", words, { cwd: ROOT, encoding: "utf8" }).trim();
  const changes = git("status", "--porcelain", "--untracked-files=no");
  return `${git("rev-parse", "--short", "HEAD")}${changes === "" ? "" : "+"}`;
}

if (`${process.platform}-${process.arch}` !== PLATFORM) {
  console.error(
    `gpu_pack.mjs packs the Node that runs it, which is for ${process.platform}-${process.arch}, not ${PLATFORM}`,
  );
  process.exit(1);
}
const packed = commit();
rmSync(PACK, { recursive: true, force: true });
await packPrograms();
cpSync(realpathSync(process.execPath), join(PACK, "node"));
const missing = packLibraries();
if (missing.length > 0) console.error(`not here, so not packed: ${missing.join(", ")}`);
writeFileSync(join(PACK, "commit"), `${packed}\n`);
execFileSync("tar", ["-cJf", ARCHIVE, "-C", ROOT, "gpu-pack"], { env: { ...process.env, XZ_OPT: "-9" } });
rmSync(PACK, { recursive: true, force: true });
console.log(`${ARCHIVE}: ${(statSync(ARCHIVE).size / 1e6).toFixed(1)} MB, commit ${packed}`);
