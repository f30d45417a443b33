// Progress on stderr: a bar on a terminal; elsewhere a plain line every ten seconds and one at the end.

import { SingleBar } from "cli-progress";
import { clock, duration, grouped, hasColours, rate, say, styleOf } from "./terminal.ts";

const PLAIN_INTERVAL_SECONDS = 10;
const BAR_WIDTH = 28;
const BAR_UPDATES_PER_SECOND = 8;

export interface ProgressOptions {
  /** What stands before the bar: `epoch 3/12`. */
  readonly label: string;
  readonly total: number;
  /** What is counted: `images`. */
  readonly unit: string;
  /** Units a second are worth telling; false where units differ too much in size. */
  readonly showsRate?: boolean;
  /** A plain line at the end; false for stages whose end something else tells. */
  readonly showsEnd?: boolean;
  /** When the work began, on the clock of `now`; by default now. */
  readonly startedAt?: number;
}

/** Seconds on a clock that only goes forward. */
export const now = (): number => performance.now() / 1000;

/** Runs work that a progress accompanies, and ends that either way. */
export async function withProgress<T>(
  options: ProgressOptions,
  work: (progress: Progress) => Promise<T>,
): Promise<T> {
  const progress = new Progress(options);
  try {
    const result = await work(progress);
    progress.finish();
    return result;
  } catch (thrown) {
    progress.abandon();
    throw thrown;
  }
}

/** One stage of work that counts to a total. */
export class Progress {
  private readonly started: number;
  private readonly bar: SingleBar | undefined;
  private lastLine = now();
  private done = 0;
  private doneAt = now();
  private detail = "";
  private isFinished = false;

  constructor(private readonly options: ProgressOptions) {
    this.started = options.startedAt ?? now();
    if (!process.stderr.isTTY) return;
    this.bar = new SingleBar({
      stream: process.stderr,
      clearOnComplete: true,
      gracefulExit: false,
      linewrap: null,
      fps: BAR_UPDATES_PER_SECOND,
      format: (_, { progress }) => this.barLine(Number.isFinite(progress) ? progress : 0),
    });
    this.bar.start(options.total, 0);
  }

  /** Units a second so far. */
  get rate(): number {
    return this.done / Math.max(1e-6, this.doneAt - this.started);
  }

  /** @param detail what is worth knowing of the latest unit: `loss 0.842`. */
  update(done: number, detail = ""): void {
    this.done = done;
    this.doneAt = now();
    this.detail = detail;
    if (this.bar) {
      this.bar.update(done);
      return;
    }
    if (now() - this.lastLine < PLAIN_INTERVAL_SECONDS || done >= this.options.total) return;
    this.lastLine = now();
    const { label, total, unit } = this.options;
    const left = clock(this.secondsLeft());
    say(this.plain([`${label}: ${grouped(done)}/${grouped(total)} ${unit}`, detail, `${left} left`]));
  }

  /** Clears the bar and says nothing: the work has failed. */
  abandon(): void {
    this.isFinished = true;
    this.bar?.stop();
  }

  /** Clears the bar. Without one, says what was done and how long it took. */
  finish(): void {
    if (this.isFinished) return;
    this.isFinished = true;
    this.bar?.stop();
    if (this.bar || this.options.showsEnd === false) return;
    const { label, unit } = this.options;
    const took = `in ${duration(now() - this.started)}`;
    say(this.plain([`${label}: ${grouped(this.done)} ${unit} ${took}`, this.detail]));
  }

  private plain([first = "", ...rest]: string[]): string {
    const parts = [first, this.rateText(), ...rest];
    return parts.filter((part) => part !== "").join(", ");
  }

  private rateText(): string {
    const { unit, showsRate = true } = this.options;
    return showsRate ? `${rate(this.rate)} ${unit}/s` : "";
  }

  private secondsLeft(): number {
    return (this.options.total - this.done) / Math.max(1e-6, this.rate);
  }

  private barLine(progress: number): string {
    const { label, total, unit } = this.options;
    const { bold, dim } = styleOf(process.stderr);
    const width = String(total).length;
    const parts = [
      `${String(this.done).padStart(width)}/${total} ${unit}`,
      this.done > 0 ? this.rateText() : "",
      this.detail,
      this.done > 0 ? `${clock(this.secondsLeft())} left` : "",
    ];
    return `  ${bold(label)} ${drawBar(progress)} ${parts.filter((part) => part !== "").join(dim("  "))}`;
  }
}

function drawBar(progress: number): string {
  const { cyan, dim } = styleOf(process.stderr);
  const full = Math.min(BAR_WIDTH, Math.round(progress * BAR_WIDTH));
  const rest = hasColours(process.stderr) ? "━" : "─";
  return cyan("━".repeat(full)) + dim(rest.repeat(BAR_WIDTH - full));
}
