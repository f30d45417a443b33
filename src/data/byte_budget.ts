// A bound on the bytes that tasks such as decoding hold at once.

interface Waiting {
  readonly bytes: number;
  start(): void;
}

/** Runs tasks in the order in which they come, as long as the bytes that they state fit the budget together. */
export class ByteBudget {
  private held = 0;
  private readonly waiting: Waiting[] = [];

  constructor(private readonly budgetBytes: number) {}

  /** Bytes of the tasks that run now. */
  get heldBytes(): number {
    return this.held;
  }

  /** Runs the task when its bytes are free; one that alone exceeds the budget runs by itself. */
  async run<T>(bytes: number, task: () => Promise<T>): Promise<T> {
    const taken = Math.min(bytes, this.budgetBytes);
    if (this.waiting.length > 0 || !this.fits(taken)) {
      await new Promise<void>((start) => this.waiting.push({ bytes: taken, start })); // the bytes are handed over
    } else {
      this.held += taken;
    }
    try {
      return await task();
    } finally {
      this.held -= taken;
      this.startWaiting();
    }
  }

  private fits(bytes: number): boolean {
    return this.held + bytes <= this.budgetBytes;
  }

  private startWaiting(): void {
    for (let next = this.waiting[0]; next && this.fits(next.bytes); next = this.waiting[0]) {
      this.waiting.shift();
      this.held += next.bytes;
      next.start();
    }
  }
}
