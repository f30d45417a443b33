// Compares a tensor with its reference by GOLDENS.md's rule and says how it differs: how many elements,
// the largest difference, where, and what was allowed.

export interface Tensor {
  readonly shape: readonly number[];
  readonly data: ArrayLike<number>;
}

export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

/** GOLDENS.md's default. */
const DEFAULT_TOLERANCE: Tolerance = { rtol: 2e-5, atol: 1e-6 };

export interface Comparison {
  readonly matches: boolean;
  /** The largest difference over the allowed one; Infinity where a NaN or another shape came. */
  readonly ratio: number;
  /** One line for a person, whether it matches or not. */
  readonly report: string;
}

/**
 * Every element must satisfy |got - want| <= atol + rtol * max|want|, the largest of the whole tensor.
 * NaN never matches; a reference that is not finite never matches either.
 */
export function compare(got: Tensor, want: Tensor, tolerance: Tolerance = DEFAULT_TOLERANCE): Comparison {
  if (got.shape.join() !== want.shape.join() || got.data.length !== want.data.length) {
    const of = ({ shape, data }: Tensor) => `[${shape.join(",")}] (${data.length} elements)`;
    const report = `the shape is ${of(got)}, expected ${of(want)}`;
    return { matches: false, ratio: Number.POSITIVE_INFINITY, report };
  }
  let largestWant = 0;
  for (let i = 0; i < want.data.length; i++) largestWant = Math.max(largestWant, Math.abs(want.data[i]!));
  const allowed = tolerance.atol + tolerance.rtol * largestWant;

  let differing = 0;
  let notFinite = 0;
  let worst = -1;
  let worstDifference = -1;
  for (let i = 0; i < want.data.length; i++) {
    const difference = Math.abs(got.data[i]! - want.data[i]!);
    if (!Number.isFinite(difference)) notFinite++;
    if (!(difference <= allowed) || !Number.isFinite(difference)) differing++;
    const size = Number.isNaN(difference) ? Number.POSITIVE_INFINITY : difference;
    if (size > worstDifference) [worst, worstDifference] = [i, size];
  }
  const worstPlace =
    worst < 0
      ? "the tensor is empty"
      : `largest difference ${brief(worstDifference)} at [${placeOf(worst, want.shape).join(",")}]: ` +
        `got ${got.data[worst]}, want ${want.data[worst]}`;
  const { atol, rtol } = tolerance;
  const rule = `allowed ${brief(allowed)} (atol ${atol} + rtol ${rtol} * max|want| ${brief(largestWant)})`;
  const infinities = notFinite > 0 ? ` (${notFinite} NaN or infinite)` : "";
  return {
    matches: differing === 0,
    ratio: worst < 0 ? 0 : ratioOf(worstDifference, allowed),
    report: `${differing} of ${want.data.length} elements differ${infinities}; ${worstPlace}; ${rule}`,
  };
}

/** Throws the report, headed by `what`, unless the tensors match. */
export function expectMatch(what: string, got: Tensor, want: Tensor, tolerance?: Tolerance): void {
  const comparison = compare(got, want, tolerance);
  if (!comparison.matches) throw new Error(`${what}: ${comparison.report}`);
}

/** The index of flat element i along each dimension. */
export function placeOf(i: number, shape: readonly number[]): number[] {
  const place: number[] = [];
  let rest = i;
  for (const size of [...shape].reverse()) {
    place.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return place;
}

function ratioOf(difference: number, allowed: number): number {
  if (difference === 0) return 0;
  return Number.isFinite(difference) && Number.isFinite(allowed)
    ? difference / allowed
    : Number.POSITIVE_INFINITY;
}

function brief(value: number): string {
  return Number(value.toPrecision(3)).toString();
}
