// Ctrl-C: ends the process with exit code 130, or, while a command asks for it, stops the work in hand at
// the first press and ends at the second.

/** The exit code of a process that Ctrl-C ended: 128 + SIGINT. */
export const INTERRUPTED_EXIT_CODE = 130;

let onInterrupt: (() => void) | undefined;

/** Installs the handler; once a process. */
export function handleInterrupts(): void {
  process.on("SIGINT", () => {
    const stop = onInterrupt;
    onInterrupt = undefined;
    if (stop) stop();
    else process.exit(INTERRUPTED_EXIT_CODE);
  });
}

/**
 * Runs work that the first Ctrl-C stops by a signal.
 * @param say what to tell the person who pressed it
 */
export async function stoppable<T>(say: () => void, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  onInterrupt = () => {
    say();
    controller.abort();
  };
  try {
    return await work(controller.signal);
  } finally {
    onInterrupt = undefined;
  }
}
