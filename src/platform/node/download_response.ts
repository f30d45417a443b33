// What a server's answer to a download means for the part of the file that is here: the file from its beginning,
// the rest of it, or a fault.

import { WeftError } from "../../base/errors.ts";
import { Interruption } from "./interruption.ts";
import type { PartFacts, PartialFile } from "./partial_file.ts";
import { parseWebAddress } from "./web_address.ts";

/** The network, the server or the file that it sent was at fault, nothing on this machine. */
export class DownloadFault extends WeftError {}

/** What is known of the file before the server answers. */
export interface ServedFile {
  /** Its address, for messages. */
  readonly shown: string;
  /** It has no more. */
  readonly largestBytes: number;
}

const HTTP_OK = 200;
const HTTP_PARTIAL = 206;
const HTTP_RANGE_NOT_SATISFIABLE = 416;
/** Answers that may be others a little later. */
const PASSING_STATUSES = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Makes the part fit what the server answers.
 * @throws DownloadFault for an answer that will not change, Interruption for one that may
 */
export async function accept(response: Response, part: PartialFile, file: ServedFile): Promise<void> {
  const { status, headers } = response;
  if (status === HTTP_OK) {
    requireNoPage(response, file);
    requireSize(wholeNumber(headers.get("content-length")), file);
    await part.restart(factsOf(headers, file));
    return;
  }
  if (status === HTTP_PARTIAL && part.received > 0) {
    requireNoPage(response, file);
    requireSize(rangeOf(headers)?.total, file);
    if (isRest(headers, part)) return;
    await part.restart();
    throw new Interruption("the file on the server has changed");
  }
  if (status === HTTP_RANGE_NOT_SATISFIABLE && part.received > 0) {
    await part.restart();
    throw new Interruption("the file on the server has become shorter");
  }
  const text = `the server answers ${status} ${response.statusText}`.trimEnd();
  if (PASSING_STATUSES.has(status)) throw new Interruption(text);
  throw new DownloadFault(`${file.shown}: ${text}`);
}

/** Whether the ETag promises the same bytes, and not only the same meaning. */
export function hasStrongTag({ etag }: Pick<PartFacts, "etag">): boolean {
  return etag?.startsWith('"') === true;
}

/** A body that is packed for its way has another length and other ranges; nothing is known of the file then. */
function factsOf(headers: Headers, { shown }: ServedFile): PartFacts | undefined {
  if (isPacked(headers)) return undefined;
  const total = wholeNumber(headers.get("content-length"));
  return { url: shown, total, etag: headers.get("etag") ?? undefined };
}

const isPacked = (headers: Headers) => (headers.get("content-encoding") ?? "identity") !== "identity";

/**
 * A network that wants a login answers every request with its page, and status 200. What has arrived of the
 * file must not be given up for that.
 */
function requireNoPage({ headers, redirected, url }: Response, { shown }: ServedFile): void {
  const type = headers.get("content-type") ?? "";
  if (!/^(?:text\/html|application\/xhtml\+xml)\b/i.test(type)) return;
  const from = redirected ? ` of ${new URL(parseWebAddress(url).shown).origin}` : "";
  throw new DownloadFault(
    `${shown}: what comes is a web page${from}, not the file; does the network want a login?`,
  );
}

function requireSize(announced: number | undefined, { shown, largestBytes }: ServedFile): void {
  if (announced === undefined || announced <= largestBytes) return;
  throw new DownloadFault(
    `${shown}: the server announces ${announced} bytes; this file has at most ${largestBytes}`,
  );
}

/** Whether the range that comes begins where the part ends, and is of the same file. */
function isRest(headers: Headers, { received, facts }: PartialFile): boolean {
  const range = rangeOf(headers);
  const etag = headers.get("etag") ?? undefined;
  const isOfFile = (one: unknown, other: unknown) =>
    one === undefined || other === undefined || one === other;
  const isSame = isOfFile(range?.total, facts?.total) && isOfFile(etag, facts?.etag);
  return range?.start === received && isSame && !isPacked(headers);
}

/** `bytes 100-199/200`; the total is left out where it is `*`. */
function rangeOf(
  headers: Headers,
): { readonly start: number; readonly total: number | undefined } | undefined {
  const match = headers.get("content-range")?.match(/^bytes (\d+)-\d+\/(\d+|\*)$/);
  if (!match) return undefined;
  return { start: Number(match[1]), total: wholeNumber(match[2] ?? null) };
}

function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}
