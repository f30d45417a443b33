// Which of two trials is faster: they take turns, so that other load on the machine affects both.

import { quantile } from "../base/statistics.ts";

/** Something that can be timed. */
export interface Timed {
  /** Seconds of one repetition, measured over n repetitions. */
  seconds(repetitions: number): Promise<number>;
}

export interface DuelLimits {
  /** The time limit of the duel. */
  readonly seconds: number;
  /** Seconds on a clock that only goes forward. */
  readonly now: () => number;
  /** Whether to stop early. */
  readonly isOver: () => boolean;
}

export interface DuelResult {
  readonly challengerWins: boolean;
  /** The best time of each, in seconds. */
  readonly holder: number;
  readonly challenger: number;
}

const SAMPLE_SECONDS = 0.008;
const MOST_REPETITIONS = 500;
const ROUNDS = 7;
const FEWEST_ROUNDS = 3;
/** A challenger is given up if its best ratio to the holder's time is above this: after two rounds, after three. */
const HOPELESS = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, 1.1, 0.98] as const;
/** A challenger must take at most this share of the holder's time: a smaller gain is within the noise. */
const CLEARLY_FASTER = 0.95;

/** Lets a challenger compete with the best candidate so far. */
export async function duel(
  holder: Timed,
  challenger: Timed,
  { seconds, now, isOver }: DuelLimits,
): Promise<DuelResult> {
  const end = now() + seconds;
  const first = { holder: await holder.seconds(1), challenger: await challenger.seconds(1) };
  const longest = Math.max(first.holder, first.challenger, 1e-6);
  const repetitions = Math.max(1, Math.min(MOST_REPETITIONS, Math.ceil(SAMPLE_SECONDS / longest)));
  const best = { ...first };
  const ratios: number[] = [];
  while (ratios.length < ROUNDS && !isOver()) {
    if (now() > end && ratios.length >= FEWEST_ROUNDS) break;
    const held = await holder.seconds(repetitions);
    const challenged = await challenger.seconds(repetitions);
    best.holder = Math.min(best.holder, held);
    best.challenger = Math.min(best.challenger, challenged);
    ratios.push(challenged / held);
    if (Math.min(...ratios) > (HOPELESS[ratios.length] ?? CLEARLY_FASTER)) break;
  }
  const isEnough = ratios.length >= FEWEST_ROUNDS;
  const challengerWins =
    isEnough && quantile(ratios, 0.5) < CLEARLY_FASTER && best.challenger < CLEARLY_FASTER * best.holder;
  return { challengerWins, ...best };
}
