// Finds the adapter in Node (Dawn): first a hardware GPU, then a software Vulkan of the system that Dawn
// accepts (lavapipe), then the SwiftShader of an npm package. Every adapter has a Dawn instance of its own,
// so engines on different drivers live in one process.

import { join } from "node:path";
import { messageOf, WeftError } from "../../base/errors.ts";
import {
  type AdapterChoice,
  type AdapterDescription,
  type DawnTier,
  describeAdapter,
  matchesChoice,
  refusedCandidate,
} from "../../gpu/adapters.ts";
import { cacheFolder } from "./cache_folder.ts";
import { adapterRemedy } from "./remedies.ts";
import { SWIFTSHADER_PACKAGE, type SwiftShaderFiles, unpackSwiftShader } from "./swiftshader.ts";
import {
  driverManifests,
  ensureRuntimeFolder,
  hasVulkanLoader,
  preloadVulkanLoader,
  withDriver,
} from "./vulkan.ts";

/** An adapter that is ready for `requestDevice`, and the Dawn instance behind it. */
export interface OpenedAdapter {
  readonly gpu: GPU;
  readonly adapter: GPUAdapter;
  readonly description: AdapterDescription;
}

/** Which adapter is opened, and how. */
export interface AdapterOptions {
  /** "auto" by default. */
  readonly adapter?: AdapterChoice;
  /** "fast" by default. */
  readonly tier?: DawnTier;
}

/** Everything a search finds; the system's drivers that it refused stand as one entry. */
export interface AdapterSurvey {
  readonly chosen: AdapterDescription | undefined;
  /** In the order in which "auto" takes them. */
  readonly others: readonly AdapterDescription[];
  readonly refused: readonly AdapterDescription[];
}

type CreateGpu = (options: string[]) => GPU;

/** What one search has at hand, and what it has found useless. */
interface Search {
  readonly create: CreateGpu;
  readonly switches: readonly string[];
  readonly refused: AdapterDescription[];
}

const DAWN_SWITCHES: Record<DawnTier, readonly string[]> = {
  fast: [
    "enable-dawn-features=allow_unsafe_apis,disable_robustness,disable_workgroup_init," +
      "disable_polyfills_on_integer_div_and_mod,vulkan_enable_f16_on_nvidia",
    "disable-dawn-features=timestamp_quantization",
  ],
  portable: [],
};

/** What dawn.node opens where it is not told otherwise. */
const BACKENDS: Partial<Record<NodeJS.Platform, string>> = { darwin: "Metal", win32: "D3D12" };
export const SYSTEM_BACKEND = BACKENDS[process.platform] ?? "Vulkan";

const CHOICES_IN_WORDS: ReadonlyMap<AdapterChoice, string> = new Map([
  ["auto", "GPU adapter"],
  ["hardware", "hardware GPU"],
  ["software", "software adapter"],
]);

/** No device has this name, so asking for it makes dawn.node list those that there are. */
const NO_SUCH_DEVICE = "adapter=(list)";

/**
 * Dawn crashes when an instance is collected before its devices, destroyed ones too. An entry lives as long
 * as its key, so neither adapter nor device outlives the instance.
 */
const instanceOf = new WeakMap<GPUAdapter | GPUDevice, GPU>();

/**
 * Opens the first adapter that fits the choice, each call one of its own. The process ends by itself once
 * its devices are destroyed or dropped.
 * @throws WeftError if none fits, with the remedy for this operating system.
 */
export async function openAdapter(options: AdapterOptions = {}): Promise<OpenedAdapter> {
  const { adapter: choice = "auto", tier = "fast" } = options;
  const search = await startSearch(tier);
  const seen: AdapterDescription[] = [];
  for await (const candidate of candidates(search, choice)) {
    if (matchesChoice(candidate.description, choice)) return candidate;
    seen.push(candidate.description);
  }
  throw noAdapter(choice, seen, search.refused);
}

/**
 * Opens and drops every candidate: what `openAdapter` would take, what else there is, and what was refused.
 * @throws WeftError if Dawn itself has no binary for this machine.
 */
export async function surveyAdapters(options: AdapterOptions = {}): Promise<AdapterSurvey> {
  const { adapter: choice = "auto", tier = "fast" } = options;
  const search = await startSearch(tier);
  const usable: AdapterDescription[] = [];
  for await (const { description } of candidates(search, choice, true)) usable.push(description);
  const chosen = usable.find((candidate) => matchesChoice(candidate, choice));
  return { chosen, others: usable.filter((candidate) => candidate !== chosen), refused: search.refused };
}

async function startSearch(tier: DawnTier): Promise<Search> {
  let create: CreateGpu;
  try {
    ({ create } = await import("webgpu"));
  } catch (thrown) {
    const reason = messageOf(thrown).split("\n")[0];
    throw new WeftError(
      `the npm package webgpu has no working binary for ${process.platform} on ${process.arch} (${reason}); ` +
        "it has them for Linux, macOS and Windows on x64 and arm64.",
    );
  }
  return { create, switches: DAWN_SWITCHES[tier], refused: [] };
}

/** Opens candidate after candidate; whoever has found theirs stops, and the rest is never opened. */
async function* candidates(
  search: Search,
  choice: AdapterChoice,
  all = false,
): AsyncGenerator<OpenedAdapter, void> {
  // Asked for by name, the pinned SwiftShader need not wait for the system's drivers.
  const first = choice !== "" && "swiftshader".includes(choice.toLowerCase());
  if (first) yield* packagedCandidates(search);
  const found = yield* systemCandidates(search);
  if (found > 0 && (all || choice !== "auto")) yield* namedCandidates(search, found);
  if (!first) yield* packagedCandidates(search);
}

/** The system's fastest adapter and, where that is a GPU, its software one. Returns how many there were. */
async function* systemCandidates(search: Search): AsyncGenerator<OpenedAdapter, number> {
  const obstacle = await systemObstacle();
  if (obstacle !== undefined) {
    search.refused.push(refusedCandidate(SYSTEM_BACKEND, "hardware", "system", obstacle));
    return 0;
  }
  const fastest = await attempt(search, { powerPreference: "high-performance" });
  if (fastest) yield fastest;
  if (fastest?.description.kind !== "hardware") return fastest ? 1 : 0;
  const software = await attempt(search, { forceFallbackAdapter: true });
  if (software?.description.kind !== "software") return 1;
  yield software;
  return 2;
}

/** Further adapters of the system, by the names that dawn.node lists. */
async function* namedCandidates(search: Search, found: number): AsyncGenerator<OpenedAdapter, void> {
  const names = await deviceNames(search.create);
  if (names.length <= found) return;
  for (const name of names) {
    const opened = await attempt(search, {}, [`adapter=${name}`]);
    if (opened) yield opened;
  }
}

async function deviceNames(create: CreateGpu): Promise<string[]> {
  try {
    await create([NO_SUCH_DEVICE]).requestAdapter();
    return [];
  } catch (thrown) {
    return [...messageOf(thrown).matchAll(/name: '(.*)'/g)].map(([, name]) => name ?? "");
  }
}

async function attempt(
  search: Search,
  request: GPURequestAdapterOptions,
  switches: readonly string[] = [],
): Promise<OpenedAdapter | undefined> {
  try {
    const gpu = search.create([...search.switches, ...switches]);
    const adapter = await gpu.requestAdapter(request);
    if (adapter) return opened(gpu, adapter, "system");
    if (!request.forceFallbackAdapter) refuse(search, "has no adapter that Dawn accepts");
  } catch (thrown) {
    refuse(search, messageOf(thrown));
  }
  return undefined;
}

function refuse({ refused }: Search, reason: string): void {
  const oneLine = reason.trim().replace(/\s*\n\s*/g, "; ");
  refused.push(refusedCandidate(SYSTEM_BACKEND, "hardware", "system", oneLine));
}

async function* packagedCandidates(search: Search): AsyncGenerator<OpenedAdapter, void> {
  try {
    const files = await prepareSwiftShader();
    const [gpu, request] = withDriver(files.manifest, () => {
      const instance = search.create([...search.switches]);
      return [instance, instance.requestAdapter()] as const; // the drivers are loaded before this returns
    });
    const adapter = await request;
    if (!adapter) throw new WeftError("was unpacked, but Dawn does not accept it");
    yield opened(gpu, adapter, SWIFTSHADER_PACKAGE);
  } catch (thrown) {
    const reason = messageOf(thrown);
    search.refused.push(refusedCandidate("swiftshader", "software", SWIFTSHADER_PACKAGE, reason));
  }
}

/** Unpacks SwiftShader where it is not yet, and sees to a Vulkan loader where the system has none. */
export async function prepareSwiftShader(): Promise<SwiftShaderFiles> {
  const files = await unpackSwiftShader(cacheFolder());
  if (!hasVulkanLoader()) preloadVulkanLoader(files.loader);
  return files;
}

/** Why there is no sense in asking the system, on Linux; Dawn would print several lines about it. */
async function systemObstacle(): Promise<string | undefined> {
  if (process.platform !== "linux") return undefined;
  if (driverManifests().length === 0) return "no Vulkan driver is installed";
  if (!hasVulkanLoader()) {
    try {
      await prepareSwiftShader(); // brings a loader, which serves the system's drivers as well
    } catch {
      return "the Vulkan loader libvulkan.so.1 is not installed";
    }
  }
  await ensureRuntimeFolder(join(cacheFolder(), "runtime"));
  return undefined;
}

function opened(gpu: GPU, adapter: GPUAdapter, origin: string): OpenedAdapter {
  instanceOf.set(adapter, gpu);
  const requestDevice = adapter.requestDevice.bind(adapter);
  adapter.requestDevice = async (descriptor?: GPUDeviceDescriptor) => {
    const device = await requestDevice(descriptor);
    instanceOf.set(device, gpu);
    return device;
  };
  return { gpu, adapter, description: describeAdapter(adapter, SYSTEM_BACKEND, origin) };
}

/** One sentence without its end: what was wanted and not found. */
export function nothingFits(choice: AdapterChoice): string {
  const wanted = CHOICES_IN_WORDS.get(choice);
  return wanted === undefined ? `no adapter is called "${choice}"` : `no ${wanted} found`;
}

function noAdapter(
  choice: AdapterChoice,
  seen: readonly AdapterDescription[],
  refused: readonly AdapterDescription[],
): WeftError {
  const what = nothingFits(choice);
  const there = [...new Set(seen.map(({ name }) => name))].join(", ");
  if (there !== "") {
    return new WeftError(`${what}; there is ${there}`, {
      remedy: [
        { kind: "set", option: "adapter", value: "auto" },
        { kind: "see", command: "doctor" },
      ],
    });
  }
  const reasons = refused.map(({ name, refused: reason }) => `${name}: ${reason}`).join("; ");
  return new WeftError(`${what} (${reasons}). ${adapterRemedy().short}`, {
    remedy: [{ kind: "see", command: "doctor" }],
  });
}
