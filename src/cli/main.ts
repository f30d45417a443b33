// The program `weft`: subcommands, and how faults and interrupts end it.

import { Command } from "commander";
import { VERSION } from "../base/version.ts";
import { removeCacheLeftovers } from "../platform/node/cache_folder.ts";
import { augmentCommand } from "./augment.ts";
import { backbonesCommand } from "./backbones.ts";
import { benchCommand } from "./bench.ts";
import { classifyCommand } from "./classify.ts";
import { demoCommand } from "./demo.ts";
import { doctorCommand } from "./doctor.ts";
import { evaluateCommand } from "./evaluate.ts";
import { exportCommand } from "./export.ts";
import { reportFault } from "./faults.ts";
import { goldenCommand } from "./golden.ts";
import { handleInterrupts } from "./interrupt.ts";
import { handleOutputFaults } from "./output_streams.ts";
import { planCommand } from "./plan.ts";
import { plotCommand } from "./plot.ts";
import { predictCommand } from "./predict.ts";
import { summaryCommand } from "./summary.ts";
import { trainCommand } from "./train.ts";
import { tuneCommand } from "./tune.ts";
import { weightsCommand } from "./weights.ts";

const EXAMPLES = `
Examples:
  npx weft train                                  train on a demo set that weft draws itself
  npx weft train --data DIR --weights imagenet    fine-tune Keras' official weights on your own data
  npx weft train --data DIR --weights FILE.h5     the same from a file
  npx weft evaluate --model RUN --data DIR        accuracies on Tests/answer.csv
  npx weft predict --model RUN --data DIR         answers to Tests/question.csv
  npx weft doctor                                 which GPU would be used, and why
`;

function program(): Command {
  const weft = new Command("weft")
    .description("Trains and runs multi-task image classifiers on any GPU, by WebGPU.")
    .version(VERSION, "-V, --version", "print the version")
    .addHelpText("after", EXAMPLES);
  const commands = [
    trainCommand(),
    evaluateCommand(),
    predictCommand(),
    classifyCommand(),
    demoCommand(),
    augmentCommand(),
    exportCommand(),
    backbonesCommand(),
    summaryCommand(),
    plotCommand(),
    planCommand(),
    tuneCommand(),
    weightsCommand(),
    doctorCommand(),
    goldenCommand(),
    benchCommand(),
  ];
  for (const command of commands) weft.addCommand(command);
  for (const command of [weft, ...commands]) {
    command.exitOverride();
    command.allowExcessArguments(false);
    command.configureOutput({ writeErr: () => {} }); // reportFault prints the one line
  }
  return weft;
}

handleOutputFaults();
handleInterrupts();
try {
  await removeCacheLeftovers();
  const weft = program();
  if (process.argv.length > 2) await weft.parseAsync();
  else weft.outputHelp();
} catch (thrown) {
  process.exitCode = reportFault(thrown);
}
