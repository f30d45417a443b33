// Dawn's null backend holds at most 512 MiB, less than a training step of a large network. It computes nothing, so
// large buffers may be small: every range of one gets a cell of its own, and all other work of the host stays the same.

const LARGE_BYTES = 2 ** 20;
/** The alignment of bindings. */
const CELL_BYTES = 256;

/** Makes a device allocate at most a mebibyte per buffer, and bind and copy cells instead of ranges. */
export function keepBuffersSmall(device: GPUDevice): void {
  const cells = new WeakMap<GPUBuffer, Map<number, number>>();
  const cellOf = (buffer: GPUBuffer, offset: number): number | undefined => {
    const known = cells.get(buffer);
    if (!known) return undefined;
    const cell = known.get(offset) ?? CELL_BYTES * known.size;
    known.set(offset, cell);
    return cell;
  };
  keepAllocationsSmall(device, cells);
  bindCells(device, cellOf);
  copyCells(device, cellOf);
}

type CellOf = (buffer: GPUBuffer, offset: number) => number | undefined;

function keepAllocationsSmall(device: GPUDevice, cells: WeakMap<GPUBuffer, Map<number, number>>): void {
  const createBuffer = device.createBuffer.bind(device);
  device.createBuffer = (descriptor) => {
    const buffer = createBuffer({ ...descriptor, size: Math.min(descriptor.size, LARGE_BYTES) });
    if (descriptor.size > LARGE_BYTES) cells.set(buffer, new Map());
    return buffer;
  };
  const { queue } = device;
  const writeBuffer = queue.writeBuffer.bind(queue);
  queue.writeBuffer = (buffer, ...rest) => {
    if (!cells.has(buffer)) writeBuffer(buffer, ...rest);
  };
}

function bindCells(device: GPUDevice, cellOf: CellOf): void {
  const createBindGroup = device.createBindGroup.bind(device);
  device.createBindGroup = (descriptor) => {
    const entries = [...descriptor.entries].map((entry): GPUBindGroupEntry => {
      const { resource } = entry;
      if (!("buffer" in resource)) return entry;
      const cell = cellOf(resource.buffer, resource.offset ?? 0);
      if (cell === undefined) return entry;
      const size = Math.min(resource.size ?? CELL_BYTES, CELL_BYTES);
      return { ...entry, resource: { ...resource, offset: cell, size } };
    });
    return createBindGroup({ ...descriptor, entries });
  };
}

function copyCells(device: GPUDevice, cellOf: CellOf): void {
  const createCommandEncoder = device.createCommandEncoder.bind(device);
  device.createCommandEncoder = (descriptor) => {
    const encoder = createCommandEncoder(descriptor);
    const copy = encoder.copyBufferToBuffer.bind(encoder) as (...words: unknown[]) => undefined;
    encoder.copyBufferToBuffer = (from: GPUBuffer, ...rest: unknown[]) => {
      const [fromOffset, to, toOffset, size] = rest as [number, GPUBuffer, number, number];
      const [cell, toCell] = [cellOf(from, fromOffset), cellOf(to, toOffset)];
      const isWhole = cell === undefined && toCell === undefined;
      const bytes = isWhole ? size : Math.min(size, CELL_BYTES);
      return copy(from, cell ?? fromOffset, to, toCell ?? toOffset, bytes);
    };
    return encoder;
  };
}
