// How long work in another thread may take. Time on the clock alone would blame it for a busy machine, so
// what counts is the time in which this process had the processor; three times as long is too long anyway.

const LOOK_EVERY_MS = 100;
const CLOCK_FACTOR = 3;

/** Ends work that takes too long. */
export class WorkBudget {
  private timer: NodeJS.Timeout | undefined;
  private usage = process.cpuUsage();
  private time = performance.now();
  private processorSeconds = 0;
  private clockSeconds = 0;

  /** @param end called when more than n seconds of work are used up */
  constructor(
    private readonly seconds: number,
    private readonly end: () => void,
  ) {}

  /** The work begins, or goes on. */
  start(): void {
    if (this.timer) return;
    this.usage = process.cpuUsage();
    this.time = performance.now();
    this.timer = setInterval(() => this.look(), LOOK_EVERY_MS);
  }

  /** The work rests; what it has used stays used. */
  stop(): void {
    if (!this.timer) return;
    clearInterval(this.timer);
    this.timer = undefined;
    this.count();
  }

  private look(): void {
    this.count();
    if (this.processorSeconds <= this.seconds && this.clockSeconds <= CLOCK_FACTOR * this.seconds) return;
    this.stop();
    this.end();
  }

  private count(): void {
    const used = process.cpuUsage(this.usage);
    const passed = (performance.now() - this.time) / 1000;
    this.usage = process.cpuUsage();
    this.time = performance.now();
    this.clockSeconds += passed;
    // Several threads may be at work; the one in question has had no more than the clock's time.
    this.processorSeconds += Math.min(passed, (used.user + used.system) / 1e6);
  }
}
