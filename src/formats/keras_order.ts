// The order of Keras' `model.layers`, in which its files list and number layers: by depth, counted from the outputs;
// layers of one depth are in the order in which a search from the outputs reaches them.

interface Reader {
  readonly name: string;
  /** Names of the layers that it reads, each of which comes earlier in the list. */
  readonly inputs: readonly string[];
}

/**
 * Orders the layers of a functional model. Layers that no output needs are left out, as Keras does.
 * @param layers each after the layers that it reads
 * @param outputs names, in the model's order
 */
export function depthFirstOrder<T extends Reader>(layers: readonly T[], outputs: readonly string[]): T[] {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const met = new Map<string, number>();
  const finished: T[] = [];
  const visit = (name: string): void => {
    const layer = byName.get(name);
    if (!layer || met.has(name)) return;
    met.set(name, met.size);
    layer.inputs.forEach(visit);
    finished.push(layer);
  };
  outputs.forEach(visit);

  const depths = new Map<string, number>();
  for (const { name, inputs } of finished.toReversed()) {
    const depth = depths.get(name) ?? 0;
    depths.set(name, depth);
    for (const input of inputs) depths.set(input, Math.max(depth + 1, depths.get(input) ?? 0));
  }
  const depthOf = ({ name }: T) => depths.get(name) ?? 0;
  const turnOf = ({ name }: T) => met.get(name) ?? 0;
  return finished.sort((a, b) => depthOf(b) - depthOf(a) || turnOf(a) - turnOf(b));
}
