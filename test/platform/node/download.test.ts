// Downloads from a server on this machine that behaves in every way servers do.

import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { WeftError } from "../../../src/base/errors.ts";
import { RandomStream } from "../../../src/base/random.ts";
import { faultOfHash } from "../../../src/platform/node/checksum.ts";
import { type DownloadOptions, download } from "../../../src/platform/node/download.ts";
import { DownloadFault } from "../../../src/platform/node/download_response.ts";
import { temporaryFolder } from "../../cli/tiny_data.ts";
import { type Answer, closedOrigin, type FileServer, serveFile } from "./file_server.ts";

const CONTENT = drawBytes("content", 200_000);
const OTHER = drawBytes("other", 150_000);
const HALF = 100_000;

function drawBytes(name: string, count: number): Uint8Array {
  const random = new RandomStream(5, name);
  return Uint8Array.from({ length: count }, () => random.between(0, 256));
}

const md5 = (bytes: Uint8Array) => createHash("md5").update(bytes).digest("hex");

let target: string;
let server: FileServer | undefined;
let troubles: string[];
let progress: [number, number | undefined][];

beforeEach(() => {
  target = join(temporaryFolder(), "models", "weights.h5");
  troubles = [];
  progress = [];
});
afterEach(() => server?.close());

/** Serves CONTENT as told and downloads it. */
async function fetchFrom(answers: readonly Answer[], options: Partial<DownloadOptions> = {}): Promise<void> {
  server = await serveFile(CONTENT, answers);
  await again(options);
}

/** Downloads from the server that is running. */
async function again(options: Partial<DownloadOptions> = {}): Promise<void> {
  await download({
    url: `${server?.origin}/weights.h5`,
    target,
    largestBytes: 1 << 20,
    verify: (path) => faultOfHash(path, md5(CONTENT)),
    isExact: true,
    stallSeconds: 20,
    pauseSeconds: 0.01,
    onProgress: (received, total) => progress.push([received, total]),
    onTrouble: (reason) => troubles.push(reason),
    ...options,
  });
}

const names = () => readdirSync(join(target, ".."));
const ranges = () => server?.asked.map(({ range }) => range);

function expectWhole(content = CONTENT): void {
  expect(md5(readFileSync(target))).toBe(md5(content));
  expect(names()).toEqual(["weights.h5"]);
}

/** Runs a download that must fail and returns its line. */
async function faultOf(work: Promise<void>): Promise<string> {
  const thrown: unknown = await work.catch((fault) => fault);
  expect(thrown).toBeInstanceOf(DownloadFault);
  const { message } = thrown as Error;
  expect(message).not.toMatch(/\n/);
  return message.replace(server?.origin ?? "", "SERVER");
}

describe("download", () => {
  it("puts the file in its place and says how far it is", async () => {
    await fetchFrom([{}]);
    expectWhole();
    expect(progress.at(0)).toEqual([0, CONTENT.length]);
    expect(progress.at(-1)).toEqual([CONTENT.length, CONTENT.length]);
    expect(progress.map(([received]) => received)).toEqual(
      progress.map(([received]) => received).toSorted((a, b) => a - b),
    );
    expect(ranges()).toEqual([undefined]);
    await again();
    expect(server?.asked).toHaveLength(1); // it is there
  });

  it("goes on where a slow connection was cut", async () => {
    await fetchFrom([{ bytes: HALF, ending: "cut", pieceEveryMs: 20 }, { pieceEveryMs: 20 }]);
    expectWhole();
    expect(ranges()).toEqual([undefined, `bytes=${HALF}-`]);
    expect(server?.asked[1]?.ifRange).toBe('"one"');
    expect(troubles).toEqual(["the connection was lost; trying again"]);
  });

  it("goes on as long as something new comes", async () => {
    const little = { bytes: 20_000, ending: "cut" } as const;
    await fetchFrom([...Array.from({ length: 8 }, () => little), {}]);
    expectWhole();
    expect(ranges()?.at(-1)).toBe("bytes=160000-");
  });

  it("takes up a stalled connection", async () => {
    await fetchFrom([{ bytes: HALF, ending: "stall" }, {}], { stallSeconds: 0.3 });
    expectWhole();
    expect(ranges()).toEqual([undefined, `bytes=${HALF}-`]);
    expect(troubles).toEqual(["the server sent nothing for 0.3 s; trying again"]);
  });

  it("begins anew where the server takes no notice of ranges", async () => {
    await fetchFrom([{ bytes: HALF, ending: "cut" }, { ignoresRange: true }]);
    expectWhole();
    expect(ranges()).toEqual([undefined, `bytes=${HALF}-`]);
  });

  it("goes on in a later run, and says what is kept until then", async () => {
    const cut = { bytes: HALF, ending: "cut" } as const;
    const nothing = { bytes: 0, ending: "cut" } as const;
    const message = await faultOf(fetchFrom([cut, ...Array.from({ length: 4 }, () => nothing), {}]));
    expect(message).toBe(
      "SERVER/weights.h5: the connection was lost; " +
        `100000 of 200000 bytes are kept in ${target}.part to go on from`,
    );
    expect(server?.asked).toHaveLength(5);
    expect(existsSync(target)).toBe(false);
    await again();
    expectWhole();
    expect(ranges()?.at(-1)).toBe(`bytes=${HALF}-`);
  });

  it("gives a body up that always ends too early", async () => {
    const cut = { bytes: HALF, ending: "cut", ignoresRange: true } as const;
    const message = await faultOf(fetchFrom([cut]));
    expect(message).toMatch(/: the connection was lost; 100000 of 200000 bytes are kept in /);
    expect(server?.asked).toHaveLength(5); // one that brings something new and four that do not
    expect(existsSync(target)).toBe(false);
  });

  it("begins anew where the ETag is another, by If-Range and without", async () => {
    const cut = { bytes: HALF, ending: "cut", content: OTHER, etag: '"zero"' } as const;
    await fetchFrom([cut, {}]);
    expectWhole();
    expect(ranges()).toEqual([undefined, `bytes=${HALF}-`]);
    await server?.close();

    target = join(temporaryFolder(), "weights.h5");
    await fetchFrom([cut, { ignoresIfRange: true }, {}]);
    expectWhole();
    expect(ranges()).toEqual([undefined, `bytes=${HALF}-`, undefined]);
    expect(troubles.at(-1)).toBe("the file on the server has changed; trying again");
  });

  it("begins anew where a file without an ETag and without a hash was cut", async () => {
    const unnamed = { etag: null } as const;
    await fetchFrom([{ ...unnamed, bytes: HALF, ending: "cut" }, unnamed], { isExact: false });
    expectWhole();
    expect(ranges()).toEqual([undefined, undefined]);
  });

  it("finds out by the hash that parts of two files were put together, and begins anew", async () => {
    const other = CONTENT.map((byte) => byte ^ 1);
    const unnamed = { etag: null } as const;
    await fetchFrom([{ ...unnamed, content: other, bytes: HALF, ending: "cut" }, unnamed, unnamed]);
    expectWhole();
    expect(ranges()).toEqual([undefined, `bytes=${HALF}-`, undefined]);
    expect(troubles.at(-1)).toMatch(/^what has come is wrong \(its md5 is /);
  });

  it("takes a body without a length, and one that ends too early is found out by the hash", async () => {
    await fetchFrom([{ hidesLength: true }]);
    expectWhole();
    expect(progress.at(-1)).toEqual([CONTENT.length, undefined]);
    await server?.close();

    target = join(temporaryFolder(), "weights.h5");
    const message = await faultOf(fetchFrom([{ hidesLength: true, content: CONTENT.subarray(0, HALF) }]));
    expect(message).toMatch(/not the file that was expected: its md5 is /);
  });

  it("removes a file with another hash, and says both", async () => {
    const message = await faultOf(fetchFrom([{ content: OTHER }]));
    expect(message).toBe(
      `SERVER/weights.h5: not the file that was expected: its md5 is ${md5(OTHER)}, ` +
        `expected ${md5(CONTENT)}; it was removed`,
    );
    expect(names()).toEqual([]);
  });

  it("tells a SHA-256 by its length", async () => {
    const sha256 = createHash("sha256").update(CONTENT).digest("hex");
    await fetchFrom([{}], { verify: (path) => faultOfHash(path, sha256) });
    expectWhole();
    expect(await faultOfHash(target, "0".repeat(64))).toBe(
      `its sha256 is ${sha256}, expected ${"0".repeat(64)}`,
    );
  });

  it("says the status of an answer without a file, at once or after some attempts", async () => {
    expect(await faultOf(fetchFrom([{ status: 404 }]))).toBe(
      "SERVER/weights.h5: the server answers 404 Not Found",
    );
    expect(server?.asked).toHaveLength(1);
    expect(names()).toEqual([]);
    await server?.close();
    expect(await faultOf(fetchFrom([{ status: 503 }]))).toBe(
      "SERVER/weights.h5: the server answers 503 Service Unavailable",
    );
    expect(server?.asked).toHaveLength(5);
  });

  it("tries again after a 500", async () => {
    await fetchFrom([{ status: 500 }, {}]);
    expectWhole();
    expect(troubles).toEqual(["the server answers 500 Internal Server Error; trying again"]);
  });

  it("says that a server cannot be reached", async () => {
    const origin = await closedOrigin();
    const message = await faultOf(again({ url: `${origin}/weights.h5` }));
    expect(message).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/weights\.h5: the server cannot be reached \(conn/);
    expect(names()).toEqual([]);
  });

  it("stops at once where somebody asks it to, and keeps what has arrived", async () => {
    const controller = new AbortController();
    const onProgress = (received: number) => {
      if (received >= HALF) controller.abort();
    };
    const stopped = fetchFrom([{ bytes: HALF, ending: "stall" }, {}], {
      signal: controller.signal,
      stallSeconds: 60,
      onProgress,
    });
    await expect(stopped).rejects.toMatchObject({ name: "AbortError" });
    expect(readFileSync(`${target}.part`)).toHaveLength(HALF);
    expect(names()).toEqual(["weights.h5.part", "weights.h5.part.json"]);
    await again();
    expectWhole();
    expect(ranges()).toEqual([undefined, `bytes=${HALF}-`]);
  });

  it("does not go on with what was another address's", async () => {
    const cut = { bytes: HALF, ending: "cut" } as const;
    await faultOf(fetchFrom([...Array.from({ length: 5 }, () => ({ ...cut, ignoresRange: true })), {}]));
    await again({ url: `${server?.origin}/elsewhere.h5` });
    expectWhole();
    expect(ranges()?.at(-1)).toBe(undefined);
  });

  it("lets one of two downloads of the same file wait for the other", async () => {
    server = await serveFile(CONTENT, [{ pieceEveryMs: 30 }]);
    await Promise.all([again(), again()]);
    expectWhole();
    expect(server.asked).toHaveLength(1);
    expect(troubles).toEqual([`process ${process.pid} on ${hostname()} downloads it already; waiting`]);
  });

  it("takes no notice of the lock of a process that is gone", async () => {
    await fetchFrom([{ status: 404 }]).catch(() => {});
    await server?.close();
    const ended = spawnSync(process.execPath, ["-e", ""]).pid;
    for (const holder of [`${hostname()} ${ended}`, "elsewhere 1"]) {
      writeFileSync(`${target}.lock`, holder);
      if (holder.startsWith("elsewhere")) utimesSync(`${target}.lock`, new Date(0), new Date(0));
      await fetchFrom([{}]);
      expectWhole();
      await server?.close();
      rmSync(target);
    }
    expect(troubles).toEqual([]);
  });

  it("names the path where the disk is at fault", async () => {
    const folder = join(temporaryFolder(), "models");
    writeFileSync(folder, "a file");
    target = join(folder, "weights.h5");
    const fault: unknown = await fetchFrom([{}]).catch((thrown) => thrown);
    expect(fault).toBeInstanceOf(WeftError);
    expect((fault as Error).message).toBe(`${folder}: there is a file of this name; expected a folder`);
  });
});
