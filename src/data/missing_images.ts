// Whether all images of a data set exist: asked before a training starts, not hours into it; and where they do
// not, what is likely the cause.

import { WeftError } from "../base/errors.ts";
import { type FileFacts, type FileSystem, joinPath } from "../base/platform.ts";
import type { Remedy } from "../base/remedies.ts";
import type { LabelledImage } from "../formats/label_csv.ts";
import { concurrentMap } from "./concurrent_map.ts";
import type { AttributeDataset } from "./dataset.ts";

const CHECKS_AT_ONCE = 64;
/** From this share on, what is missing has one cause, and leaving it out is no cure. */
const MANY = 0.1;
const SHOWN = 3;

/** What the file system says of images, by their indices; those that have no file are left out. */
export type ImageFacts = ReadonlyMap<number, FileFacts>;

type Place = Pick<AttributeDataset, "folder" | "labelFile" | "images">;

/** What is there of a data set. */
export interface FoundImages {
  readonly facts: ImageFacts;
  /** Sentences on what is missing, where that goes on. */
  readonly notes: readonly string[];
}

/** Whether missing images end the command. */
export interface MissingOptions {
  /** Goes on without them, unless none is there. */
  readonly skipBad?: boolean | undefined;
}

/**
 * Looks for the given images' files; what is in them is not read.
 * @throws WeftError `Annotations/label.csv:3: Images/a.jpg: no such file` for the first that is missing
 */
export async function findImages(
  files: FileSystem,
  dataset: Place,
  indices: readonly number[],
  options: MissingOptions = {},
): Promise<FoundImages> {
  const facts = new Map<number, FileFacts>();
  await concurrentMap(indices, CHECKS_AT_ONCE, async (index) => {
    const found = await files.facts(joinPath(dataset.folder, dataset.images[index]?.path ?? ""));
    if (found) facts.set(index, found);
  });
  const missing = indices.filter((index) => !facts.has(index));
  return { facts, notes: await missingNotes(files, dataset, { missing, all: indices.length }, options) };
}

/**
 * What is to be said of missing images and their likely cause, where the command goes on.
 * @param counts.missing indices of the images that have no file
 * @param counts.all how many images were looked for
 * @throws WeftError for the first of them where it does not
 */
export async function missingNotes(
  files: FileSystem,
  { folder, labelFile, images }: Place,
  { missing, all }: { readonly missing: readonly number[]; readonly all: number },
  { skipBad = false }: MissingOptions,
): Promise<string[]> {
  const inFileOrder = [...missing].sort((a, b) => a - b).flatMap((index) => images[index] ?? []);
  const [first] = inFileOrder;
  if (!first) return [];
  const isMany = missing.length > MANY * all;
  const cause = await likelyCause(files, folder, first);
  if (skipBad && missing.length < all) {
    if (!isMany) return []; // whoever leaves them out names and counts them
    const shown = inFileOrder.slice(0, SHOWN).map(({ path, line }) => `${path} (line ${line})`);
    return [
      `${labelFile}: ${missing.length} of ${all} images are missing in ${folder}, more than a tenth, and left ` +
        `out; the first: ${shown.join(", ")}${cause}`,
    ];
  }
  const count = missing.length === 1 || all === 1 ? "" : `; ${missing.length} of ${all} images are missing`;
  const remedy: Remedy | undefined =
    skipBad || isMany ? undefined : [{ kind: "set", option: "skipBad", purpose: "to leave it out" }];
  throw new WeftError(
    `${labelFile}:${first.line}: ${first.path}: no such file; expected it in ${folder}${count}${cause}`,
    { remedy },
  );
}

/** What the names in the folder suggest of a missing image, as the end of a sentence; empty if nothing does. */
async function likelyCause(
  files: FileSystem,
  folder: string,
  { path }: Pick<LabelledImage, "path">,
): Promise<string> {
  if (/^[a-z][a-z0-9+.-]+:\/[^/]/i.test(path)) return "; it seems to be a web address, expected a file";
  if (path.includes("\ufffd"))
    return "; its name has lost a letter (�): was the file saved in another encoding?";
  const misread = await misreadName(files, folder, path);
  if (misread !== undefined) return misread;
  const parts = path.split("/");
  const exists = (name: string) => files.exists(joinPath(folder, name));
  const below = `Images/${path}`;
  if (await exists(below)) return `; ${below} is there: paths are relative to the data folder`;
  for (let start = 1; start < parts.length; start++) {
    const end = parts.slice(start).join("/");
    if (await exists(end)) return `; ${end} is there: paths are relative to the data folder`;
  }
  const parent = parts.slice(0, -1).join("/");
  const above = parent === "" ? folder : joinPath(folder, parent);
  if (!(await files.exists(above))) {
    const slashes = path.includes("\\") ? "back-slashes are no separators here; else " : "";
    return `; ${slashes}there is no folder ${above}: is it unpacked, mounted, or called otherwise?`;
  }
  const other = await similarName(files, above, parts.at(-1) ?? "");
  if (other !== undefined) return `; ${parent === "" ? other : `${parent}/${other}`} is there`;
  return path.includes("\\") ? "; back-slashes are no separators here, expected slashes" : "";
}

/**
 * Bytes of another encoding may be UTF-8 by chance, as those of 图片 in GBK are, and UTF-8 that was read as Latin-1
 * and saved again is valid too. The file's true name then is there.
 */
async function misreadName(files: FileSystem, folder: string, path: string): Promise<string | undefined> {
  if (/^[ -~]*$/.test(path)) return undefined;
  const chinese = new TextDecoder("gb18030").decode(new TextEncoder().encode(path));
  if (await files.exists(joinPath(folder, chinese))) {
    return `; the label file seems to be in GBK, where the name is ${chinese}, which is there: save it as UTF-8`;
  }
  const codes = [...path].map((letter) => letter.codePointAt(0) ?? 0);
  const twice = codes.every((code) => code < 256) ? new TextDecoder().decode(Uint8Array.from(codes)) : path;
  if (twice === path || !(await files.exists(joinPath(folder, twice)))) return undefined;
  return `; its name seems to be UTF-8 that was read as Latin-1 and saved again: ${twice} is there`;
}

/** A name in the folder that differs in capitals, Unicode form or its extension only. */
async function similarName(files: FileSystem, folder: string, name: string): Promise<string | undefined> {
  const plain = (text: string) => text.normalize("NFC").toLowerCase();
  const stem = (text: string) => plain(text).replace(/\.[^.]*$/, "");
  let names: readonly string[];
  try {
    names = await files.list(folder);
  } catch (thrown) {
    if (thrown instanceof WeftError) return undefined; // the folder may not be listed
    throw thrown;
  }
  return (
    names.find((other) => plain(other) === plain(name)) ?? names.find((other) => stem(other) === stem(name))
  );
}
