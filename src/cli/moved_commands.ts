// Commands that weft had once and that are tools of its source tree now: typed by habit, they say where they are.

import { Command } from "commander";
import { WeftError } from "../base/errors.ts";

const TOOLS = { golden: "npm run golden -- FOLDER", bench: "npm run bench" } as const;

/** To be added hidden. */
export function movedCommands(): Command[] {
  return Object.entries(TOOLS).map(([name, tool]) =>
    new Command(name)
      .helpOption(false)
      .allowUnknownOption()
      .allowExcessArguments()
      .action(() => {
        throw new WeftError(`${name} is no command of weft any more; in weft's source tree run ${tool}`);
      }),
  );
}
