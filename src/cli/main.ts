// The program `weft` and its subcommands.

import { Command } from "commander";
import { VERSION } from "../base/version.ts";
import { augmentCommand } from "./augment.ts";
import { backbonesCommand } from "./backbones.ts";
import { classifyCommand } from "./classify.ts";
import { demoCommand } from "./demo.ts";
import { doctorCommand } from "./doctor.ts";
import { evaluateCommand } from "./evaluate.ts";
import { exportCommand } from "./export.ts";
import { movedCommands } from "./moved_commands.ts";
import { planCommand } from "./plan.ts";
import { plotCommand } from "./plot.ts";
import { predictCommand } from "./predict.ts";
import { runProgram } from "./program.ts";
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
  npx weft predict --model RUN --images DIR       probabilities for all pictures in a folder
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
  ];
  for (const command of [weft, ...commands]) command.allowExcessArguments(false);
  for (const command of commands) weft.addCommand(command);
  for (const command of movedCommands()) weft.addCommand(command, { hidden: true });
  return weft;
}

await runProgram(program);
