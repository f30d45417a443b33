// Downloads a file: streamed into `TARGET.part`, resumed where the connection ends or stalls and in a later
// run, verified, and only then renamed to its place.
// Ranges and If-Range: https://www.rfc-editor.org/rfc/rfc9110#name-range-requests

import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { accept, DownloadFault, hasStrongTag, type ServedFile } from "./download_response.ts";
import { withFileLock } from "./file_lock.ts";
import { nodeFiles } from "./files.ts";
import { Interruption, interruptionOf, RequestWatch } from "./interruption.ts";
import { movePart, type PartFacts, PartialFile, removePart } from "./partial_file.ts";
import { parseWebAddress, type WebAddress } from "./web_address.ts";

export interface DownloadOptions {
  /** Credentials in it are sent as a header; they and a query are in no message and no file. */
  readonly url: string;
  readonly target: string;
  /** The file has no more; a server that announces or sends more is refused. */
  readonly largestBytes: number;
  /** What is wrong with the file that has arrived; undefined if nothing is. */
  readonly verify: (path: string) => Promise<string | undefined>;
  /** `verify` checks every byte, so a partial download can be resumed even if the server sends no ETag. */
  readonly isExact: boolean;
  /** Told of a file that is in the place already and is not what it should be: it is removed. */
  readonly onFaulty?: ((line: string) => void) | undefined;
  /** Bytes that are here, and of how many. Fewer than before where the file begins anew. */
  readonly onProgress?: ((received: number, total: number | undefined) => void) | undefined;
  /** Called with the reason of each further attempt, and where another process downloads the same file. */
  readonly onTrouble?: ((reason: string) => void) | undefined;
  /** Stops the download; what has arrived is kept. */
  readonly signal?: AbortSignal | undefined;
  /** If no byte arrives for this time, the connection is given up; 30 by default. */
  readonly stallSeconds?: number | undefined;
  /** Before the second attempt, twice as long before each further one; 1 by default. */
  readonly pauseSeconds?: number | undefined;
}

/** Attempts in a row that bring nothing new. */
const MOST_ATTEMPTS = 5;
/** Attempts where the server has not even answered. */
const MOST_UNANSWERED = 2;
const LONGEST_PAUSE_SECONDS = 30;
/** Read and not yet written. */
const MOST_WAITING_BYTES = 1 << 24;

/** A download under way. */
interface Job extends DownloadOptions, ServedFile {
  readonly address: WebAddress;
}

/**
 * Downloads a file to its place, whose folder is made. Nothing happens if the file is there already and right;
 * of several processes that want it one downloads and the others wait.
 * @throws DownloadFault `URL: …` in one line (what has arrived is kept in `TARGET.part`);
 *   WeftError where the disk is at fault; the signal's reason once it is aborted
 */
export async function download(options: DownloadOptions): Promise<void> {
  const { url, target, signal, onTrouble } = options;
  const address = parseWebAddress(url);
  const job: Job = { ...options, address, shown: address.shown };
  await nodeFiles.makeFolder(dirname(target));
  const onWait = (holder: string) => onTrouble?.(`${holder} downloads it already; waiting`);
  await withFileLock(`${target}.lock`, () => fetchAndInstall(job), { signal, onWait });
}

async function fetchAndInstall(job: Job): Promise<void> {
  const { shown, onTrouble } = job;
  if (await isThere(job)) return;
  const isDoubtful = await fetchWhole(job);
  const fault = await install(job);
  if (fault === undefined) return;
  if (!isDoubtful) throw wrongFile(shown, fault);
  onTrouble?.(`what has come is wrong (${fault}); from the beginning`);
  await fetchWhole(job);
  const again = await install(job);
  if (again !== undefined) throw wrongFile(shown, again);
}

/** Whether the right file is in the place; another one is removed. */
async function isThere({ target, verify, onFaulty }: Job): Promise<boolean> {
  if (!(await nodeFiles.exists(target))) return false;
  const fault = await verify(target);
  if (fault === undefined) return true;
  onFaulty?.(`${target}: ${fault}; it is removed and downloaded again`);
  await nodeFiles.remove(target);
  return false;
}

const partPath = (target: string) => `${target}.part`;

function wrongFile(shown: string, fault: string): DownloadFault {
  return new DownloadFault(`${shown}: not the file that was expected: ${fault}; it was removed`);
}

/** Puts the part in its place where it is right; else removes it. @returns what is wrong */
async function install({ target, verify }: Job): Promise<string | undefined> {
  const part = partPath(target);
  const fault = await verify(part);
  if (fault === undefined) await movePart(part, target);
  else await removePart(part);
  return fault;
}

/**
 * Attempts until all of the part is there.
 * @returns whether another try may bring another file: this one comes from several answers, or its length was
 *   never said, and its end may be a lost connection's
 */
async function fetchWhole(job: Job): Promise<boolean> {
  const { shown, target, largestBytes, signal, onTrouble, pauseSeconds = 1 } = job;
  const part = await PartialFile.open(partPath(target), shown);
  if (part.received > largestBytes) await part.restart();
  const attempts: Attempts = { hasAnswered: false, isPatched: part.received > 0 };
  let farthest = part.received;
  let vain = 0;
  try {
    while (part.received === 0 || part.received !== part.facts?.total) {
      signal?.throwIfAborted();
      try {
        await fetchRest(part, job, attempts);
        break;
      } catch (thrown) {
        if (!(thrown instanceof Interruption)) throw thrown;
        if (part.received > farthest) vain = 0;
        farthest = Math.max(farthest, part.received);
        vain++;
        const isLast = vain >= (attempts.hasAnswered ? MOST_ATTEMPTS : MOST_UNANSWERED);
        if (isLast || (thrown.isLasting && !attempts.hasAnswered)) throw givenUp(part, job, thrown);
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
  return attempts.isPatched || part.facts?.total === undefined;
}

function givenUp(part: PartialFile, { shown }: Job, { message }: Interruption): DownloadFault {
  const { received, facts } = part;
  const of = facts?.total === undefined ? "" : ` of ${facts.total}`;
  const kept = received === 0 ? "" : `; ${received}${of} bytes are kept in ${part.path} to go on from`;
  return new DownloadFault(`${shown}: ${message}${kept}`);
}

/** What the attempts have in common. */
interface Attempts {
  hasAnswered: boolean;
  /** The part holds bytes of several answers. */
  isPatched: boolean;
}

/**
 * One request for what is missing.
 * @throws Interruption if another request may bring more
 */
async function fetchRest(part: PartialFile, job: Job, attempts: Attempts): Promise<void> {
  const { address, signal, stallSeconds = 30 } = job;
  if (!canGoOn(part.facts, job)) await part.restart();
  const watch = new RequestWatch(stallSeconds, signal);
  try {
    const headers = { ...address.headers, ...requestHeaders(part) };
    const response = await watch.waitFor(fetch(address.url, { headers, signal: watch.signal }));
    attempts.hasAnswered = true;
    await receive(response, part, job, attempts, watch);
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
  job: Job,
  attempts: Attempts,
  watch: RequestWatch,
): Promise<void> {
  const { onProgress } = job;
  let waitingBytes = 0;
  let writing = Promise.resolve();
  const thenDo = (action: () => Promise<void>) => {
    writing = writing.then(action).then(() => onProgress?.(part.received, part.facts?.total));
    writing.catch(() => watch.close()); // reading ends as well; the fault itself is thrown below
  };
  thenDo(async () => {
    await accept(response, part, job);
    attempts.isPatched = part.received > 0;
  });
  const reader = response.body?.getReader();
  try {
    while (reader) {
      const { value } = await watch.waitFor(reader.read());
      if (!value) break;
      waitingBytes += value.length;
      thenDo(async () => {
        await requireRoom(part, value.length, job);
        await part.append(value);
        waitingBytes -= value.length;
      });
      if (waitingBytes > MOST_WAITING_BYTES) await writing;
    }
  } finally {
    await writing;
  }
}

/** @throws DownloadFault if the file becomes larger than it can be; nothing of it is kept */
async function requireRoom(part: PartialFile, bytes: number, { shown, largestBytes }: Job): Promise<void> {
  const received = part.received + bytes;
  if (received <= largestBytes) return;
  await part.restart();
  throw new DownloadFault(
    `${shown}: the server has sent ${received} bytes and goes on; this file has at most ${largestBytes}`,
  );
}

/** Whether the bytes that are here and those that come are certain to be of one file, or to be found out. */
function canGoOn(facts: PartFacts | undefined, { isExact }: Job): boolean {
  return facts !== undefined && (isExact || hasStrongTag(facts));
}

function requestHeaders({ received, facts }: PartialFile): Record<string, string> {
  const plain = { "accept-encoding": "identity" }; // ranges and lengths count what is sent
  if (received === 0) return plain;
  const range = { ...plain, range: `bytes=${received}-` };
  return facts?.etag !== undefined && hasStrongTag(facts) ? { ...range, "if-range": facts.etag } : range;
}

async function requireWhole(part: PartialFile): Promise<void> {
  const { received, facts } = part;
  const total = facts?.total;
  if (total === undefined || received === total) return;
  if (received > total) await part.restart();
  throw new Interruption(`the server sent ${received} bytes of ${total}`);
}
