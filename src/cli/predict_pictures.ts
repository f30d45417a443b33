// `weft predict --images`: answers about any pictures, without a data folder.

import { WeftError } from "../base/errors.ts";
import { pictureSet } from "../data/pictures.ts";
import { formatPictureLine, formatPictureRows } from "../formats/picture_answers.ts";
import { createNodeImageDecoder } from "../platform/node/images.ts";
import { listPictureFiles, type PictureFile } from "../platform/node/picture_files.ts";
import { type Append, writeStreamed } from "../platform/node/streamed_file.ts";
import type { SavedRun } from "../training/run_folder.ts";
import { checkImages } from "./checked_images.ts";
import { withEngine } from "./engine.ts";
import { withProgress } from "./progress.ts";
import {
  allImages,
  filesOfRun,
  openPredictor,
  type RunOptions,
  requireWritable,
  sayBadImages,
} from "./run_predictor.ts";
import { counted, say } from "./terminal.ts";

/** Files and folders to answer about, and where answers go: to stdout without a file. */
export interface PicturesOptions extends RunOptions {
  readonly images: readonly string[];
  readonly out: string | undefined;
}

/** Predicts every picture that the files and folders hold, and writes answers as they come. */
export async function predictPictures(run: SavedRun, options: PicturesOptions): Promise<void> {
  const { out, json } = options;
  const decoder = createNodeImageDecoder({ maxPixels: options.maxPixels });
  const files = await listPictureFiles(options.images);
  if (files.length === 0) throw noPictures(options.images);
  const dataset = pictureSet(
    files.map(({ path }) => path),
    run.heads,
  );
  const isPassedOver = (index: number) => files[index]?.isExpected === false;
  const checking = { skipBad: options.skipBad, isPassedOver };
  const images = await checkImages(dataset, allImages(dataset), decoder, checking);
  if (images.length === 0) throw noPictures(options.images, files);
  if (out !== undefined) await requireWritable(out, [...files.map(({ path }) => path), ...filesOfRun(run)]);
  const format = json ? formatPictureLine : formatPictureRows;
  await withEngine(options.adapter, async (engine) => {
    const { predictor, loader } = await openPredictor(engine, run, { dataset, decoder, images }, options);
    const { heads } = run.network;
    const predict = (append: Append) => {
      const counting = { label: "predicting", total: images.length, unit: "images" };
      return withProgress(counting, async (progress) => {
        let answered = 0;
        const take = (index: number, probabilities: readonly Float32Array[]) => {
          append(format({ image: files[index]?.path ?? "", heads, probabilities }));
          answered++;
        };
        await predictor.predictEach(loader, images, take, { onImages: (done) => progress.update(done) });
        if (answered === 0) throw new WeftError("none of the images could be decoded; nothing is written");
        return answered;
      });
    };
    const toStdout: Append = (text) => process.stdout.write(text);
    const answered = await (out === undefined ? predict(toStdout) : writeStreamed(out, predict));
    predictor.destroy();
    sayBadImages(loader);
    if (out !== undefined) say(`answers about ${counted(answered, "image")} written to ${out}`);
  });
}

function noPictures(given: readonly string[], files: readonly PictureFile[] = []): WeftError {
  const [first = "", ...others] = given;
  const places = others.length === 0 ? first : `${first} and ${counted(others.length, "other place")}`;
  const found =
    files.length === 0 ? "" : `; found ${counted(files.length, "other file")}, first ${files[0]?.path}`;
  return new WeftError(
    `${places}: no pictures; expected JPEG, PNG or WebP files, there or in folders below${found}`,
  );
}
