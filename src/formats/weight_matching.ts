// Which tensor of a file belongs to which weight of a network. A layer with a name of its own is found
// by that name; a layer that Keras named itself (`conv2d_12`) by creation order within its kind, as the
// numbers go on counting over all networks that a Python session has built.

import { WeftError } from "../base/errors.ts";

/** A weight that a network expects. */
export interface ExpectedWeight {
  /** `layer/weight`. */
  name: string;
  shape: readonly number[];
}

/** A tensor that a file offers; `KerasWeight` is one. */
export interface OfferedWeight extends ExpectedWeight {
  layer: string;
  weight: string;
}

/** An expected weight and the file's tensor for it. */
export interface MatchedWeight<E extends ExpectedWeight, O extends OfferedWeight> {
  expected: E;
  found: O;
}

/** The outcome; every expected weight is in one of the first three lists, every tensor in one but `missing`. */
export interface WeightReport<
  E extends ExpectedWeight = ExpectedWeight,
  O extends OfferedWeight = OfferedWeight,
> {
  matched: MatchedWeight<E, O>[];
  /** Found by name or order but of another shape. */
  misshapen: MatchedWeight<E, O>[];
  missing: E[];
  leftOver: O[];
}

/** The kinds of layers with weights that Keras names itself, numbered from 0 or wherever it was. */
const AUTO_NAMED =
  /^(conv2d|conv2d_transpose|depthwise_conv2d|separable_conv2d|dense|batch_normalization|normalization)(?:_(\d+))?$/;

interface Layer<W> {
  name: string;
  weights: Map<string, W>;
}

function splitName(name: string): { layer: string; weight: string } {
  const slash = name.lastIndexOf("/");
  return { layer: name.slice(0, Math.max(0, slash)), weight: name.slice(slash + 1) };
}

function groupByLayer<W>(weights: readonly W[], split: (weight: W) => { layer: string; weight: string }) {
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

/** Auto-named layers by kind, in creation order, which is the order of their numbers. */
function autoNamedByKind<W>(layers: ReadonlyMap<string, Layer<W>>): Map<string, Layer<W>[]> {
  const kinds = new Map<string, { index: number; layer: Layer<W> }[]>();
  for (const layer of layers.values()) {
    const match = layer.name.match(AUTO_NAMED);
    if (!match?.[1]) continue;
    const entries = kinds.get(match[1]) ?? [];
    entries.push({ index: Number(match[2] ?? 0), layer });
    kinds.set(match[1], entries);
  }
  return new Map(
    Array.from(kinds, ([kind, entries]) => [
      kind,
      entries.sort((a, b) => a.index - b.index).map(({ layer }) => layer),
    ]),
  );
}

/** For each layer of the network the file's layer, by name or by order. */
function pairLayers<E, O>(expected: ReadonlyMap<string, Layer<E>>, offered: ReadonlyMap<string, Layer<O>>) {
  const pairs = new Map<string, Layer<O>>();
  for (const name of expected.keys()) {
    const same = offered.get(name);
    if (same && !AUTO_NAMED.test(name)) pairs.set(name, same);
  }
  const offeredKinds = autoNamedByKind(offered);
  for (const [kind, layers] of autoNamedByKind(expected)) {
    for (const [index, layer] of layers.entries()) {
      const found = offeredKinds.get(kind)?.[index];
      if (found) pairs.set(layer.name, found);
    }
  }
  return pairs;
}

/** A DepthwiseConv2D's variable is called `kernel` in files of Keras 3. */
function findWeight<O>(layer: Layer<O> | undefined, weight: string): O | undefined {
  const same = layer?.weights.get(weight);
  if (same || weight !== "depthwise_kernel") return same;
  return layer?.weights.get("kernel");
}

function isSameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((extent, axis) => extent === b[axis]);
}

/**
 * Matches a network's weights with a file's tensors.
 * @param expected in creation order of the layers; a DepthwiseConv2D's weight is `depthwise_kernel`
 */
export function matchWeights<E extends ExpectedWeight, O extends OfferedWeight>(
  expected: readonly E[],
  offered: readonly O[],
): WeightReport<E, O> {
  const report: WeightReport<E, O> = { matched: [], misshapen: [], missing: [], leftOver: [] };
  const pairs = pairLayers(
    groupByLayer(expected, ({ name }) => splitName(name)),
    groupByLayer(offered, (weight) => weight),
  );
  const taken = new Set<O>();
  for (const weight of expected) {
    const { layer, weight: variable } = splitName(weight.name);
    const found = findWeight(pairs.get(layer), variable);
    if (found === undefined) {
      report.missing.push(weight);
      continue;
    }
    taken.add(found);
    const list = isSameShape(weight.shape, found.shape) ? report.matched : report.misshapen;
    list.push({ expected: weight, found });
  }
  report.leftOver = offered.filter((weight) => !taken.has(weight));
  return report;
}

function counted(count: number, what: string, first: string | undefined): string {
  return first === undefined ? `${count} ${what}` : `${count} ${what} (first ${first})`;
}

/** One line: `260 tensors matched, 2 left over: predictions/kernel, predictions/bias`. */
export function formatWeightReport(report: WeightReport, namesShown = 4): string {
  const parts = [`${report.matched.length} tensors matched`];
  if (report.misshapen.length > 0) parts.push(`${report.misshapen.length} of another shape`);
  if (report.missing.length > 0) parts.push(`${report.missing.length} missing`);
  parts.push(`${report.leftOver.length} left over`);
  const names = [...report.missing, ...report.leftOver].map(({ name }) => name);
  if (names.length === 0) return parts.join(", ");
  const shown = names.slice(0, namesShown).join(", ");
  return `${parts.join(", ")}: ${shown}${names.length > namesShown ? ", …" : ""}`;
}

/**
 * Checks that every expected weight has a tensor of its shape; left-over tensors are fine.
 * @param path the file's
 * @throws WeftError, one line with the counts and the first weight that is missing or misshapen
 */
export function requireFit(report: WeightReport, path: string, network: string): void {
  const { matched, misshapen, missing, leftOver } = report;
  if (misshapen.length === 0 && missing.length === 0) return;
  const counts = [
    `${matched.length} tensors matched`,
    counted(missing.length, "missing", missing[0]?.name),
    counted(leftOver.length, "left over", leftOver[0]?.name),
  ];
  const wrong = misshapen[0];
  if (wrong) {
    const { layer, weight } = splitName(wrong.expected.name);
    const shapes = `expects [${wrong.expected.shape}] but the file has [${wrong.found.shape}]`;
    counts.push(`${misshapen.length} of another shape, first layer ${layer}: weight ${weight} ${shapes}`);
  }
  throw new WeftError(`${path}: these weights do not fit ${network}: ${counts.join(", ")}`);
}

/**
 * Checks that a tensor holds numbers only.
 * @throws WeftError naming file and tensor where an element is NaN or infinite
 */
export function requireFinite(values: Float32Array, name: string, path: string): void {
  const index = values.findIndex((value) => !Number.isFinite(value));
  if (index < 0) return;
  throw new WeftError(
    `${path}: tensor ${name} has ${values[index]} at element ${index}; expected finite numbers`,
  );
}
