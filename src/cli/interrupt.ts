// Ctrl-C, SIGTERM (Slurm, Docker, a service that is stopped) and SIGHUP (a closed terminal): they end the process
// with the exit code of their kind or, while a command asks for it, the first stops the work in hand and the second
// ends the process.

const EXIT_CODES = { SIGINT: 130, SIGTERM: 143, SIGHUP: 129 } as const; // 128 + the signal's number
type EndingSignal = keyof typeof EXIT_CODES;

/**
 * npm and npx pass on a Ctrl-C that the terminal has sent to their child already, and a closing terminal sends
 * SIGHUP through the shell as well: a second signal within this time is the first.
 */
const ECHO_MS = 500;

let onInterrupt: (() => void) | undefined;
let lastSignal: EndingSignal = "SIGINT";
let stoppedAt = Number.NEGATIVE_INFINITY;

/** Progress bars switch a terminal's line wrapping off; this switches it on again. */
const WRAP_LINES = "\u001b[?7h";

/** The exit code of a process that the latest signal ended. */
export function interruptedExitCode(): number {
  return EXIT_CODES[lastSignal];
}

/** Whether the latest signal came from who ends processes, not from a person who may mean the work in hand alone. */
export function isEndAsked(): boolean {
  return lastSignal !== "SIGINT";
}

/** Whether work is under way that a signal would stop, not end. */
export function isStoppable(): boolean {
  return depth > 0;
}

/** Installs the handlers; once a process. */
export function handleInterrupts(): void {
  for (const signal of Object.keys(EXIT_CODES) as EndingSignal[]) {
    process.on(signal, () => receive(signal));
  }
}

function receive(signal: EndingSignal): void {
  const stop = onInterrupt;
  onInterrupt = undefined;
  if (stop) {
    lastSignal = signal;
    stoppedAt = performance.now();
    stop();
    return;
  }
  const isPassedOn = process.env.npm_lifecycle_event !== undefined || signal === "SIGHUP";
  if (isPassedOn && signal === lastSignal && performance.now() - stoppedAt < ECHO_MS) return;
  lastSignal = signal;
  if (process.stderr.isTTY) process.stderr.write(`${WRAP_LINES}\n`);
  process.exit(interruptedExitCode());
}

let depth = 0;

/**
 * Runs work that the first signal stops.
 * @param say what to tell the person who sent it
 */
export async function stoppable<T>(say: () => void, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController();
  const outer = onInterrupt;
  depth++;
  onInterrupt = () => {
    say();
    controller.abort();
  };
  try {
    return await work(controller.signal);
  } finally {
    onInterrupt = outer;
    depth--;
  }
}
