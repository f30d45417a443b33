/**
 * The device, opened from a WebGPU adapter, and the variables that plans share.
 *
 * @module weft/gpu
 */

export {
  type AdapterChoice,
  type AdapterDescription,
  type AdapterKind,
  type DawnTier,
  describeAdapter,
  matchesChoice,
  refusedCandidate,
} from "../gpu/adapters.ts";
export {
  type Choices,
  type DeviceFacts,
  type DeviceOptions,
  GpuDevice,
  type KernelFamily,
  type SubgroupMatrix,
  type TuningTable,
} from "../gpu/device.ts";
export { DeviceLostError } from "../gpu/device_loss.ts";
export type { HostWait } from "../gpu/host_wait.ts";
export type { UniformValues } from "../gpu/shader_linking.ts";
export {
  type Arena,
  layOutArenas,
  type VariableSpec,
  VariableStore,
  variableBytes,
} from "../gpu/variables.ts";
