// Which engines weft is compared with, and their running processes, each started when it is first needed.

import { WeftError } from "../../src/base/errors.ts";
import type { DawnTier } from "../../src/gpu/adapters.ts";
import { PeerProcess } from "./process.ts";

/** The adapter that weft computes on. */
export interface PeerAdapter {
  /** A part of the adapter's description that distinguishes it from others: `llvmpipe`, `SwiftShader`. */
  readonly expected: string;
  /** Driver and Vulkan loader, if they are not the system's choice. */
  readonly driver?: { readonly manifest: string; readonly loader: string };
  /**
   * Dawn's toggles of tfjs, jax-js and onnxruntime-web: those of weft, but "portable" for peers that compute wrongly
   * with "fast"; onnxruntime-node sets its own.
   */
  readonly tier: DawnTier;
}

interface Peer {
  readonly script: string;
  readonly provider?: "cpu" | "webgpu";
  /** Passes that it has. */
  readonly passes: readonly string[];
}

const INFERENCE = ["forward", "dataGradient", "inference"];
const TRAINING = [...INFERENCE, "weightGradient", "gradient", "train"];

/** `dataGradient` of onnxruntime is a ConvTranspose. */
export const PEERS = {
  tfjs: { script: "tfjs.mjs", passes: TRAINING },
  "jax-js": { script: "jax.mjs", passes: TRAINING },
  "onnxruntime-node-webgpu": { script: "onnxruntime_node.mjs", provider: "webgpu", passes: INFERENCE },
  "onnxruntime-node-cpu": { script: "onnxruntime_node.mjs", provider: "cpu", passes: INFERENCE },
  "onnxruntime-web": { script: "onnxruntime_web.mjs", passes: INFERENCE },
} as const satisfies Record<string, Peer>;

/** The names that `--peers` takes. */
export const PEER_NAMES = Object.keys(PEERS) as PeerName[];

export type PeerName = keyof typeof PEERS;

/** Whether the peer has the pass at all; passes that it lacks have no row. */
export function peerHas(peer: PeerName, pass: string): boolean {
  const { passes }: Peer = PEERS[peer];
  return passes.includes(pass);
}

/** Running peers by name, each started when it is first needed. The creator closes it. */
export class PeerPool {
  private readonly running = new Map<PeerName, PeerProcess>();
  private readonly lowered = new Set<PeerName>();

  constructor(private readonly adapter: PeerAdapter) {}

  tierOf(name: PeerName): DawnTier {
    return this.lowered.has(name) ? "portable" : this.adapter.tier;
  }

  /**
   * For a peer that computes wrongly without bounds checks, as tfjs does on SwiftShader: it is restarted with them and
   * keeps them. Returns false if it has them already, or has its own Dawn.
   */
  lowerTier(name: PeerName): boolean {
    const { provider }: Peer = PEERS[name];
    if (provider !== undefined || this.tierOf(name) === "portable") return false;
    this.lowered.add(name);
    this.drop(name);
    return true;
  }

  /** @throws WeftError if it does not start or has another adapter than weft. */
  async get(name: PeerName): Promise<PeerProcess> {
    const found = this.running.get(name);
    if (found?.isAlive) return found;
    this.drop(name);
    const { script, provider }: Peer = PEERS[name];
    const { driver, expected } = this.adapter;
    const tier = this.tierOf(name);
    // onnxruntime-node's Dawn reads VK_DRIVER_FILES only.
    const choice = driver && { VK_DRIVER_FILES: driver.manifest, VK_ICD_FILENAMES: undefined };
    const started = new PeerProcess(name, script, { ...choice });
    this.running.set(name, started);
    const { adapter } = await started.ask({ do: "open", tier, provider, loader: driver?.loader }, 120);
    if (typeof adapter === "string" && !adapter.toLowerCase().includes(expected.toLowerCase())) {
      throw new WeftError(`${name}: computes on ${adapter.trim()}, not on ${expected}`);
    }
    return started;
  }

  drop(name: PeerName): void {
    this.running.get(name)?.close();
    this.running.delete(name);
  }

  close(): void {
    for (const name of [...this.running.keys()]) this.drop(name);
  }
}
