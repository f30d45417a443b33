// The hash of a file's content, read in pieces, so that its size costs no memory.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";

const PIECE_BYTES = 1 << 20;

/**
 * The file's hash in hexadecimal digits.
 * @throws what node:fs throws
 */
export async function streamedHash(path: string, algorithm: "sha256" | "md5"): Promise<string> {
  const hasher = createHash(algorithm);
  for await (const piece of createReadStream(path, { highWaterMark: PIECE_BYTES })) hasher.update(piece);
  return hasher.digest("hex");
}
