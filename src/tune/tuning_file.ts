// A tuning table as a file: choices by key, and the origin of the measurements. JSON, so that a table can be shipped.

import { WeftError } from "../base/errors.ts";
import { hashName } from "../base/random.ts";
import type { AdapterDescription, DawnTier } from "../gpu/adapters.ts";
import type { Choices, TuningTable } from "../gpu/device.ts";
import { KERNEL_HASH } from "./kernel_hash.ts";

/** The origin of measurements: they are valid for this combination only. */
export interface TuningOrigin {
  readonly adapter: string;
  readonly device: string;
  readonly driver: string;
  readonly tier: DawnTier;
  /** The implementation of WebGPU: "webgpu 0.6.2", or a browser. */
  readonly implementation: string;
  readonly kernels: string;
}

/** A tuning table and where it was measured. */
export interface TuningFile {
  readonly origin: TuningOrigin;
  readonly table: TuningTable;
}

const FORMAT = "weft tuning";
const FORMAT_VERSION = 1;
const ORIGIN_FIELDS = ["adapter", "device", "driver", "tier", "implementation", "kernels"] as const;

/** The origin of new measurements on an adapter. */
export function originOf(
  { name, device, driver }: AdapterDescription,
  tier: DawnTier,
  implementation: string,
): TuningOrigin {
  return { adapter: name, device, driver, tier, implementation, kernels: KERNEL_HASH };
}

/** The file name of an adapter's table: `lavapipe-1a2b3c4d.json`. Later versions of weft or Dawn replace it. */
export function tuningFileName({ adapter, device, driver, tier }: TuningOrigin): string {
  const readable = adapter
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "");
  const hash = hashName(JSON.stringify([adapter, device, driver, tier]))
    .toString(16)
    .padStart(8, "0");
  return `${readable || "gpu"}-${hash}.json`;
}

/** Text of the file: keys sorted, no dates, so that equal tables are equal files. */
export function formatTuning({ origin, table }: TuningFile): string {
  const sorted = [...table].sort(([a], [b]) => (a < b ? -1 : 1));
  const content = { format: FORMAT, version: FORMAT_VERSION, ...origin, entries: Object.fromEntries(sorted) };
  return `${JSON.stringify(content, null, 1)}\n`;
}

/**
 * Reads the file.
 * @param place names the file in messages
 * @throws WeftError if it is not a tuning table, is damaged, or comes from a newer weft
 */
export function parseTuning(text: string, place: string): TuningFile {
  const wrong = (what: string) => new WeftError(`${place}: ${what}`);
  const fields = recordOf(jsonOf(text));
  if (fields?.format !== FORMAT) throw wrong(`not a tuning table: no "format": "${FORMAT}". Is it complete?`);
  if (typeof fields.version !== "number") throw wrong("the table's version is missing");
  if (fields.version > FORMAT_VERSION) {
    throw wrong(
      `written by a newer weft: table version ${fields.version}, this one reads up to ${FORMAT_VERSION}. Update weft.`,
    );
  }
  const field = (name: string): string => {
    const value = fields[name];
    if (typeof value !== "string") throw wrong(`${name} expects a text, found ${JSON.stringify(value)}`);
    return value;
  };
  const tier = field("tier");
  if (tier !== "fast" && tier !== "portable") throw wrong(`tier expects fast or portable, found "${tier}"`);
  const entries = recordOf(fields.entries);
  if (!entries) throw wrong("entries expects an object");
  const table = new Map<string, Choices>();
  for (const [key, value] of Object.entries(entries)) {
    const choices = recordOf(value);
    if (!choices || !isChoices(choices)) throw wrong(`the entry of ${key} expects names by what is chosen`);
    table.set(key, choices);
  }
  const [adapter, device, driver] = [field("adapter"), field("device"), field("driver")];
  const origin = { adapter, device, driver, tier, implementation: field("implementation") } as const;
  return { origin: { ...origin, kernels: field("kernels") }, table };
}

/** Why measurements of one origin are not valid for another, in a few words; undefined if they are. */
export function whyStale(measured: TuningOrigin, now: TuningOrigin): string | undefined {
  const field = ORIGIN_FIELDS.find((name) => measured[name] !== now[name]);
  if (field === undefined) return undefined;
  if (field === "kernels") return "it was measured with other kernels";
  return `it was measured with ${field} "${measured[field]}", here it is "${now[field]}"`;
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function recordOf(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value));
}

function isChoices(record: Record<string, unknown>): record is Record<string, string> {
  return Object.values(record).every((name) => typeof name === "string");
}
