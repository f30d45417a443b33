// The search for the fastest way to compute one node. It goes through the node's choices one after the other and
// compares each candidate with the best so far. A candidate is timed only if its numbers agree with the float64
// definition and with those of the operator's own choice.

import { problemOf } from "../base/errors.ts";
import type { Choices, GpuDevice } from "../gpu/device.ts";
import type { Choice } from "../graph/choices.ts";
import type { HostArray, StepValues } from "../graph/plan.ts";
import { type DuelResult, duel } from "./duel.ts";
import { type ExpectedElement, expectedElements } from "./expected_values.ts";
import { choicesOf, drawInputs, type LoneNode, layOutTrial, NodeTrial } from "./node_trial.ts";
import { differenceBetween, differenceFrom } from "./verification.ts";

/** The resources of a search. */
export interface SearchLimits {
  /** The time limit for one candidate. */
  readonly candidateSeconds: number;
  /** The memory limit for one candidate; two are allocated at a time. */
  readonly maxBytes: number;
  /** Seconds on a clock that only goes forward. */
  readonly now: () => number;
  /** Whether to stop early. */
  readonly isOver: () => boolean;
}

/** What a search reports. */
export interface SearchEvents {
  readonly onCandidate: (candidate: string) => void;
  readonly onFailure: (candidate: string, reason: string) => void;
}

/** The result of a search. */
export interface SearchResult {
  /** The best of all choices, including those that the operator makes by itself. */
  readonly choices: Choices;
  readonly isChanged: boolean;
  /** Seconds with the operator's own choices. */
  readonly seconds: number;
  /** Speed of the best choices relative to the operator's own. */
  readonly gain: number;
}

/** Only the first entries of long lists are tried; operators name the likely ones first. */
const MOST_CANDIDATES = 12;

/** A candidate for the holder's place, and its name. */
interface Candidate {
  readonly candidate: string;
  readonly choices: Choices;
}

/** The best so far. */
interface Holder {
  readonly choices: Choices;
  readonly trial: NodeTrial;
}

export class NodeSearch {
  private readonly inputs: Readonly<Record<string, HostArray>>;
  private readonly expected: readonly ExpectedElement[];
  /** The outputs that are f16. */
  private readonly narrow: ReadonlySet<string>;
  private holder: Holder | undefined;
  private reference: StepValues = {};
  private seconds: number | undefined;
  private gain = 1;

  /** @throws Error for an operator whose numbers cannot be checked. */
  constructor(
    private readonly device: GpuDevice,
    private readonly lone: LoneNode,
    private readonly limits: SearchLimits,
    private readonly events: SearchEvents,
  ) {
    this.inputs = drawInputs(lone.node);
    const expected = expectedElements(lone.node, this.inputs);
    if (!expected) throw new Error(`the numbers of ${lone.node.operator.name} cannot be checked`);
    this.expected = expected;
    const outputs = Object.entries(lone.node.outputs);
    this.narrow = new Set(outputs.filter(([, { dtype }]) => dtype === "f16").map(([role]) => role));
  }

  /**
   * Runs the search. Undefined if it was stopped early.
   * @throws Error if the operator's own choice does not work or its numbers are wrong.
   */
  async run(): Promise<SearchResult | undefined> {
    try {
      const own = { choices: {}, trial: await this.compile({}) };
      this.holder = own;
      this.reference = await own.trial.run();
      requireNone(differenceFrom(this.reference, this.expected));
      const settled = new Set<string>();
      for (;;) {
        const made = this.choicesMade();
        const next = made.find(({ what }) => !settled.has(what));
        if (!next) return await this.resultOf(made);
        settled.add(next.what);
        if (!(await this.settle(next))) return undefined;
      }
    } finally {
      this.holder?.trial.destroy();
    }
  }

  /** The choices of the holder; later choices may depend on earlier ones. */
  private choicesMade(): readonly Choice[] {
    return choicesOf(layOutTrial(this.lone, this.device.facts, this.holder?.choices ?? {}));
  }

  private async resultOf(made: readonly Choice[]): Promise<SearchResult> {
    const choices = Object.fromEntries(made.map(({ what, chosen }) => [what, chosen]));
    const isChanged = made.some(({ names, chosen }) => chosen !== names[0]);
    const seconds = this.seconds ?? (await this.holder?.trial.seconds(1)) ?? 0;
    return { choices, isChanged, seconds, gain: this.gain };
  }

  /**
   * Finds the best candidate of one choice, then tries choices that only the losing candidates offer: a kernel may lose
   * as its operator splits it and win if it is split otherwise. False if it was stopped early.
   */
  private async settle({ what, names, chosen }: Choice): Promise<boolean> {
    const working = [chosen];
    for (const name of names.slice(0, MOST_CANDIDATES)) {
      if (name === chosen) continue;
      if (this.limits.isOver()) return false;
      if (await this.attempt(`${what} ${name}`, { ...this.holder?.choices, [what]: name }))
        working.push(name);
    }
    for (const { candidate, choices } of this.offeredUnder(what, working).slice(0, MOST_CANDIDATES)) {
      if (this.limits.isOver()) return false;
      await this.attempt(candidate, choices);
    }
    return !this.limits.isOver();
  }

  /**
   * The candidates of choices that the holder does not have, under other names of one choice; one changed at a time.
   */
  private offeredUnder(what: string, names: readonly string[]): Candidate[] {
    const had = new Set(this.choicesMade().map((choice) => choice.what));
    return names.flatMap((name) => {
      const under = { ...this.holder?.choices, [what]: name };
      const made = choicesOf(layOutTrial(this.lone, this.device.facts, under));
      return made.flatMap((other): Candidate[] => {
        if (had.has(other.what)) return [];
        const rest = other.names.filter((value) => value !== other.chosen);
        return rest.map((value) => ({
          candidate: `${what} ${name}, ${other.what} ${value}`,
          choices: { ...under, [other.what]: value },
        }));
      });
    });
  }

  /** Lets a candidate challenge the holder. False if it does not work; that is reported. */
  private async attempt(candidate: string, choices: Choices): Promise<boolean> {
    this.events.onCandidate(candidate);
    try {
      await this.challenge(choices);
      return true;
    } catch (thrown) {
      this.device.throwIfLost();
      this.events.onFailure(candidate, problemOf(thrown).split("\n")[0] ?? "");
      return false;
    }
  }

  /** Checks and times a candidate; if it wins it becomes the holder. @throws Error if it fails. */
  private async challenge(choices: Choices): Promise<void> {
    const { holder } = this;
    if (!holder) return;
    const trial = await this.compile(choices);
    let result: DuelResult;
    try {
      const values = await trial.run();
      const { expected, reference, narrow } = this;
      requireNone(differenceFrom(values, expected) ?? differenceBetween(values, reference, narrow));
      result = await duel(holder.trial, trial, {
        seconds: this.limits.candidateSeconds,
        now: this.limits.now,
        isOver: this.limits.isOver,
      });
    } catch (thrown) {
      trial.destroy();
      throw thrown;
    }
    this.seconds ??= result.holder;
    if (!result.challengerWins) {
      trial.destroy();
      return;
    }
    this.gain *= result.holder / result.challenger;
    this.holder = { choices, trial };
    holder.trial.destroy();
  }

  private compile(choices: Choices): Promise<NodeTrial> {
    const layout = layOutTrial(this.lone, this.device.facts, choices);
    return NodeTrial.compile(this.device, layout, this.inputs, this.limits);
  }
}

/** @throws Error saying what differs, if something does. */
function requireNone(difference: string | undefined): void {
  if (difference !== undefined) throw new Error(`wrong numbers: ${difference}`);
}
