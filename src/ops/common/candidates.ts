// Candidates of a choice that is a number: how often a sum is split, how many rows a thread handles.

const FACTORS = [1, 1 / 2, 2, 1 / 4, 4, 1 / 8, 8] as const;

/** The guess, and its neighbours by factors of two from `least` to `most`, nearest first. */
export function neighbours(guess: number, least: number, most: number): number[] {
  const around = FACTORS.map((factor) => Math.round(guess * factor));
  return [...new Set([guess, ...around.filter((value) => value >= least && value <= most)])];
}

/** Numbers of equal parts (the last may be shorter) that rows can be cut into, around a guess, the guess first. */
export function cuts(guess: number, rows: number, most = rows): number[] {
  const partsOf = (wanted: number) => Math.ceil(rows / Math.ceil(rows / wanted));
  return [...new Set(neighbours(guess, 1, most).map(partsOf))];
}
