// Where a long run of the bench stands.

import { escapeLines, say } from "../../src/cli/terminal.ts";

/**
 * Shows what is being done on a line of stderr that the next replaces; an empty text clears it.
 * @param isTold whether it is worth a line of its own where there is no terminal
 */
export function showStage(text: string, isTold = false): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${escapeLines(text, process.stderr)}`);
  else if (isTold) say(`  ${text}`);
}
