// `weft export`: a trained run as a model or as weights for other programs.

import { dirname } from "node:path";
import { Command, Option } from "commander";
import { WeftError } from "../base/errors.ts";
import { type FileContent, joinPath } from "../base/platform.ts";
import type { PreprocessMode } from "../ops/image/preprocess.ts";
import { nodeFiles } from "../platform/node/files.ts";
import { networkName } from "../training/network.ts";
import { describeNetwork } from "../training/network_layers.ts";
import { readRun, type SavedRun } from "../training/run_folder.ts";
import { EXPORT_FORMATS, type ExportFormat } from "./export_formats.ts";
import { pathText } from "./flag_readers.ts";
import { modelOption, requireOption } from "./options.ts";
import { say, sayField } from "./terminal.ts";

/** What a network takes that does its preprocessing outside. */
const PREPROCESSED: Readonly<Record<PreprocessMode, string>> = {
  tf: "RGB / 127.5 - 1",
  caffe: "BGR from 0 to 255 minus 103.939, 116.779, 123.68",
  torch: "RGB / 255, minus 0.485, 0.456, 0.406, over 0.229, 0.224, 0.225",
  none: "RGB from 0 to 255",
};

interface ExportOptions {
  readonly model?: string;
  readonly format?: string;
  readonly out?: string;
  readonly preprocessing: boolean;
}

/** The `export` subcommand. */
export function exportCommand(): Command {
  const names = [...EXPORT_FORMATS.keys()];
  return new Command("export")
    .description("write a trained run as a model for Keras or ONNX, or as weights")
    .addOption(modelOption())
    .addOption(
      new Option(
        "--format <name>",
        `${names.join(", ")} (default: by the ending of --out, else ${names[0]})`,
      ),
    )
    .addOption(
      new Option(
        "--out <file>",
        "where it goes (default: model.h5 and the like in the run's folder)",
      ).argParser(pathText("--out")),
    )
    .option("--no-preprocessing", "leave the preprocessing outside: the model does not take 0..255")
    .action(exportRun);
}

async function exportRun(options: ExportOptions): Promise<void> {
  const folder = requireOption(options.model, "--model", "the output folder of a training");
  const format = formatOf(options);
  if (!format.isModel && !options.preprocessing) {
    throw new WeftError(`--no-preprocessing: a ${format.ending} file holds weights only; leave it out`);
  }
  if (options.out !== undefined) await requireFolderOf(options.out);
  const run = await readRun(nodeFiles, folder);
  const path = options.out ?? joinPath(folder, `model${format.ending}`);
  const network = describeNetwork({ ...run.network, dropout: run.training.dropout });
  const { content, outputs } = await format.write({
    run,
    network,
    includePreprocessing: options.preprocessing,
  });
  await nodeFiles.writeFile(path, content);
  sayField("model", `${folder}: ${networkName(run.network)}, ${network.records.length} layers`);
  if (format.isModel) sayInterface(run, options.preprocessing, outputs);
  sayField("open with", format.opening(path, network));
  say(`${megabytes(content)} written to ${path}`);
}

/** @throws WeftError where there is no such format, or `--format` and `--out` name different ones. */
function formatOf({ format: name, out }: ExportOptions): ExportFormat {
  const known = [...EXPORT_FORMATS.keys()].join(", ");
  const named = name === undefined ? undefined : EXPORT_FORMATS.get(name.toLowerCase());
  if (name !== undefined && !named) throw new WeftError(`--format expects ${known}, received "${name}"`);
  const formats = [...EXPORT_FORMATS.values()];
  const ofEnding = formats.find(({ ending }) => out?.endsWith(ending)); // in lower case: Keras opens no `.H5`
  if (out !== undefined && !ofEnding) {
    const wanted = named?.ending ?? formats.map(({ ending }) => ending).join(", ");
    throw new WeftError(`--out expects a file name that ends in ${wanted}, received "${out}"`);
  }
  if (out?.endsWith(".weights.h5")) {
    throw new WeftError(
      `--out ${out}: to Keras .weights.h5 are weights without a model; leave ".weights" out`,
    );
  }
  if (named && ofEnding && named !== ofEnding) {
    throw new WeftError(`--format ${name} writes files that end in ${named.ending}, received --out "${out}"`);
  }
  const format = named ?? ofEnding ?? formats[0];
  if (!format) throw new Error("there are no formats");
  return format;
}

async function requireFolderOf(path: string): Promise<void> {
  const folder = dirname(path);
  if (await nodeFiles.exists(folder)) return;
  throw new WeftError(`${path}: there is no folder ${folder}; make it first`);
}

/** Says what the model takes and gives. */
function sayInterface(run: SavedRun, includePreprocessing: boolean, outputs: readonly string[] = []): void {
  const { backbone, size, heads } = run.network;
  const pixels = PREPROCESSED[includePreprocessing ? "none" : backbone.preprocessing];
  sayField("takes", `images [N,${size},${size},3], ${pixels}`);
  const described = heads.map(({ name, classes }, i) => `${outputs[i] ?? name} [N,${classes}]`);
  sayField("gives", described.join(", "));
  for (const [i, { name }] of heads.entries()) {
    const output = outputs[i];
    if (output !== undefined && output !== name) {
      say(`the head ${name} is called ${output} there: Keras cannot have it under its own name`);
    }
  }
}

function megabytes(content: FileContent): string {
  const pieces = typeof content === "string" || content instanceof Uint8Array ? [content] : content;
  const bytes = pieces.reduce((sum, piece) => {
    return sum + (typeof piece === "string" ? Buffer.byteLength(piece) : piece.byteLength);
  }, 0);
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
