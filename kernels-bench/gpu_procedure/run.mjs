// The whole procedure on a machine with a GPU, as one command: golden sets, convolutions in three directions, training
// steps of three networks in f32 and mixed precision, and PyTorch on the same card. It runs in a checkout, or in a bare
// copy of the tree with the file from pack.mjs. The measurements of a step are kept, even if a later step fails.

import { execFileSync, spawn } from "node:child_process";
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { parseArgs } from "node:util";
import { linesOf, objectOf, report } from "./report.mjs";
import { stepsOf } from "./steps.mjs";

const ROOT = join(import.meta.dirname, "..", "..");
const PACK = join(ROOT, "gpu-pack");
/** A step that takes longer is stopped. */
const MOST_SECONDS = 540;
/** With less time left, no further step is started. */
const FEWEST_SECONDS = 20;
const KILL_AFTER_MS = 5000;
/** Where NVIDIA's driver is in containers whose driver folders are empty. */
const NVIDIA_MANIFEST = "/usr/local/nvidia/share/vulkan/icd.d/nvidia_icd.json";
const NVIDIA_LIBRARIES = ["/usr/local/nvidia/lib64", "/usr/local/nvidia/lib"];
const MANIFEST_FOLDERS = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d", "/usr/local/share/vulkan/icd.d"];

const OPTIONS = {
  "dry-run": { type: "boolean", default: false },
  out: { type: "string" },
  only: { type: "string" },
  again: { type: "boolean", default: false },
  list: { type: "boolean", default: false },
  minutes: { type: "string" },
  adapter: { type: "string" },
  python: { type: "string", default: "python3" },
  report: { type: "boolean", default: false },
};
const { values: options, positionals } = commandLine();
const isDry = options["dry-run"];
const today = new Date().toISOString().slice(0, 10);
const out = resolve(options.out ?? join(ROOT, "runs", `gpu-${isDry ? "dry-" : ""}${today}`));
const minutes = options.minutes === undefined ? Number.POSITIVE_INFINITY : Number(options.minutes);

const say = (text) => {
  console.error(text);
  keep("log.txt", text);
};
const keep = (file, line) => appendFileSync(join(out, file), `${line}\n`);

/** Ends the run with one line. */
function refuse(reason) {
  console.error(reason);
  process.exit(1);
}

function commandLine() {
  try {
    return parseArgs({ allowPositionals: true, options: OPTIONS });
  } catch ({ message }) {
    return refuse(message.split(/\.\s/)[0]);
  }
}

/** The entry point of each program of a step: in a checkout, which bundles it from its sources, and in the pack. */
const PROGRAMS = {
  weft: { checkout: join("src", "cli", "weft.mjs"), packed: "weft.js" },
  golden: { checkout: join("test", "golden", "golden.mjs"), packed: "golden.js" },
  bench: { checkout: join("kernels-bench", "bench.mjs"), packed: "bench.js" },
};

/** A program: bundled from the sources if possible, otherwise the packed one. */
function startOf(name) {
  const { checkout, packed } = PROGRAMS[name];
  if (existsSync(join(ROOT, "node_modules", "esbuild"))) return join(ROOT, checkout);
  if (existsSync(join(PACK, packed))) return join(PACK, packed);
  return refuse(
    "there is neither node_modules nor gpu-pack; run npm ci, or kernels-bench/gpu_pack.mjs elsewhere",
  );
}

/** Packed libraries that the system lacks, in a folder of their own. */
function libraryFolder() {
  const packed = join(PACK, "lib");
  if (!existsSync(packed)) return undefined;
  let known = "";
  try {
    known = execFileSync("ldconfig", ["-p"], { encoding: "utf8" });
  } catch {
    // no ldconfig: all of them are used
  }
  const missing = readdirSync(packed).filter((name) => !known.includes(`\t${name} `));
  if (missing.length === 0) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "weft-lib-"));
  for (const name of missing) symlinkSync(join(packed, name), join(folder, name));
  say(`libraries of the pack that the system lacks: ${missing.join(", ")}`);
  return folder;
}

/** The environment in which programs find a Vulkan loader and driver. */
function environment() {
  const variables = { ...process.env, ...(isDry && { WEFT_CACHE: join(out, "cache") }) };
  const folders = [libraryFolder(), process.env.LD_LIBRARY_PATH, ...NVIDIA_LIBRARIES.filter(existsSync)];
  const paths = folders.filter(Boolean).join(":");
  if (paths !== "") variables.LD_LIBRARY_PATH = paths;
  const hasDriver = MANIFEST_FOLDERS.some((folder) => existsSync(folder) && readdirSync(folder).length > 0);
  const isNamed = variables.VK_DRIVER_FILES ?? variables.VK_ICD_FILENAMES;
  if (!hasDriver && !isNamed && existsSync(NVIDIA_MANIFEST)) variables.VK_DRIVER_FILES = NVIDIA_MANIFEST;
  return variables;
}

/**
 * Runs a program; its stderr is shown and logged, and each line of its stdout is passed on as it comes.
 * @returns `fault`, what went wrong in a few words, undefined if nothing did; and whether the time was up
 */
function run(program, args, { seconds, env, onLine }) {
  return new Promise((resolve) => {
    const child = spawn(program, args.map(String), { cwd: ROOT, env, stdio: ["ignore", "pipe", "pipe"] });
    let isCutOff = false;
    const timer = setTimeout(() => {
      isCutOff = true;
      child.kill("SIGTERM");
      setTimeout(() => {
        child.kill("SIGKILL");
        for (const stream of [child.stdout, child.stderr]) stream.destroy(); // its own children may keep them open
      }, KILL_AFTER_MS).unref();
    }, 1000 * seconds);
    createInterface({ input: child.stdout }).on("line", onLine);
    createInterface({ input: child.stderr }).on("line", (line) => {
      if (!line.startsWith("Warning: maxDynamic")) say(`    ${line}`);
    });
    let fault;
    child.on("error", ({ message }) => {
      fault = message;
    });
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      if (isCutOff) fault = `cut off after ${seconds.toFixed(0)} s`;
      else if (code !== 0) fault ??= `ended with ${signal ?? `exit code ${code}`}`;
      resolve({ fault, isCutOff });
    });
  });
}

const GOLDEN_SUMMARY = /^(\d+) passed, (\d+) failed, (\d+) skipped$/;

/** The row in a line of a step's stdout; lines without a row are logged. */
function rowOf(step, line, facts) {
  const found = step.kind === "golden" ? GOLDEN_SUMMARY.exec(line.trim()) : undefined;
  if (found) {
    const [passed, failed, skipped] = found.slice(1).map(Number);
    return { case: step.name, pass: "golden", passed, failed, skipped, ...facts };
  }
  const row = step.kind === "rows" ? objectOf(line) : undefined;
  if (!row) return undefined;
  // rows of a run share a name of the adapter: weft's bench and PyTorch each have their own
  const names = { adapter: facts.adapter ?? row.adapter, ...(row.engine && { engineAdapter: row.adapter }) };
  return { ...facts, ...row, ...names, commit: row.commit ?? facts.commit };
}

/** Imports the table that an earlier run has measured; a table that is not valid for this weft is reported. */
async function importTable({ tuningFile }, env) {
  if (tuningFile === undefined || !existsSync(tuningFile)) return;
  const args = [startOf("weft"), "tune", "--import", tuningFile];
  const { fault } = await run(process.execPath, args, {
    seconds: 60,
    env,
    onLine: (line) => say(`    ${line}`),
  });
  if (fault !== undefined) say(`    ${tuningFile} is not taken over: ${fault}`);
}

/** Runs a step. @returns "done", "failed", or "left" if --minutes stopped it */
async function runStep(step, { env, facts, seconds, adapter }) {
  const { program: name, args: words } = step;
  const [program, args] =
    name === "python"
      ? [options.python, words]
      : [process.execPath, [startOf(name), ...words, "--kernels", "gpu", "--adapter", adapter]];
  say(`\n== ${step.name}: ${[program, ...args].join(" ").slice(0, 400)}`);
  await importTable(step, env);
  const started = performance.now();
  let rows = 0;
  const onLine = (line) => {
    const row = rowOf(step, line, { ...facts, date: new Date().toISOString() });
    if (row) {
      rows++;
      keep("rows.jsonl", JSON.stringify(row));
    } else say(`    ${line}`);
  };
  let { fault, isCutOff } = await run(program, args, { seconds, env, onLine });
  if (fault === undefined && rows === 0 && step.kind !== "log") fault = "gave no row";
  const took = Number(((performance.now() - started) / 1000).toFixed(1));
  const isLeft = isCutOff && seconds < MOST_SECONDS;
  const status = fault === undefined ? "done" : isLeft ? "left" : "failed";
  keep("steps.jsonl", JSON.stringify({ step: step.name, status, fault, rows, seconds: took, ...facts }));
  say(
    fault === undefined
      ? `-- ${step.name}: done in ${took} s`
      : `-- ${step.name} ${status.toUpperCase()}: ${fault}`,
  );
  return status;
}

/** Adapter, driver and commit, which every row contains. */
async function measuredOn(env, adapter) {
  let diagnosis;
  const doctor = [startOf("weft"), "doctor", "--json", "--adapter", adapter];
  const { fault } = await run(process.execPath, doctor, {
    seconds: 60,
    env,
    onLine: (line) => {
      diagnosis ??= objectOf(line);
    },
  });
  const found = diagnosis?.adapter;
  if (!found) {
    const refused = (diagnosis?.refused ?? []).map(({ name, refused: why }) => `${name}: ${why}`);
    say(`no adapter for weft (--adapter ${adapter}): ${[diagnosis?.reason ?? fault, ...refused].join("; ")}`);
  }
  return { adapter: found?.name ?? null, driver: found?.driver ?? null, commit: commitHere(), isDry };
}

function commitHere() {
  const git = (...words) => execFileSync("git", words, { cwd: ROOT, encoding: "utf8", stdio: "pipe" }).trim();
  try {
    const hash = git("rev-parse", "--short", "HEAD");
    return git("status", "--porcelain", "--untracked-files=no") === "" ? hash : `${hash}+`;
  } catch {
    const packed = join(PACK, "commit");
    return existsSync(packed) ? readFileSync(packed, "utf8").trim() : null;
  }
}

function chosenSteps() {
  const all = stepsOf(isDry, join(out, isDry ? "tuning-dry.json" : "tuning.json"));
  const wanted = options.only?.split(",").map((word) => word.trim().replace(/\/+$/, ""));
  const stray = wanted?.find((word) => !all.some(({ name }) => `${name}/`.startsWith(`${word}/`)));
  if (stray !== undefined) refuse(`--only ${stray}: there is no such step; --list shows all of them`);
  return wanted ? all.filter(({ name }) => wanted.some((word) => `${name}/`.startsWith(`${word}/`))) : all;
}

/** Names of the steps that --out already has for this adapter and commit. */
function doneSteps(facts) {
  if (options.again) return new Set();
  const shared = ["isDry", "adapter", "commit"];
  const done = linesOf(join(out, "steps.jsonl")).filter((line) => {
    return line.status === "done" && shared.every((key) => line[key] === facts[key]);
  });
  return new Set(done.map(({ step }) => step));
}

async function main() {
  const steps = chosenSteps();
  if (options.list) {
    for (const { name } of steps) console.log(name);
    return;
  }
  mkdirSync(out, { recursive: true });
  const end = performance.now() + 60_000 * minutes;
  const adapter = options.adapter ?? (isDry ? "auto" : "hardware");
  const env = environment();
  const facts = await measuredOn(env, adapter);
  say(`${facts.adapter} (${facts.driver}), commit ${facts.commit}, ${new Date().toISOString()}, into ${out}`);
  const done = doneSteps(facts);
  const due = steps.filter(({ name }) => !done.has(name));
  if (due.length < steps.length) {
    say(`${steps.length - due.length} of ${steps.length} steps are done already; --again runs those too`);
  }
  const failed = [];
  const left = [];
  for (const step of due) {
    const seconds = Math.min(MOST_SECONDS, (end - performance.now()) / 1000);
    const isTooLate = seconds < FEWEST_SECONDS;
    const status = isTooLate ? "left" : await runStep(step, { env, facts, seconds, adapter });
    if (status === "failed") failed.push(step.name);
    if (status === "left") left.push(step.name);
  }
  console.log(report(linesOf(join(out, "rows.jsonl"))).join("\n"));
  if (failed.length > 0) say(`\nfailed: ${failed.join(", ")}`);
  if (left.length > 0) say(`left for want of time: ${left.join(", ")}; the same command goes on with them`);
  if (failed.length + left.length > 0) process.exitCode = 1;
}

if (options.report && positionals.length === 0)
  refuse("--report expects files of rows, such as DIR/rows.jsonl");
if (!options.report && positionals.length > 0) refuse(`${positionals[0]}: only --report takes files`);
const absent = positionals.find((path) => !existsSync(path));
if (absent !== undefined) refuse(`${absent}: no such file`);
if (!(minutes > 0)) refuse(`--minutes expects a number above 0, received "${options.minutes}"`);
if (options.report) console.log(report(positionals.flatMap(linesOf)).join("\n"));
else await main();
