// The demo set's folder: drawn once below the cache folder.

import { WeftError } from "../base/errors.ts";

export async function demoFolder(): Promise<string> {
  throw new WeftError("--data is missing");
}
