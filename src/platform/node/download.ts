// Downloads a file: streamed into `TARGET.part`, resumed where the connection ends or stalls and in a later
// run, verified, and only then renamed to its place.
// Ranges and If-Range: https://www.rfc-editor.org/rfc/rfc9110#name-range-requests

import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { WeftError } from "../../base/errors.ts";
import { withFileLock } from "./file_lock.ts";
import { nodeFiles } from "./files.ts";
import { Interruption, interruptionOf, RequestWatch } from "./interruption.ts";
import { movePart, type PartFacts, PartialFile, removePart } from "./partial_file.ts";

export interface DownloadOptions {
  readonly url: string;
  readonly target: string;
  /** What is wrong with the file that has arrived; undefined where nothing is. */
  readonly verify: (path: string) => Promise<string | undefined>;
  /** `verify` knows every byte, so that a part may be gone on with where the server names no ETag. */
  readonly isExact: boolean;
  /** Bytes that are here, and of how many. Fewer than before where the file begins anew. */
  readonly onProgress?: ((received: number, total: number | undefined) => void) | undefined;
  /** Called with the reason of each further attempt, and where another process downloads the same file. */
  readonly onTrouble?: ((reason: string) => void) | undefined;
  /** Stops the download; what has arrived is kept. */
  readonly signal?: AbortSignal | undefined;
  /** Without a byte for so long, the connection is given up; 30 by default. */
  readonly stallSeconds?: number | undefined;
  /** Before the second attempt, twice as long before each further one; 1 by default. */
  readonly pauseSeconds?: number | undefined;
}

/** The network, the server or the file that it sent was at fault, nothing on this machine. */
export class DownloadFault extends WeftError {}

/** Attempts in a row that bring nothing new. */
const MOST_ATTEMPTS = 5;
/** Attempts where the server has not even answered. */
const MOST_UNANSWERED = 2;
const LONGEST_PAUSE_SECONDS = 30;
/** Read and not yet written. */
const MOST_WAITING_BYTES = 1 << 24;

const HTTP_OK = 200;
const HTTP_PARTIAL = 206;
const HTTP_RANGE_NOT_SATISFIABLE = 416;
/** Answers that may be others a little later. */
const PASSING_STATUSES = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Downloads a file to its place, whose folder is made. Nothing happens where the file is there already;
 * of several processes that want it one downloads and the others wait.
 * @throws DownloadFault `URL: …` in one line (what has arrived is kept in `TARGET.part`);
 *   WeftError where the disk is at fault; the signal's reason once it is aborted
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { target, signal, onTrouble } = options;
  await nodeFiles.makeFolder(dirname(target));
  const onWait = (holder: string) => onTrouble?.(`${holder} downloads it already; waiting`);
  await withFileLock(
    `${target}.lock`,
    async () => {
      if (await nodeFiles.exists(target)) return;
      const isPatched = await fetchWhole(options);
      const fault = await install(options);
      if (fault === undefined) return;
      if (!isPatched) throw wrongFile(options.url, fault);
      onTrouble?.(`what was put together is wrong (${fault}); from the beginning`);
      await fetchWhole(options);
      const again = await install(options);
      if (again !== undefined) throw wrongFile(options.url, again);
    },
    { signal, onWait },
  );
}

const partPath = (target: string) => `${target}.part`;

function wrongFile(url: string, fault: string): DownloadFault {
  return new DownloadFault(`${url}: not the file that was expected: ${fault}; it was removed`);
}

/** Puts the part in its place where it is right; else removes it. @returns what is wrong */
async function install({ target, verify }: DownloadOptions): Promise<string | undefined> {
  const part = partPath(target);
  const fault = await verify(part);
  if (fault === undefined) await movePart(part, target);
  else await removePart(part);
  return fault;
}

/** Attempts until all of the part is there. @returns whether it comes from several answers */
async function fetchWhole(options: DownloadOptions): Promise<boolean> {
  const { url, target, signal, onTrouble, pauseSeconds = 1 } = options;
  const part = await PartialFile.open(partPath(target), url);
  const attempts: Attempts = { hasAnswered: false, isPatched: part.received > 0 };
  let farthest = part.received;
  let vain = 0;
  try {
    while (part.received === 0 || part.received !== part.facts?.total) {
      signal?.throwIfAborted();
      try {
        await fetchRest(part, options, attempts);
        break;
      } catch (thrown) {
        if (!(thrown instanceof Interruption)) throw thrown;
        if (part.received > farthest) vain = 0;
        farthest = Math.max(farthest, part.received);
        vain++;
        const isLast = vain >= (attempts.hasAnswered ? MOST_ATTEMPTS : MOST_UNANSWERED);
        if (isLast || (thrown.isLasting && !attempts.hasAnswered)) throw givenUp(part, options, thrown);
        onTrouble?.(`${thrown.message}; trying again`);
      }
      const pause = Math.min(LONGEST_PAUSE_SECONDS, pauseSeconds * 2 ** (vain - 1));
      await sleep(1000 * pause, undefined, { signal }).catch(() => undefined);
    }
    await part.sync();
  } finally {
    await part.close();
    if (part.received === 0) await removePart(part.path);
  }
  return attempts.isPatched;
}

function givenUp(part: PartialFile, { url }: DownloadOptions, { message }: Interruption): DownloadFault {
  const { received, facts } = part;
  const of = facts?.total === undefined ? "" : ` of ${facts.total}`;
  const kept = received === 0 ? "" : `; ${received}${of} bytes are kept in ${part.path} to go on from`;
  return new DownloadFault(`${url}: ${message}${kept}`);
}

/** What the attempts have in common. */
interface Attempts {
  hasAnswered: boolean;
  /** The part holds bytes of several answers. */
  isPatched: boolean;
}

/**
 * One request for what is missing.
 * @throws Interruption where another request may bring more
 */
async function fetchRest(part: PartialFile, options: DownloadOptions, attempts: Attempts): Promise<void> {
  const { url, signal, stallSeconds = 30 } = options;
  if (!canGoOn(part.facts, options)) await part.restart();
  const watch = new RequestWatch(stallSeconds, signal);
  try {
    const headers = requestHeaders(part);
    const response = await watch.waitFor(fetch(url, { headers, signal: watch.signal }));
    attempts.hasAnswered = true;
    await receive(response, part, options, attempts, watch);
  } catch (thrown) {
    if (signal?.aborted) throw signal.reason;
    throw interruptionOf(thrown, watch);
  } finally {
    watch.close();
  }
  await requireWhole(part);
}

/**
 * Writes a body to the part. It is read ahead of the writing: what a body still holds when its connection
 * ends is lost.
 */
async function receive(
  response: Response,
  part: PartialFile,
  { url, onProgress }: DownloadOptions,
  attempts: Attempts,
  watch: RequestWatch,
): Promise<void> {
  let waitingBytes = 0;
  let writing = Promise.resolve();
  const thenDo = (action: () => Promise<void>) => {
    writing = writing.then(action).then(() => onProgress?.(part.received, part.facts?.total));
    writing.catch(() => watch.close()); // reading ends as well; the fault itself is thrown below
  };
  thenDo(async () => {
    await accept(response, part, url);
    attempts.isPatched = part.received > 0;
  });
  const reader = response.body?.getReader();
  try {
    while (reader) {
      const { value } = await watch.waitFor(reader.read());
      if (!value) break;
      waitingBytes += value.length;
      thenDo(async () => {
        await part.append(value);
        waitingBytes -= value.length;
      });
      if (waitingBytes > MOST_WAITING_BYTES) await writing;
    }
  } finally {
    await writing;
  }
}

/** Whether the bytes that are here and those that come are certain to be of one file, or to be found out. */
function canGoOn(facts: PartFacts | undefined, { isExact }: DownloadOptions): boolean {
  return facts !== undefined && (isExact || isStrong(facts.etag));
}

const isStrong = (etag: string | undefined) => etag?.startsWith('"') === true;

function requestHeaders({ received, facts }: PartialFile): Record<string, string> {
  const plain = { "accept-encoding": "identity" }; // ranges and lengths count what is sent
  if (received === 0) return plain;
  const range = { ...plain, range: `bytes=${received}-` };
  return facts?.etag !== undefined && isStrong(facts.etag) ? { ...range, "if-range": facts.etag } : range;
}

/**
 * Makes the part fit what the server answers.
 * @throws DownloadFault for an answer that will not change, Interruption for one that may
 */
async function accept(response: Response, part: PartialFile, url: string): Promise<void> {
  const { status, headers } = response;
  const etag = headers.get("etag") ?? undefined;
  if (status === HTTP_OK) {
    const isPlain = (headers.get("content-encoding") ?? "identity") === "identity";
    await part.restart(
      isPlain ? { url, total: wholeNumber(headers.get("content-length")), etag } : undefined,
    );
    return;
  }
  if (status === HTTP_PARTIAL && part.received > 0) {
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
  throw new DownloadFault(`${url}: ${text}`);
}

/** Whether the range that comes begins where the part ends, and is of the same file. */
function isRest(headers: Headers, { received, facts }: PartialFile): boolean {
  const [, start, whole] = headers.get("content-range")?.match(/^bytes (\d+)-\d+\/(\d+|\*)$/) ?? [];
  const etag = headers.get("etag") ?? undefined;
  const isOfFile = (one: unknown, other: unknown) =>
    one === undefined || other === undefined || one === other;
  const total = whole === "*" || whole === undefined ? undefined : Number(whole);
  return Number(start) === received && isOfFile(total, facts?.total) && isOfFile(etag, facts?.etag);
}

function wholeNumber(text: string | null): number | undefined {
  return text !== null && /^\d+$/.test(text) ? Number(text) : undefined;
}

async function requireWhole(part: PartialFile): Promise<void> {
  const { received, facts } = part;
  const total = facts?.total;
  if (total === undefined || received === total) return;
  if (received > total) await part.restart();
  throw new Interruption(`the server sent ${received} bytes of ${total}`);
}
