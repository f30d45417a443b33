// `npm run bench`: checks and times kernels, networks, the data pipeline, the host's side and the start. One row per
// case, as a table or as JSON.

import { readFile, writeFile } from "node:fs/promises";
import { Command } from "commander";
import { messageOf, WeftError } from "../../src/base/errors.ts";
import { adapterLine } from "../../src/cli/engine.ts";
import { counted, print, say, sayField, styleOf } from "../../src/cli/terminal.ts";
import { useStoredTuning } from "../../src/cli/tuning.ts";
import { megabytes } from "../../src/gpu/device.ts";
import { type OpenedDevice, openDescribedDevice } from "../../src/platform/node/device.ts";
import { fileFault } from "../../src/platform/node/files.ts";
import { distinctNodes } from "../../src/tune/tuner.ts";
import { type NetworkForm, networkCaseName } from "../cases/network_form.ts";
import type { BenchItem } from "../measuring/bench_item.ts";
import { compareRows, parseRows } from "../measuring/comparison.ts";
import { chromeTrace, profileCommands } from "../measuring/profile.ts";
import { type BenchRow, type Ceilings, type RunFacts, rowOf } from "../measuring/rows.ts";
import { PreparedNetwork } from "../networks/network.ts";
import { runFirstStep } from "../networks/start_up.ts";
import { requirePeers } from "../peers/process.ts";
import { measureCeilings } from "../probes/ceilings.ts";
import { measuredCommit } from "./commit.ts";
import { isTuned, itemLayout } from "./item_layout.ts";
import { addBenchOptions, type BenchOptions, chosenItems, isProfiled, networkForm } from "./options.ts";
import { runPeers } from "./peer_rows.ts";
import { showStage } from "./progress.ts";
import { ceilingLine, comparisonTable, listTable, profileTables, RowTable } from "./tables.ts";

/** The program's one command. Exit code 1 if a case was wrong or one has become slower. */
export function benchCommand(): Command {
  const command = new Command("npm run bench --").description(
    "check and time kernels, networks, the data pipeline and the start",
  );
  return addBenchOptions(command).action(bench);
}

async function bench(options: BenchOptions): Promise<void> {
  const form = networkForm(options);
  const items = chosenItems(options, form);
  if (options.list) {
    print(listTable(items));
    return;
  }
  const saved = options.compare === undefined ? undefined : await savedRows(options.compare);
  if (options.peers) requirePeers();
  const { adapter, tier, kernels } = options;
  const opened = await openDescribedDevice({ adapter, tier, ...(kernels && { family: kernels }) });
  try {
    if (options.tuned) await chooseByTable(items, opened, options);
    if (options.firstStep) await runFirstStep(opened.device);
    else await run(items, opened, options, saved);
    if (form && isProfiled(options)) await profile(form, opened, options);
  } finally {
    opened.device.destroy();
  }
}

async function savedRows(path: string): Promise<BenchRow[]> {
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (thrown) {
    throw fileFault(path, thrown);
  }
  return parseRows(text, path);
}

/** @throws WeftError if nothing is stored for the adapter, or nothing for what is timed. */
async function chooseByTable(
  items: readonly BenchItem[],
  opened: OpenedDevice,
  { tier }: BenchOptions,
): Promise<void> {
  const { table, place } = await useStoredTuning({ ...opened, budgetBytes: undefined, tier });
  if (table.size === 0) {
    throw new WeftError(`--tuned: nothing is stored for ${opened.device.name}; run weft tune first`);
  }
  const nodes = distinctNodes(items.flatMap((item) => itemLayout(item, opened.device) ?? []));
  const measured = nodes.filter(({ key }) => table.has(key)).length;
  if (measured === 0) {
    throw new WeftError(`--tuned: no shape of what is timed is in ${place}; run weft tune for it first`);
  }
  sayField("tuning", `${measured} of ${counted(nodes.length, "shape")}: ${place}`);
}

async function run(
  items: readonly BenchItem[],
  opened: OpenedDevice,
  options: BenchOptions,
  saved: readonly BenchRow[] | undefined,
): Promise<void> {
  const { device, description } = opened;
  const { tier, peers, tuned = false } = options;
  const kernels = device.facts.family;
  const facts: RunFacts = {
    adapter: adapterLine(description),
    commit: await measuredCommit(),
    tier,
    kernels,
    tuned,
  };
  sayField("adapter", `${facts.adapter}; ${tier} tier, ${kernels} kernels`);
  if (peers) await runPeers(items, opened, options, facts);
  else await runItems(items, opened, options, facts, saved);
}

/** Measures the items one after the other; a wrong case sets the exit code, and the other cases still run. */
async function runItems(
  items: readonly BenchItem[],
  { device, description }: OpenedDevice,
  options: BenchOptions,
  facts: RunFacts,
  saved: readonly BenchRow[] | undefined,
): Promise<void> {
  let ceilings: Ceilings | undefined;
  if (items.some(({ usesCeilings }) => usesCeilings)) {
    ceilings = await measureCeilings(device, description.kind);
    sayField("ceilings", ceilingLine(ceilings));
  }
  const table = new RowTable(items);
  const rows: BenchRow[] = [];
  let faults = 0;
  for (const [i, item] of items.entries()) {
    const name = `${item.case} ${item.pass}`;
    const place = `${i + 1}/${items.length} ${name}`;
    const onStage = (stage: string) => showStage(`${place}: ${stage}`);
    const missing = item.requires?.find((feature) => !device.facts.features.has(feature));
    if (missing !== undefined) {
      say(`  ${place}: skipped, the adapter has no ${missing}`);
      continue;
    }
    showStage(place, true);
    try {
      const tuned = facts.tuned && isTuned(item, device);
      const row = rowOf(await item.measure({ device, onStage }), { ...facts, tuned }, ceilings);
      rows.push(row);
      showStage("");
      print(options.json ? JSON.stringify(row) : table.line(row));
    } catch (thrown) {
      device.throwIfLost();
      showStage("");
      faults++;
      say(styleOf(process.stderr).red(`${name}: ${messageOf(thrown).replace(/\s*\n\s*/g, " ")}`));
    }
  }
  if (faults > 0) {
    process.exitCode = 1;
    say(`${counted(faults, "case")} failed, without a time`);
  }
  const resident = rows.findLast(({ peakResidentBytes }) => peakResidentBytes !== null)?.peakResidentBytes;
  if (resident) sayField("process", `${megabytes(resident)} resident at the most`);
  if (saved) reportComparison(saved, rows, options);
}

function reportComparison(
  saved: readonly BenchRow[],
  rows: readonly BenchRow[],
  { json }: BenchOptions,
): void {
  const compared = compareRows(saved, rows);
  (json ? say : print)(comparisonTable(compared));
  if (compared.some(({ verdict }) => verdict === "slower")) process.exitCode = 1;
}

async function profile(form: NetworkForm, { device }: OpenedDevice, options: BenchOptions): Promise<void> {
  const prepared = await PreparedNetwork.compile(device, form);
  try {
    await prepared.run();
    const dispatches = await profileCommands(device, prepared.plan.commands);
    (options.json ? say : print)(profileTables(dispatches));
    const path = options.profileTrace;
    if (path === undefined) return;
    const title = `${networkCaseName(form)} ${form.pass}, batch ${form.batch}, ${device.name}`;
    await writeFile(path, chromeTrace(dispatches, title)).catch((thrown: unknown) => {
      throw fileFault(path, thrown);
    });
    say(`  the trace is in ${path}; chrome://tracing and ui.perfetto.dev show it`);
  } finally {
    prepared.destroy();
  }
}
