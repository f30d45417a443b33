// Which tensor of a file belongs to which weight of a network, and the messages if they do not fit. The pairing of
// layers is in layer_pairing.ts.

import { WeftError } from "../base/errors.ts";
import type { LayerPosition } from "./hdf5.ts";
import { findWeight, groupByLayer, isSameShape, type PairingOptions, pairLayers } from "./layer_pairing.ts";

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
  /** For layers whose name the file does not tell. */
  position?: LayerPosition;
}

/** An expected weight and the file's tensor for it. */
export interface MatchedWeight<E extends ExpectedWeight, O extends OfferedWeight> {
  expected: E;
  found: O;
}

/** The outcome. Every expected weight is in one of the first three lists, every tensor in one except `missing`. */
export interface WeightReport<
  E extends ExpectedWeight = ExpectedWeight,
  O extends OfferedWeight = OfferedWeight,
> {
  matched: MatchedWeight<E, O>[];
  /** Found by name or order, but with another shape. */
  misshapen: MatchedWeight<E, O>[];
  missing: E[];
  leftOver: O[];
}

function splitName(name: string): { layer: string; weight: string } {
  const slash = name.lastIndexOf("/");
  return { layer: name.slice(0, Math.max(0, slash)), weight: name.slice(slash + 1) };
}

/**
 * Matches a network's weights with a file's tensors.
 * @param expected in creation order of the layers, each layer's weights in Keras' order; a DepthwiseConv2D's
 *   weight is `depthwise_kernel`
 */
export function matchWeights<E extends ExpectedWeight, O extends OfferedWeight>(
  expected: readonly E[],
  offered: readonly O[],
  options: PairingOptions = {},
): WeightReport<E, O> {
  const report: WeightReport<E, O> = { matched: [], misshapen: [], missing: [], leftOver: [] };
  const layers = groupByLayer(expected, ({ name }) => splitName(name));
  const pairs = pairLayers(
    layers,
    groupByLayer(offered, (weight) => weight),
    options,
  );
  const taken = new Set<O>();
  for (const weight of expected) {
    const { layer, weight: variable } = splitName(weight.name);
    const found = findWeight(layers.get(layer), pairs.get(layer), variable);
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

/**
 * A report in one line: `260 tensors matched, 2 left over: predictions/kernel, predictions/bias`.
 * @param namesShown how many names are written out
 */
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

/** `features.0.weight`, `layer1.0.bn1.running_mean`. */
const PYTORCH_NAME = /^[\w.]+\.(weight|running_mean|running_var|num_batches_tracked)$/;
const PYTORCH_HINT = "; these are names of PyTorch, whose weights also lie in another order than Keras'";

/**
 * Checks that every expected weight has a tensor of its shape; left-over tensors are accepted.
 * @param path the file's
 * @throws WeftError, one line with the counts and the first weight that is missing or has a wrong shape
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
  const hint =
    matched.length === 0 && leftOver.some(({ name }) => PYTORCH_NAME.test(name)) ? PYTORCH_HINT : "";
  throw new WeftError(`${path}: these weights do not fit ${network}: ${counts.join(", ")}${hint}`);
}

/** Variables whose square root is taken. */
const VARIANCES: ReadonlySet<string> = new Set(["moving_variance", "variance"]);

type NamedWeight = Pick<OfferedWeight, "name" | "weight">;

/** The fault of a tensor that is a variance and has a negative element; undefined for all others. */
export function faultOfVariance(values: Float32Array, { name, weight }: NamedWeight): string | undefined {
  const index = VARIANCES.has(weight) ? values.findIndex((value) => value < 0) : -1;
  if (index < 0) return undefined;
  return `tensor ${name} has ${values[index]} at element ${index}; expected a variance of 0 or more`;
}

/**
 * Checks that a tensor holds finite numbers only.
 * @throws WeftError naming the file and the tensor if an element is NaN or infinite
 */
export function requireFinite(values: Float32Array, name: string, path: string): void {
  const index = values.findIndex((value) => !Number.isFinite(value));
  if (index < 0) return;
  throw new WeftError(
    `${path}: tensor ${name} has ${values[index]} at element ${index}; expected finite numbers`,
  );
}

/**
 * Checks that a tensor's values are usable.
 * @throws WeftError naming file, tensor, element and value if one is NaN or infinite, or a variance is negative
 */
export function requireUsable(values: Float32Array, weight: NamedWeight, path: string): void {
  requireFinite(values, weight.name, path);
  const fault = faultOfVariance(values, weight);
  if (fault !== undefined) throw new WeftError(`${path}: ${fault}`);
}
