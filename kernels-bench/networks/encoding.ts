// The host's side of a step: writing its inputs, encoding and submitting it on Dawn's null backend, which accepts
// everything and computes nothing. This is a step's cost on the host.

import { create } from "webgpu";
import { WeftError } from "../../src/base/errors.ts";
import { GpuDevice } from "../../src/gpu/device.ts";
import { backboneNamed } from "../../src/models/backbones.ts";
import { waitGently } from "../../src/platform/node/waiting.ts";
import { type NetworkForm, networkCaseName } from "../cases/network_form.ts";
import type { BenchContext, BenchItem } from "../measuring/bench_item.ts";
import type { Measurement } from "../measuring/rows.ts";
import { PreparedNetwork } from "./network.ts";
import { keepBuffersSmall } from "./small_buffers.ts";

const WARM_UP_STEPS = 10;
const STEPS = 60;
/** The toggles that `fast` sets on a real backend. */
const SWITCHES = ["backend=null", "enable-dawn-features=allow_unsafe_apis,disable_robustness"];

async function measureEncoding({ device, onStage }: BenchContext, form: NetworkForm): Promise<Measurement> {
  const gpu = create(SWITCHES); // Dawn crashes if it is collected before its devices
  const adapter = await gpu.requestAdapter();
  if (!adapter) throw new WeftError("Dawn's null backend has no adapter");
  const { family } = device.facts;
  const host = await GpuDevice.open(adapter, { wait: waitGently, name: "null", family });
  keepBuffersSmall(host.raw);
  try {
    onStage("compiling");
    const prepared = await PreparedNetwork.compile(host, form);
    onStage("timing");
    const wallMs: number[] = [];
    for (let i = 0; i < WARM_UP_STEPS + STEPS; i++) {
      const started = performance.now();
      const { values } = await prepared.submit();
      const took = performance.now() - started;
      await values;
      if (i >= WARM_UP_STEPS) wallMs.push(took);
    }
    const { dispatches } = prepared.plan.layout.statistics;
    prepared.destroy();
    return {
      case: `encode/${networkCaseName(form)}`,
      pass: form.pass,
      batch: form.batch,
      timing: { wallMs, gpuMs: [] },
      dispatches,
    };
  } finally {
    host.destroy();
    await gpu.requestAdapter(); // keeps the instance alive until here
  }
}

function encodingItem(name: string, size: number, batch: number): BenchItem {
  const form: NetworkForm = { backbone: backboneNamed(name), alpha: undefined, size, batch, pass: "train" };
  return {
    case: `encode/${networkCaseName(form)}`,
    pass: form.pass,
    op: "encode",
    isQuick: true,
    usesCeilings: false,
    measure: (context) => measureEncoding(context, form),
  };
}

export function encodingItems(): BenchItem[] {
  return [encodingItem("MobileNetV2", 96, 16), encodingItem("InceptionResNetV2", 299, 2)];
}
