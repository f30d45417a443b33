// Ctrl-C: ends the process with exit code 130, or, while a command asks for it, stops the work in hand at
// the first press and ends at the second.

/** The exit code of a process that Ctrl-C ended: 128 + SIGINT. */
export const INTERRUPTED_EXIT_CODE = 130;

let onInterrupt: (() => void) | undefined;

/** Progress bars switch a terminal's line wrapping off; this switches it on again. */
const WRAP_LINES = "\u001b[?7h";

/** Installs the handler; once a process. */
export function handleInterrupts(): void {
  process.on("SIGINT", () => {
    const stop = onInterrupt;
    onInterrupt = undefined;
    if (stop) {
      stop();
      return;
    }
    if (process.stderr.isTTY) process.stderr.write(`${WRAP_LINES}\n`);
    process.exit(INTERRUPTED_EXIT_CODE);
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
