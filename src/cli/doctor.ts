// `weft doctor`: the adapter that would be used and why, every candidate that was refused and its reason,
// what the adapter can do, and the remedy where there is none.

import { Command } from "commander";
import type { AdapterChoice, AdapterDescription } from "../gpu/adapters.ts";
import { nothingFits, surveyAdapters } from "../platform/node/adapters.ts";
import { cacheFolder } from "../platform/node/cache_folder.ts";
import { examineDrivers } from "../platform/node/driver_examination.ts";
import { adapterRemedy } from "../platform/node/remedies.ts";
import { print } from "./terminal.ts";

/** What `--json` prints, on one line. */
export interface Diagnosis {
  readonly choice: AdapterChoice;
  readonly platform: { readonly system: string; readonly architecture: string; readonly node: string };
  readonly cache: string;
  /** The adapter that every command would use; null where there is none. */
  readonly adapter: AdapterDescription | null;
  /** Why this one, or why none. */
  readonly reason: string;
  /** Further adapters that could be had by `--adapter NAME`. */
  readonly others: readonly AdapterDescription[];
  readonly refused: readonly AdapterDescription[];
  /** What to do, empty where there is nothing to be done. */
  readonly remedy: readonly string[];
}

const SHOWN_FEATURES = ["shader-f16", "subgroups", "timestamp-query"] as const;
const SHOWN_LIMITS: readonly (readonly [name: string, label: string, isBytes: boolean])[] = [
  ["maxBufferSize", "buffer", true],
  ["maxStorageBufferBindingSize", "storage binding", true],
  ["maxComputeWorkgroupStorageSize", "workgroup memory", true],
  ["maxComputeInvocationsPerWorkgroup", "invocations a workgroup", false],
  ["maxComputeWorkgroupsPerDimension", "workgroups a dimension", false],
  ["maxStorageBuffersPerShaderStage", "storage buffers a kernel", false],
];

/** The `doctor` subcommand. Exit code 1 where no adapter fits. */
export function doctorCommand(): Command {
  return new Command("doctor")
    .description("show which GPU weft would use and why, and what to do where there is none")
    .option("--adapter <choice>", "auto, hardware, software, or a part of an adapter's name", "auto")
    .option("--json", "print one line of JSON")
    .action(async (options: { adapter: AdapterChoice; json?: boolean }) => {
      const diagnosis = await diagnose(options.adapter);
      print(options.json ? JSON.stringify(diagnosis) : describe(diagnosis).replace(/\n$/, ""));
      if (!diagnosis.adapter) process.exitCode = 1;
    });
}

/**
 * Looks for the adapter as every command does, and asks why the others were not taken.
 * @throws WeftError where Dawn itself has no binary for this machine.
 */
export async function diagnose(choice: AdapterChoice): Promise<Diagnosis> {
  const { chosen, others, refused } = await surveyAdapters({ adapter: choice });
  const drivers = await examineDrivers();
  // The drivers' own reasons say more than the one entry for all of the system.
  const rest = drivers.length > 0 ? refused.filter(({ origin }) => origin !== "system") : refused;
  const isRemedyNeeded = !chosen && (others.length === 0 || choice === "hardware");
  return {
    choice,
    platform: { system: process.platform, architecture: process.arch, node: process.versions.node },
    cache: cacheFolder(),
    adapter: chosen ?? null,
    reason: chosen ? whyThis(chosen, choice) : nothingFits(choice),
    others,
    refused: [...drivers, ...rest],
    remedy: isRemedyNeeded ? adapterRemedy().steps : [],
  };
}

function whyThis({ kind, origin }: AdapterDescription, choice: AdapterChoice): string {
  if (choice !== "auto") return `the first that fits --adapter ${choice}`;
  if (kind === "hardware") return "a hardware GPU comes first";
  if (origin === "system") return "no hardware GPU; a software Vulkan of the system comes next";
  return "no hardware GPU and no software Vulkan of the system that Dawn accepts";
}

/** The diagnosis in words, for people. */
export function describe(diagnosis: Diagnosis): string {
  const { adapter, reason, others, refused, remedy, platform } = diagnosis;
  const lines: string[] = [];
  const row = (label: string, text: string) => lines.push(`  ${label.padEnd(26)}${text}`);
  if (adapter) {
    lines.push(`✓ ${adapter.name} (${adapter.kind}): ${reason}`, "");
    row("driver", `${adapter.driver || "unknown"}, ${adapter.backend}`);
    row("from", adapter.origin);
    for (const feature of SHOWN_FEATURES) row(feature, adapter.features.includes(feature) ? "yes" : "no");
    for (const [name, label, isBytes] of SHOWN_LIMITS) row(label, limitText(adapter.limits[name], isBytes));
    row("all features", String(adapter.features.length) + " (--json names them)");
  } else {
    lines.push(`✗ ${reason}`, "");
  }
  row("platform", `${platform.system} ${platform.architecture}, Node ${platform.node}`);
  row("cache folder", diagnosis.cache);
  const names = [...others, ...refused].map(({ name }) => name.length);
  const width = Math.max(0, ...names) + 2;
  if (others.length > 0) lines.push("", "Also here (--adapter NAME):");
  for (const { name, kind, driver } of others) lines.push(`  ${name.padEnd(width)}${kind}, ${driver}`);
  if (refused.length > 0) lines.push("", "Refused:");
  for (const { name, refused: why } of refused) lines.push(`  ${name.padEnd(width)}${why}`);
  if (remedy.length > 0) lines.push("", "What to do:", ...remedy.map((step) => `  • ${step}`));
  return `${lines.join("\n")}\n`;
}

function limitText(value: number | undefined, isBytes: boolean): string {
  if (value === undefined) return "unknown";
  if (!isBytes) return String(value);
  const power = Math.min(3, Math.floor(Math.log2(Math.max(1, value)) / 10));
  const rounded = Math.round((value / 1024 ** power) * 10) / 10;
  return `${rounded} ${["bytes", "KiB", "MiB", "GiB"][power]}`;
}
