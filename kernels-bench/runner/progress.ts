// The progress of a long run of the bench.

import { escapeLines, say } from "../../src/cli/terminal.ts";

/**
 * Shows the current activity on a line of stderr that the next one replaces; an empty text clears it.
 * @param isTold whether it deserves a line of its own if there is no terminal
 */
export function showStage(text: string, isTold = false): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${escapeLines(text, process.stderr)}`);
  else if (isTold) say(`  ${text}`);
}
