// Candidates of a choice that is a number: the number of splits of a sum, the number of rows per thread.

const FACTORS = [1, 1 / 2, 2, 1 / 4, 4, 1 / 8, 8] as const;

/** The guess and its neighbours, which differ by factors of two, from `least` to `most`; the nearest come first. */
export function neighbours(guess: number, least: number, most: number): number[] {
  const around = FACTORS.map((factor) => Math.round(guess * factor));
  return [...new Set([guess, ...around.filter((value) => value >= least && value <= most)])];
}

/**
 * The numbers of equal parts (the last may be shorter) that rows can be split into, near a guess; the guess comes
 * first.
 */
export function cuts(guess: number, rows: number, most = rows): number[] {
  const partsOf = (wanted: number) => Math.ceil(rows / Math.ceil(rows / wanted));
  return [...new Set(neighbours(guess, 1, most).map(partsOf))];
}
