// Lowering: every live node says which kernels it dispatches. The result is a flat program over tensors; memory
// planning (memory.ts) decides afterwards where those tensors live.

import { WeftError } from "../base/errors.ts";
import { LESS_MEMORY } from "../base/remedies.ts";
import { byteSize, ELEMENT_BYTES, shapeText, type TensorType } from "../base/tensors.ts";
import { foldWorkgroups } from "../gpu/commands.ts";
import { type DeviceFacts, megabytes } from "../gpu/device.ts";
import type { UniformValues } from "../gpu/shader_linking.ts";
import { type NodeChoices, NodeChooser } from "./choices.ts";
import type { GraphNode, Tensor } from "./graph.ts";
import type { DispatchRequest, KernelUse, Lowering, Rows } from "./operator.ts";
import { isPlaced, NO_PLACEMENTS, type Placements } from "./placements.ts";

export interface LoweredDispatch {
  readonly kind: "dispatch";
  readonly node: GraphNode;
  readonly kernel: KernelUse;
  readonly tensors: Readonly<Record<string, Tensor>>;
  readonly uniforms: UniformValues;
  readonly workgroups: readonly [number, number, number];
}

/** `node` is absent for the copies that store assignments at the end. */
export interface LoweredCopy {
  readonly kind: "copy";
  readonly node: GraphNode | undefined;
  readonly from: Tensor;
  readonly to: Tensor;
  /** Destination offset in `to`, in bytes. */
  readonly toOffset: number;
}

export type LoweredCommand = LoweredDispatch | LoweredCopy;

/** A node and the commands that it was lowered to. */
export interface LoweredNode {
  readonly node: GraphNode;
  readonly commands: readonly LoweredCommand[];
  readonly workspaces: ReadonlySet<Tensor>;
  /** What the operator could choose; undefined if it had no choice. */
  readonly choices: NodeChoices | undefined;
}

/**
 * Lowers nodes for a device.
 * @param placements tensors that are parts of other tensors.
 * @throws WeftError if a tensor exceeds the adapter's binding limit, naming the node and the tensor.
 */
export function lowerNodes(
  nodes: readonly GraphNode[],
  device: DeviceFacts,
  placements: Placements = NO_PLACEMENTS,
): LoweredNode[] {
  let scratchCount = 0;
  return nodes.map((node) => {
    const commands: LoweredCommand[] = [];
    const workspaces = new Set<Tensor>();
    const chooser = new NodeChooser(node, device);
    const role = (tensors: Readonly<Record<string, Tensor>>, name: string): Tensor => {
      const tensor = tensors[name];
      if (!tensor) throw new Error(`${node.operator.name} has no tensor ${name}`);
      return tensor;
    };
    const lowering: Lowering<object> = {
      attrs: node.attrs,
      device,
      input: (name) => role(node.inputs, name),
      output: (name) => role(node.outputs, name),
      hasInput: (name) => node.inputs[name] !== undefined,
      inputRoles: Object.keys(node.inputs),
      rows: (name) => rowsOf(node.inputs[name] ?? role(node.outputs, name), placements),
      isPlaced: (part, whole) => isPlaced(placements, part, whole),
      choose: (what, candidates, nameOf) => chooser.choose(what, candidates, nameOf),
      workspace: (name, type) => {
        const tensor = workspaceTensor(-1 - scratchCount++, `${node.name}/${name}`, type);
        workspaces.add(tensor);
        return tensor;
      },
      constant: (name, values, dtype) => {
        const data = dtype === "f32" ? new Float32Array(values) : new Uint32Array(values);
        const tensor = workspaceTensor(-1 - scratchCount++, `${node.name}/${name}`, {
          shape: [values.length],
          dtype,
        });
        return { ...tensor, kind: "constant", data };
      },
      dispatch: (kernel, request) => {
        const dispatch = lowerDispatch(node, kernel, request, device);
        if (dispatch) commands.push(dispatch);
      },
      copy: (from, to, toFirst = 0) => {
        commands.push({ kind: "copy", node, from, to, toOffset: toFirst * ELEMENT_BYTES[to.dtype] });
      },
    };
    node.operator.lower(lowering);
    return { node, commands, workspaces, choices: chooser.result };
  });
}

function rowsOf(tensor: Tensor, { rows }: Placements): Rows {
  const { whole = tensor, first = 0 } = rows.get(tensor) ?? {};
  return { tensor: whole, first, stride: whole.shape.at(-1) ?? 1 };
}

function workspaceTensor(id: number, name: string, type: TensorType): Tensor {
  return { id, name, shape: type.shape, dtype: type.dtype, kind: "value" };
}

function lowerDispatch(
  node: GraphNode,
  kernel: KernelUse,
  request: DispatchRequest,
  device: DeviceFacts,
): LoweredDispatch | undefined {
  const { tensors, uniforms = {} } = request;
  for (const [name, tensor] of Object.entries(tensors)) {
    const bytes = byteSize(tensor);
    if (bytes > device.maxBindingBytes) {
      throw new WeftError(
        `${node.name}: tensor ${name} ${shapeText(tensor.shape)} takes ${megabytes(bytes)}, but the adapter binds ` +
          `${megabytes(device.maxBindingBytes)} at the most.`,
        { remedy: LESS_MEMORY },
      );
    }
  }
  const workgroups = workgroupGrid(node, request.workgroups, device.maxWorkgroupsPerDimension);
  if (workgroups.includes(0)) return undefined;
  return { kind: "dispatch", node, kernel: suitedTo(kernel, tensors), tensors, uniforms, workgroups };
}

/** The kernel with f16 in the storage variables whose tensors are f16. */
function suitedTo(kernel: KernelUse, tensors: DispatchRequest["tensors"]): KernelUse {
  const narrow = Object.keys(tensors).filter((name) => tensors[name]?.dtype === "f16");
  return narrow.length === 0 ? kernel : { ...kernel, narrow: narrow.sort() };
}

function workgroupGrid(
  node: GraphNode,
  asked: number | readonly [number, number, number],
  limit: number,
): readonly [number, number, number] {
  if (typeof asked === "number") return foldWorkgroups(asked, limit);
  if (asked.some((count) => count > limit)) {
    throw new WeftError(
      `${node.name}: a grid of ${asked.join(" x ")} workgroups exceeds ${limit} per dimension`,
    );
  }
  return asked;
}
