// What becomes of the program when nobody reads its output any more, or when it cannot be written.

import { messageOf } from "../base/errors.ts";
import { isStoppable } from "./interrupt.ts";

/** A reader that has seen enough (`weft … | head`) and a terminal that was closed: no fault of anybody's. */
const GONE_CODES = new Set(["EPIPE", "EIO", "ENXIO", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"]);

/**
 * Ends the program quietly once its output is closed, and with a fault where it cannot be written (a full disk).
 * A training goes on all the same: what it has learnt is worth more than what it says.
 */
export function handleOutputFaults(): void {
  for (const stream of [process.stdout, process.stderr]) {
    let isTold = false;
    stream.on("error", (fault: NodeJS.ErrnoException) => {
      const isGone = GONE_CODES.has(fault.code ?? "");
      if (!isGone && !isTold && stream === process.stdout) {
        isTold = true;
        process.stderr.write(`weft: the output cannot be written: ${messageOf(fault)}\n`);
        process.exitCode = 1;
      }
      if (isStoppable()) return;
      process.exit(process.exitCode ?? 0);
    });
  }
}
