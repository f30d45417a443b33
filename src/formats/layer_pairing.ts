// Which layer of a file corresponds to which layer of a network.
//  - A layer with a name of its own is found by that name.
//  - A layer that Keras named itself (`conv2d_12`) is found by creation order within its kind, because the numbers
//    continue over all networks that a Python session has built.
//  - Names that differ only in their underscores or in a scope prefix are equal (`reduction_bn3`,
//    `reduction_bn_3`, `block_1/reduction_bn3`), as in NASNet of different versions of Keras.
//  - If the file names no layers: by Keras' order of the model's layers within each class.

import type { LayerPosition } from "./hdf5.ts";

/** A weight's shape; both a network's weights and a file's have one. */
interface Shaped {
  readonly shape: readonly number[];
}

interface Positioned extends Shaped {
  readonly position?: LayerPosition;
}

/** A layer and its weights by their own names, in the given order. */
interface Layer<W> {
  readonly name: string;
  readonly weights: Map<string, W>;
}

/** How layers are paired. */
export interface PairingOptions {
  /**
   * The network's layers in the order of Keras' `model.layers`, for files that do not name them; by default the order
   * of creation, which is the same for networks without branches.
   */
  readonly layerOrder?: readonly string[] | undefined;
  /** Pairs layers by their names alone: heads, which are alike in everything else. */
  readonly byName?: boolean | undefined;
}

/** The kinds of layers with weights that Keras names itself, numbered from 0 or from any number. */
const AUTO_NAMED =
  /^(conv2d|conv2d_transpose|depthwise_conv2d|separable_conv2d|dense|batch_normalization|normalization)(?:_(\d+))?$/;

/** Keras' names of variables. */
const VARIABLES = new Set(
  "kernel bias depthwise_kernel pointwise_kernel gamma beta moving_mean moving_variance mean variance count".split(
    " ",
  ),
);

/** Layers by name, in the order of their first weight. */
export function groupByLayer<W>(
  weights: readonly W[],
  split: (weight: W) => { layer: string; weight: string },
): Map<string, Layer<W>> {
  const layers = new Map<string, Layer<W>>();
  for (const entry of weights) {
    const { layer, weight } = split(entry);
    let found = layers.get(layer);
    if (!found) {
      found = { name: layer, weights: new Map() };
      layers.set(layer, found);
    }
    if (!found.weights.has(weight)) found.weights.set(weight, entry);
  }
  return layers;
}

export function isSameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/**
 * The file's tensor for a variable of a layer. Keras 3 calls a DepthwiseConv2D's `kernel`. Variables whose names are
 * none of Keras' (`conv1_W`) are matched by position, as Keras does.
 */
export function findWeight<E, O>(
  expected: Layer<E> | undefined,
  offered: Layer<O> | undefined,
  variable: string,
): O | undefined {
  if (!expected || !offered) return undefined;
  const { weights } = offered;
  const same = weights.get(variable);
  if (same !== undefined) return same;
  if (variable === "depthwise_kernel" && weights.has("kernel")) return weights.get("kernel");
  const areNamed = [...weights.keys()].some((name) => VARIABLES.has(name));
  if (areNamed || weights.size !== expected.weights.size) return undefined;
  return [...weights.values()][[...expected.weights.keys()].indexOf(variable)];
}

function fits(expected: Layer<Shaped>, offered: Layer<Shaped> | undefined): boolean {
  return Array.from(expected.weights).every(([variable, { shape }]) => {
    const found = findWeight(expected, offered, variable);
    return found !== undefined && isSameShape(shape, found.shape);
  });
}

/**
 * Finds the file's layer for each layer of the network.
 * @param expected in the order of creation
 */
export function pairLayers<E extends Shaped, O extends Positioned>(
  expected: ReadonlyMap<string, Layer<E>>,
  offered: ReadonlyMap<string, Layer<O>>,
  options: PairingOptions,
): Map<string, Layer<O>> {
  const named = new Map([...offered].filter(([, layer]) => positionOf(layer) === undefined));
  const pairs = new Map<string, Layer<O>>();
  for (const name of expected.keys()) {
    const same = named.get(name);
    if (same && !AUTO_NAMED.test(name)) pairs.set(name, same);
  }
  const namedKinds = autoNamedByKind(named);
  for (const [kind, layers] of autoNamedByKind(expected)) {
    pairInOrder(layers, namedKinds.get(kind) ?? [], pairs);
  }
  pairBySpelling(expected, named, pairs);
  if (!options.byName && named.size < offered.size) {
    pairByPosition(inOrder(expected, options.layerOrder), [...offered.values()], pairs);
  }
  return pairs;
}

const positionOf = (layer: Layer<Positioned>) => [...layer.weights.values()][0]?.position;

/** Auto-named layers by kind, in creation order, which is the order of their numbers. */
function autoNamedByKind<W>(layers: ReadonlyMap<string, Layer<W>>): Map<string, Layer<W>[]> {
  const numbered = [...layers.values()].flatMap((layer) => {
    const match = layer.name.match(AUTO_NAMED);
    return match?.[1] === undefined ? [] : [{ kind: match[1], index: Number(match[2] ?? 0), layer }];
  });
  numbered.sort((a, b) => a.index - b.index);
  const kinds = new Map<string, Layer<W>[]>();
  for (const { kind, layer } of numbered) addTo(kinds, kind, layer);
  return kinds;
}

/** Appends to the list under a key. */
function addTo<T>(lists: Map<string, T[]>, key: string, entry: T): void {
  const list = lists.get(key);
  if (list) list.push(entry);
  else lists.set(key, [entry]);
}

/** The first run of the file's layers that all fit; if none does, the first run, so that messages can name layers. */
function pairInOrder<E extends Shaped, O extends Shaped>(
  expected: readonly Layer<E>[],
  offered: readonly Layer<O>[],
  pairs: Map<string, Layer<O>>,
): void {
  const first = firstFit(expected, offered) ?? 0;
  for (const [index, layer] of expected.entries()) {
    const found = offered[first + index];
    if (found) pairs.set(layer.name, found);
  }
}

function firstFit(expected: readonly Layer<Shaped>[], offered: readonly Layer<Shaped>[]): number | undefined {
  for (let start = 0; start + expected.length <= offered.length; start++) {
    if (expected.every((layer, index) => fits(layer, offered[start + index]))) return start;
  }
  return undefined;
}

/** Pairs layers whose names are equal except for underscores and scopes, if the match is unique. */
function pairBySpelling<O>(
  expected: ReadonlyMap<string, Layer<unknown>>,
  offered: ReadonlyMap<string, Layer<O>>,
  pairs: Map<string, Layer<O>>,
): void {
  const plain = (name: string) => name.slice(name.lastIndexOf("/") + 1).replaceAll("_", "");
  const bySpelling = <W>(layers: Iterable<Layer<W>>) => {
    const found = new Map<string, Layer<W>[]>();
    for (const layer of layers) addTo(found, plain(layer.name), layer);
    return found;
  };
  const candidates = bySpelling(offered.values());
  for (const [spelling, layers] of bySpelling(expected.values())) {
    const [layer] = layers;
    const [found] = candidates.get(spelling) ?? [];
    const isClear = layers.length === 1 && candidates.get(spelling)?.length === 1;
    if (isClear && layer && found && !pairs.has(layer.name)) pairs.set(layer.name, found);
  }
}

function inOrder<E>(expected: ReadonlyMap<string, Layer<E>>, order: readonly string[] = []): Layer<E>[] {
  const ranks = new Map(order.map((name, rank) => [name, rank]));
  const rankOf = ({ name }: Layer<E>) => ranks.get(name) ?? ranks.size;
  return [...expected.values()].sort((a, b) => rankOf(a) - rankOf(b));
}

/** The class of a layer, from its weights. */
function kindOf({ weights }: Layer<Shaped>): string {
  if (weights.has("pointwise_kernel")) return "separable_conv2d";
  if (weights.has("depthwise_kernel")) return "depthwise_conv2d";
  if (weights.has("moving_mean")) return "batch_normalization";
  if (weights.has("count")) return "normalization";
  return weights.get("kernel")?.shape.length === 2 ? "dense" : "conv2d";
}

/** Pairs by position within each class, using the model in the file in which most layers fit. */
function pairByPosition<E extends Shaped, O extends Positioned>(
  expected: readonly Layer<E>[],
  offered: readonly Layer<O>[],
  pairs: Map<string, Layer<O>>,
): void {
  const models = new Map<string, Layer<O>[]>();
  for (const layer of offered) {
    const position = positionOf(layer);
    if (position) addTo(models, position.model, layer);
  }
  let best: { found: Map<string, Layer<O>>; fitting: number } | undefined;
  for (const layers of models.values()) {
    const found = pairWithin(
      expected.filter(({ name }) => !pairs.has(name)),
      layers,
    );
    const fitting = expected.filter((layer) => fits(layer, found.get(layer.name))).length;
    if (!best || fitting > best.fitting) best = { found, fitting };
  }
  for (const [name, layer] of best?.found ?? []) pairs.set(name, layer);
}

function pairWithin<E extends Shaped, O extends Positioned>(
  expected: readonly Layer<E>[],
  offered: readonly Layer<O>[],
): Map<string, Layer<O>> {
  const pairs = new Map<string, Layer<O>>();
  for (const kind of new Set(expected.map(kindOf))) {
    const ofKind = offered.filter((layer) => positionOf(layer)?.kind === kind);
    ofKind.sort((a, b) => (positionOf(a)?.index ?? 0) - (positionOf(b)?.index ?? 0));
    pairInOrder(
      expected.filter((layer) => kindOf(layer) === kind),
      ofKind,
      pairs,
    );
  }
  return pairs;
}
