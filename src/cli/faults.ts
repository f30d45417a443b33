// How faults end the program: one line on stderr and exit code 1; a stack only for who asks for it.

import { CommanderError } from "commander";
import { messageOf, WeftError } from "../base/errors.ts";
import { FLAG_WORDS } from "./flag_words.ts";
import { interruptedExitCode } from "./interrupt.ts";
import { escapeName, say, styleOf } from "./terminal.ts";

/** `Annotations/label.csv:3: …`: the message names the place itself and is printed as it is. */
const BEGINS_WITH_PLACE = /^[^\s:][^:]*:\d+: /;

/** One line for a fault that a person can act on. */
export function faultLine(message: string): string {
  const oneLine = message.trim().replace(/\s*\n\s*/g, " ");
  const shown = escapeName(oneLine);
  return BEGINS_WITH_PLACE.test(shown) ? shown : `weft: ${shown}`;
}

/** Prints what was thrown and returns the exit code. */
export function reportFault(thrown: unknown): number {
  const isAborted = thrown instanceof DOMException && thrown.name === "AbortError";
  if (isAborted) return interruptedExitCode(); // Ctrl-C; whoever stopped has said so
  if (thrown instanceof CommanderError) {
    if (thrown.exitCode === 0) return 0; // help and version, printed already
    const isHelp = thrown.code === "commander.help"; // of a command that there is not
    const message = isHelp
      ? "unknown command; weft --help lists them"
      : thrown.message.replace(/^error: /, "");
    say(faultLine(message));
    return 1;
  }
  const { red } = styleOf(process.stderr);
  if (thrown instanceof WeftError) {
    say(red(faultLine(thrown.messageIn(FLAG_WORDS))));
    return 1;
  }
  const stack = thrown instanceof Error ? thrown.stack : undefined;
  const hint = process.env.WEFT_DEBUG ? "" : " (a bug in weft; WEFT_DEBUG=1 shows where)";
  say(`${red(faultLine(messageOf(thrown)))}${hint}`);
  if (process.env.WEFT_DEBUG && stack) say(stack);
  return 1;
}
