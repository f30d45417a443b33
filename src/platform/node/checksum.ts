// Whether a file is what it should be: by its hash, or where none is known by what its first bytes promise.

import { open } from "node:fs/promises";
import { fileFault } from "./files.ts";
import { streamedHash } from "./streamed_hash.ts";

const SHA256_DIGITS = 64;
const HDF5_SIGNATURE = Buffer.from("\x89HDF\r\n\x1a\n", "latin1");
const SUPERBLOCK_BYTES = 64;

/**
 * Compares a file with a hash: SHA-256 where it has 64 digits, else MD5, as Keras tells them apart.
 * @returns undefined if they agree, else what differs: `its md5 is …, expected …`
 * @throws WeftError if the file cannot be read
 */
export async function faultOfHash(path: string, expected: string): Promise<string | undefined> {
  const algorithm = expected.length === SHA256_DIGITS ? "sha256" : "md5";
  let found: string;
  try {
    found = await streamedHash(path, algorithm);
  } catch (thrown) {
    throw fileFault(path, thrown);
  }
  return found === expected.toLowerCase() ? undefined : `its ${algorithm} is ${found}, expected ${expected}`;
}

/**
 * Looks whether a file begins as HDF5 and is as long as its superblock says.
 * https://docs.hdfgroup.org/hdf5/v1_14/_f_m_t3.html
 * @returns undefined if it is so, else what is wrong
 * @throws WeftError if the file cannot be read
 */
export async function faultOfHdf5(path: string): Promise<string | undefined> {
  const head = Buffer.alloc(SUPERBLOCK_BYTES);
  let size: number;
  try {
    const file = await open(path, "r");
    try {
      await file.read(head, 0, SUPERBLOCK_BYTES, 0);
      size = (await file.stat()).size;
    } finally {
      await file.close();
    }
  } catch (thrown) {
    throw fileFault(path, thrown);
  }
  if (!head.subarray(0, HDF5_SIGNATURE.length).equals(HDF5_SIGNATURE)) return "it is no HDF5 file";
  const version = head[8] ?? 0;
  const offsetBytes = head[version < 2 ? 13 : 9];
  if (offsetBytes !== 8) return undefined;
  const end = head.readBigUInt64LE(version < 2 ? 40 + (version === 1 ? 4 : 0) : 28);
  return BigInt(size) < end ? `it has ${size} bytes of ${end}` : undefined;
}
