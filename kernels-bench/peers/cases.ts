// The bench's cases in the form for its peers: the work, and weft's side of it, checked and ready.

import type { AdapterDescription, DawnTier } from "../../src/gpu/adapters.ts";
import type { GpuDevice } from "../../src/gpu/device.ts";
import { prepareSwiftShader, SYSTEM_BACKEND } from "../../src/platform/node/adapters.ts";
import { caseName, type OperatorCase, type Pass } from "../cases/bench_case.ts";
import type { NetworkForm } from "../cases/network_form.ts";
import type { BenchItem } from "../measuring/bench_item.ts";
import { checkRealForm, checkSmallForm } from "../measuring/check.ts";
import { PreparedPass } from "../measuring/prepared_pass.ts";
import { CommandSampler } from "../measuring/timing.ts";
import { checkNetwork } from "../networks/golden_check.ts";
import { networkCase } from "./networks.ts";
import { operatorWork } from "./operators.ts";
import type { PeerCase } from "./pairs.ts";
import type { PeerAdapter } from "./pool.ts";

/** The case of an item; undefined if no peer has anything comparable. */
export async function peerCase(device: GpuDevice, { subject }: BenchItem): Promise<PeerCase | undefined> {
  if (subject === undefined) return undefined;
  if ("form" in subject) return peerNetwork(device, subject.form);
  return peerOperator(device, subject.bench, subject.pass);
}

/** Peers have networks of width 1, in f32. */
async function peerNetwork(device: GpuDevice, form: NetworkForm): Promise<PeerCase | undefined> {
  const { alpha = 1, precision = "f32" } = form;
  if (alpha !== 1 || precision !== "f32") return undefined;
  await checkNetwork(device, form);
  return networkCase(device, form);
}

function peerOperator(device: GpuDevice, bench: OperatorCase, pass: Pass): PeerCase | undefined {
  const work = operatorWork(bench, pass);
  if (!work) return undefined;
  const openWeft = async () => {
    await checkSmallForm(device, bench, pass);
    const prepared = await PreparedPass.compile(device, bench, bench.real, pass);
    await checkRealForm(bench, pass, prepared);
    const sampler = new CommandSampler(device, prepared.plan.commands);
    return {
      time: async (repeats: number) => (await sampler.sample(repeats)).wallMs,
      close() {
        sampler.destroy();
        prepared.destroy();
      },
    };
  };
  return { name: caseName(bench), pass, work: async () => work, openWeft };
}

/** Texts that peers' own descriptions of a software adapter contain. */
const NAMES_TO_PEERS: Readonly<Record<string, string>> = { lavapipe: "llvmpipe", swiftshader: "SwiftShader" };

/** The adapter that the peers must compute on as well. */
export async function peerAdapter(description: AdapterDescription, tier: DawnTier): Promise<PeerAdapter> {
  const { name, origin, backend, device } = description;
  const expected = NAMES_TO_PEERS[name] ?? device;
  const isPackaged = origin !== "system" && backend === SYSTEM_BACKEND;
  if (!isPackaged) return { expected, tier };
  const { manifest, loader } = await prepareSwiftShader();
  return { expected, tier, driver: { manifest, loader } };
}
