// Adapters: which one a user may ask for, what is known of a candidate, and whether the two match. This file uses only
// WebGPU's own interface; finding candidates is the platform's job.

/** Software adapters run on the CPU: lavapipe, SwiftShader, WARP. */
export type AdapterKind = "hardware" | "software";

/**
 * How an adapter is asked for: the first of all candidates, the first of a kind, or a part of a name, vendor,
 * device or driver ("lavapipe", "nvidia", "swiftshader"; case does not matter).
 */
export type AdapterChoice = "auto" | "hardware" | "software" | (string & {});

/**
 * Dawn's toggles. `fast`: no bounds checks, no zero-initialisation that the kernels do not need, exact timestamps, f16
 * on NVIDIA. `portable`: the behaviour of a browser, which cannot change them.
 */
export type DawnTier = "fast" | "portable";

/** One candidate: an adapter that can be opened, or one that cannot, with the reason. */
export interface AdapterDescription {
  /** Short: "lavapipe", "swiftshader", or the device's name. */
  readonly name: string;
  readonly kind: AdapterKind;
  /** Where it comes from: "system", a driver's manifest file, or an npm package. */
  readonly origin: string;
  readonly vendor: string;
  readonly architecture: string;
  readonly device: string;
  readonly description: string;
  readonly driver: string;
  /** The native interface below WebGPU: "Vulkan", "Metal", "D3D12"; "WebGPU" in a browser. */
  readonly backend: string;
  /** Sorted. */
  readonly features: readonly string[];
  /** WebGPU's names; bytes if the name says bytes or size. */
  readonly limits: Readonly<Record<string, number>>;
  /** Why it cannot be used; absent if it can be used. */
  readonly refused?: string;
}

const SOFTWARE_NAMES: readonly (readonly [RegExp, string])[] = [
  [/llvmpipe|lavapipe/i, "lavapipe"],
  [/swiftshader/i, "swiftshader"],
  [/basic render|\bwarp\b/i, "warp"],
];

/** Describes an adapter that was opened through `backend` and comes from `origin`. */
export function describeAdapter(adapter: GPUAdapter, backend: string, origin: string): AdapterDescription {
  const { vendor, architecture, device, description, isFallbackAdapter } = adapter.info;
  const all = [vendor, architecture, device, description].join(" ");
  const software = SOFTWARE_NAMES.find(([pattern]) => pattern.test(all))?.[1];
  const isSoftware = software !== undefined || isFallbackAdapter || architecture === "software";
  return {
    name: software ?? (trimDashes(device) || description || vendor || "GPU"),
    kind: isSoftware ? "software" : "hardware",
    origin,
    vendor,
    architecture,
    device: trimDashes(device),
    description,
    driver: description.replace(/^[\w -]+: /, ""),
    backend,
    features: [...adapter.features].sort(),
    limits: limitsOf(adapter),
  };
}

/** A candidate that could not be opened. */
export function refusedCandidate(
  name: string,
  kind: AdapterKind,
  origin: string,
  refused: string,
): AdapterDescription {
  const unknown = { vendor: "", architecture: "", device: "", description: "", driver: "", backend: "" };
  return { name, kind, origin, ...unknown, features: [], limits: {}, refused };
}

/** Whether the candidate matches the choice. */
export function matchesChoice(candidate: AdapterDescription, choice: AdapterChoice): boolean {
  if (choice === "auto") return true;
  if (choice === "hardware" || choice === "software") return candidate.kind === choice;
  const { name, vendor, architecture, device, description } = candidate;
  const wanted = choice.toLowerCase();
  return [name, vendor, architecture, device, description].some((text) =>
    text.toLowerCase().includes(wanted),
  );
}

/** Every limit of the adapter by name. They are getters of the prototype, so spreading would lose them. */
function limitsOf(adapter: GPUAdapter): Record<string, number> {
  const limits: Record<string, number> = {};
  for (const name of Object.getOwnPropertyNames(Object.getPrototypeOf(adapter.limits)).sort()) {
    const value: unknown = Reflect.get(adapter.limits, name);
    if (typeof value === "number") limits[name] = value;
  }
  return limits;
}

/** Dawn replaces every character that is not a letter or digit by a dash. */
function trimDashes(device: string): string {
  return device.replace(/-+$/, "");
}
