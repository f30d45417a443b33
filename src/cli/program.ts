// How a program of commands runs: its faults and interrupts end it with one line. weft's, and those of its tools.

import type { Command } from "commander";
import { removeCacheLeftovers } from "../platform/node/cache_folder.ts";
import { reportFault } from "./faults.ts";
import { handleInterrupts } from "./interrupt.ts";
import { handleOutputFaults } from "./output_streams.ts";

/** Runs what the process' arguments ask for, the help where there are none and commands to choose from. */
export async function runProgram(create: () => Command): Promise<void> {
  handleOutputFaults();
  handleInterrupts();
  try {
    await removeCacheLeftovers();
    const program = create();
    for (const command of [program, ...program.commands]) {
      command.exitOverride();
      command.configureOutput({ writeErr: () => {} }); // reportFault prints the one line
    }
    if (process.argv.length > 2 || program.commands.length === 0) await program.parseAsync();
    else program.outputHelp();
  } catch (thrown) {
    process.exitCode = reportFault(thrown);
  }
}
