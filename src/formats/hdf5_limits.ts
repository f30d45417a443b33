// Limits on what weft reads of an HDF5 file, checked before any memory is allocated. Files come from anywhere: a
// damaged one may declare terabytes, or groups that contain themselves.

import { WeftError } from "../base/errors.ts";
import { addressOf, type HdfDataset, type HdfGroup } from "./hdf5.ts";
import { shortName } from "./weight_names.ts";

/** Keras' own files nest about four groups per model. */
const DEEPEST_GROUP = 64;
/** NASNetLarge has 1,546 tensors in some 2,000 groups. */
export const MOST_GROUPS = 20_000;
const MOST_TENSORS = 20_000;

/** For compressed tensors: trained weights shrink by a tenth, but zeros to a thousandth. */
const MOST_UNPACKED_BYTES = 64 * 2 ** 20;
const MOST_UNPACKED_RATIO = 16;

const counted = (count: number) => count.toLocaleString("en-US");

/** Follows a walk through groups, each of which must be visited only once. */
export class GroupWalk {
  private readonly paths = new Map<bigint, string>();

  constructor(private readonly file: string) {}

  /**
   * Notes that the walk reaches a group.
   * @throws WeftError if the group was visited before, under this name or another, or the walk is too deep or too long
   */
  enter(group: HdfGroup): void {
    const path = group.path.replace(/^\/+/, "");
    const address = addressOf(group);
    const known = this.paths.get(address);
    if (known !== undefined) throw new WeftError(`${this.file}: ${faultOfSecondName(path, known)}`);
    if (path.split("/").length > DEEPEST_GROUP) {
      throw new WeftError(
        `${this.file}: groups are nested deeper than ${DEEPEST_GROUP}, at ${shortName(path)}; expected a file of Keras`,
      );
    }
    if (this.paths.size === MOST_GROUPS) {
      throw new WeftError(
        `${this.file}: more than ${counted(MOST_GROUPS)} groups, at ${shortName(path)}; expected a file of Keras`,
      );
    }
    this.paths.set(address, path);
  }
}

function faultOfSecondName(path: string, known: string): string {
  if (known === "" || path.startsWith(`${known}/`)) {
    const origin = known === "" ? "the root" : `group ${shortName(known)}`;
    return `a cycle of groups: ${shortName(path)} leads back to ${origin}. Is the file damaged?`;
  }
  return `${shortName(path)} and ${shortName(known)} are one group; expected one for each layer. Is the file damaged?`;
}

/** Adds up the declared sizes of a file's tensors. */
export class DeclaredSizes {
  private readonly mostBytes: number;
  private total = 0;
  private count = 0;

  /**
   * @param fileBytes of the HDF5 file
   * @param storedBytes its size on disk: smaller if it is compressed in an archive
   */
  constructor(
    private readonly fileBytes: number,
    storedBytes: number,
    private readonly file: string,
  ) {
    this.mostBytes = Math.max(fileBytes, MOST_UNPACKED_BYTES + MOST_UNPACKED_RATIO * storedBytes);
  }

  /**
   * Adds a tensor, once for each of its names.
   * @throws WeftError if it cannot be in a file of this size, or is stored in another file
   */
  add(dataset: HdfDataset, name: string): void {
    const where = `${this.file}: tensor ${name}`;
    const { shape, size, total_size: elements, chunks, virtual_sources: sources } = dataset.metadata;
    if (sources)
      throw new WeftError(`${where} is a virtual dataset made of other datasets; expected its own data`);
    const extents = shape ?? [];
    const bytes = bytesOf(extents, size);
    const isWrapped = shape !== null && bytes !== size * elements; // the product of extents exceeds 64 bits
    const isPacked = chunks !== null && dataset.filters.length > 0;
    if (isWrapped || bytes > (isPacked ? this.mostBytes : this.fileBytes)) {
      throw new WeftError(
        `${where} [${extents.slice(0, 8)}] would take ${counted(bytes)} bytes, but ${this.fileText()}. Is it damaged?`,
      );
    }
    if (chunks !== null && bytesOf(chunks, size) > this.mostBytes) {
      throw new WeftError(
        `${where} is stored in pieces of [${chunks}], but ${this.fileText()}. Is it damaged?`,
      );
    }
    this.total += bytes;
    this.count++;
    if (this.total > this.mostBytes) {
      throw new WeftError(
        `${this.file}: its tensors up to ${name} would take ${counted(this.total)} bytes, but ${this.fileText()}. Is it damaged?`,
      );
    }
    requireTensorCount(this.count, this.file);
  }

  private fileText(): string {
    return `the file has ${counted(this.fileBytes)}, from which weft unpacks up to ${counted(this.mostBytes)}`;
  }
}

/** @throws WeftError if a file lists more tensors than any network has. */
export function requireTensorCount(count: number, path: string): void {
  if (count <= MOST_TENSORS) return;
  throw new WeftError(
    `${path}: more than ${counted(MOST_TENSORS)} tensors; expected the weights of one network`,
  );
}

const bytesOf = (extents: readonly number[], elementBytes: number) =>
  extents.reduce((product, extent) => product * extent, elementBytes);
