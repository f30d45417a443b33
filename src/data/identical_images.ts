// Images whose files hold the same bytes: copies, hard links and symbolic links. A copy in validation of what was
// trained on is no test, so the split keeps them on one side.

import { WeftError } from "../base/errors.ts";
import { type FileSystem, joinPath } from "../base/platform.ts";
import { concurrentMap } from "./concurrent_map.ts";
import type { AttributeDataset, IdenticalImages } from "./dataset.ts";
import type { ImageFacts } from "./missing_images.ts";

const READS_AT_ONCE = 16;
/** Two photographs of one size end differently; only where they do not are they read whole. */
const SAMPLE_BYTES = 512;
const SHOWN_CONFLICTS = 3;

/** Groups items by a key, in the order in which keys appear; groups of one are left out. */
function groupsOf<Item, Key>(items: readonly Item[], keyOf: (item: Item, index: number) => Key): Item[][] {
  const byKey = new Map<Key, Item[]>();
  for (const [index, item] of items.entries()) {
    const key = keyOf(item, index);
    const group = byKey.get(key);
    if (group) group.push(item);
    else byKey.set(key, [item]);
  }
  return [...byKey.values()].filter(({ length }) => length > 1);
}

/** Splits groups further by a key that takes a read; one read for all names of one file. */
async function refine(
  groups: readonly number[][],
  facts: ImageFacts,
  read: (image: number) => Promise<string>,
): Promise<number[][]> {
  const fileOf = (image: number) => {
    const found = facts.get(image);
    return found === undefined || found.inode === 0n ? `image ${image}` : `${found.device}:${found.inode}`;
  };
  const readers = new Map<string, number>();
  for (const image of groups.flat()) if (!readers.has(fileOf(image))) readers.set(fileOf(image), image);
  const keys = new Map<string, string>();
  await concurrentMap([...readers], READS_AT_ONCE, async ([file, image]) => {
    try {
      keys.set(file, await read(image));
    } catch (thrown) {
      if (!(thrown instanceof WeftError)) throw thrown;
      keys.set(file, `unreadable ${file}`);
    }
  });
  return groups.flatMap((group) => groupsOf(group, (image) => keys.get(fileOf(image))));
}

/**
 * Finds images of the same bytes: of files of one size the last 512 bytes are compared, and of those that still agree
 * the SHA-256. A file that cannot be read is like no other: whoever decodes it says what is wrong with it.
 * @param facts of the images to look at
 */
export async function findIdenticalImages(
  files: FileSystem,
  { folder, images }: Pick<AttributeDataset, "folder" | "images">,
  facts: ImageFacts,
): Promise<IdenticalImages> {
  const pathOf = (image: number) => joinPath(folder, images[image]?.path ?? "");
  const inFileOrder = [...facts.keys()].sort((a, b) => a - b);
  const regular = inFileOrder.filter((image) => facts.get(image)?.isRegularFile);
  const ofOneSize = groupsOf(regular, (image) => facts.get(image)?.bytes);
  const ofOneEnd = await refine(ofOneSize, facts, async (image) => {
    const start = Math.max(0, (facts.get(image)?.bytes ?? 0) - SAMPLE_BYTES);
    return String.fromCharCode(...(await files.readPart(pathOf(image), start, SAMPLE_BYTES)));
  });
  return refine(ofOneEnd, facts, (image) => files.sha256(pathOf(image)));
}

/** A sentence on the groups, and one on each two images that look the same but are labelled differently. */
export function identicalNotes(
  { labelFile, images, heads }: Pick<AttributeDataset, "labelFile" | "images" | "heads">,
  groups: IdenticalImages,
): string[] {
  const [first] = groups;
  if (!first) return [];
  const named = (image: number | undefined) => {
    const found = images[image ?? -1];
    return `${found?.path} (line ${found?.line})`;
  };
  const names = groups.reduce((sum, { length }) => sum + length, 0);
  const what = groups.length === 1 ? "image is there" : "images are there";
  const conflicts = groups.flatMap((group) => conflictsOf(group, { images, heads, named }));
  const rest = conflicts.length - SHOWN_CONFLICTS;
  return [
    `${labelFile}: ${groups.length} ${what} under ${names} names, byte for byte, first ${named(first[0])} and ` +
      `${named(first[1])}; the split keeps the copies on one side`,
    ...conflicts.slice(0, SHOWN_CONFLICTS).map((text) => `${labelFile}:${text}`),
    ...(rest > 0 ? [`${labelFile}: ${rest} more contradictory labels of identical images`] : []),
  ];
}

function conflictsOf(
  group: readonly number[],
  { images, heads, named }: Pick<AttributeDataset, "images" | "heads"> & { named: (image: number) => string },
): string[] {
  const earlier = new Map<number, { letters: string; image: number }>();
  return group.flatMap((image) =>
    (images[image]?.labels ?? []).flatMap(({ head, letters }) => {
      const other = earlier.get(head);
      if (!other) earlier.set(head, { letters, image });
      if (!other || other.letters === letters) return [];
      const { path, line } = images[image] ?? { path: "", line: 0 };
      return [
        `${line}: ${path} has the same bytes as ${named(other.image)} but another label of ` +
          `${heads[head]?.name}: ${letters} here, ${other.letters} there`,
      ];
    }),
  );
}
