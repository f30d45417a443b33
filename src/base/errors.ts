// The one error class whose message is meant for the user.

/**
 * A fault that the user can act on: bad input, a missing file, a GPU that is too small. The message says what was
 * expected, what was given, and what to do. The command line prints it on one line and exits with code 1. Anything else
 * that is thrown is a bug in weft.
 */
export class WeftError extends Error {
  override readonly name = "WeftError";
}

/** The message of anything thrown, whatever it is. */
export function messageOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
