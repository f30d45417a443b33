// Answers that are not the file: too large, pages of the network, packed on their way, other ranges than asked for.

import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type DownloadOptions, download } from "../../../src/platform/node/download.ts";
import { DownloadFault } from "../../../src/platform/node/download_response.ts";
import { messageWithoutSecrets } from "../../../src/platform/node/web_address.ts";
import { temporaryFolder } from "../../cli/tiny_data.ts";
import { type Answer, type FileServer, serveFile } from "./file_server.ts";

const CONTENT = Uint8Array.from({ length: 200_000 }, (_, i) => (i * 31) % 251);
const HALF = 100_000;
const LARGEST = 250_000;
const LARGER = new Uint8Array(300_000);
const CUT = { bytes: HALF, ending: "cut" } as const;
const PAGE = {
  content: Buffer.from("<html>please log in</html>"),
  headers: { "content-type": "text/html; charset=utf-8" },
  ignoresRange: true,
} as const;

let target: string;
let servers: FileServer[];
let troubles: string[];

beforeEach(() => {
  target = join(temporaryFolder(), "weights.h5");
  servers = [];
  troubles = [];
});
afterEach(async () => {
  for (const server of servers) await server.close();
});

async function serve(answers: readonly Answer[]): Promise<FileServer> {
  const server = await serveFile(CONTENT, answers);
  servers.push(server);
  return server;
}

/** Downloads as told; files are right that are CONTENT. */
function fetchFrom({ origin }: FileServer, options: Partial<DownloadOptions> = {}): Promise<void> {
  return download({
    url: `${origin}/weights.h5`,
    target,
    largestBytes: LARGEST,
    verify: async (path) => (readFileSync(path).equals(CONTENT) ? undefined : "it is another file"),
    isExact: true,
    stallSeconds: 20,
    pauseSeconds: 0.01,
    onTrouble: (reason) => troubles.push(reason),
    ...options,
  });
}

/** Runs a download that must fail and returns its line. */
async function faultOf(server: FileServer, options?: Partial<DownloadOptions>): Promise<string> {
  const thrown: unknown = await fetchFrom(server, options).catch((fault) => fault);
  expect(thrown).toBeInstanceOf(DownloadFault);
  expect(existsSync(target)).toBe(false);
  return (thrown as Error).message.replace(server.origin, "SERVER");
}

const names = () => readdirSync(join(target, ".."));
const expectWhole = () => {
  expect(readFileSync(target).equals(CONTENT)).toBe(true);
  expect(names()).toEqual(["weights.h5"]);
};

describe("a file that is larger than it can be", () => {
  it("is refused by the length that the server announces, without a byte of it", async () => {
    const server = await serve([{ content: LARGER, bytes: 0, ending: "stall" }]);
    expect(await faultOf(server)).toBe(
      "SERVER/weights.h5: the server announces 300000 bytes; this file has at most 250000",
    );
    expect(server.asked).toHaveLength(1);
    expect(names()).toEqual([]);
  });

  it("is refused as its bytes come, where no length is announced", async () => {
    const server = await serve([{ content: LARGER, hidesLength: true, pieceEveryMs: 1 }]);
    expect(await faultOf(server)).toMatch(
      /^SERVER\/weights\.h5: the server has sent \d{6} bytes and goes on; this file has at most 250000$/,
    );
    expect(server.asked).toHaveLength(1);
    expect(names()).toEqual([]);
  });

  it("is refused where it was packed on its way, by what is unpacked", async () => {
    const headers = { "content-encoding": "gzip" };
    const server = await serve([{ content: gzipSync(new Uint8Array(5_000_000)), headers }]);
    expect(await faultOf(server)).toMatch(
      / the server has sent \d+ bytes and goes on; this file has at most 2/,
    );
    expect(names()).toEqual([]);
  });

  it("does not take the place of a part that is here", async () => {
    const server = await serve([CUT, { content: LARGER, ignoresRange: true }, {}]);
    expect(await faultOf(server)).toMatch(/ announces 300000 bytes; this file has at most 250000$/);
    expect(readFileSync(`${target}.part`)).toHaveLength(HALF);
    await fetchFrom(server);
    expectWhole();
    expect(server.asked.at(-1)?.range).toBe(`bytes=${HALF}-`);
  });

  it("is refused by the length behind a range", async () => {
    const headers = { "content-range": `bytes ${HALF}-199999/300000` };
    expect(await faultOf(await serve([CUT, { headers }]))).toMatch(
      / announces 300000 bytes; this file has at most 250000$/,
    );
  });

  it("that an earlier run left a part of is begun anew", async () => {
    const server = await serve([{ ...CUT, content: LARGER, bytes: 260_000 }, { ignoresIfRange: true }]);
    await fetchFrom(server, { largestBytes: 400_000, verify: async () => "stop here" }).catch(() => {});
    expect(existsSync(target)).toBe(false);
    await fetchFrom(await serve([{}]));
    expectWhole();
  });
});

describe("a page in place of the file", () => {
  it("is named as such, at once, and leaves the part that is here", async () => {
    const server = await serve([CUT, PAGE, {}]);
    expect(await faultOf(server)).toBe(
      "SERVER/weights.h5: what comes is a web page, not the file; does the network want a login?",
    );
    expect(server.asked).toHaveLength(2);
    expect(readFileSync(`${target}.part`)).toHaveLength(HALF);
    await fetchFrom(server);
    expectWhole();
    expect(server.asked.at(-1)?.range).toBe(`bytes=${HALF}-`);
  });

  it("names the host to which it was led, without that address' secrets", async () => {
    const portal = await serve([PAGE]);
    const server = await serve([{ location: `${portal.origin}/login?ticket=geheim` }]);
    expect(await faultOf(server)).toBe(
      `SERVER/weights.h5: what comes is a web page of ${portal.origin}, not the file; does the network want a login?`,
    );
  });
});

describe("an answer from elsewhere or in another form", () => {
  it("is followed to another host, which gets no password", async () => {
    const other = await serve([{}]);
    const server = await serve([{ location: `${other.origin}/store/weights.h5` }]);
    const url = `${server.origin.replace("//", "//anna:geheim@")}/weights.h5`;
    await fetchFrom(server, { url });
    expectWhole();
    expect(server.asked[0]?.authorization).toMatch(/^Basic /);
    expect(other.asked[0]).toMatchObject({ path: "/store/weights.h5", authorization: undefined });
  });

  it("is taken where it was packed on its way", async () => {
    const headers = { "content-encoding": "gzip" };
    await fetchFrom(await serve([{ content: gzipSync(CONTENT), headers }]));
    expectWhole();
  });

  it.each([
    ["that begins elsewhere", { "content-range": "bytes 50000-199999/200000" }],
    ["of a file of another length", { "content-range": `bytes ${HALF}-199999/200001` }],
    ["that is packed", { "content-encoding": "gzip" }],
    ["that is none", { "content-range": "all of it" }],
  ])("is not put behind the part if it is a range %s", async (_, headers) => {
    const server = await serve([CUT, { headers }, {}]);
    await fetchFrom(server);
    expectWhole();
    expect(server.asked.at(-1)?.range).toBeUndefined();
    expect(troubles.at(-1)).toBe("the file on the server has changed; trying again");
  });

  it("is asked for once more if it had no length and is not whole", async () => {
    const server = await serve([{ hidesLength: true, content: CONTENT.subarray(0, HALF) }, {}]);
    await fetchFrom(server);
    expectWhole();
    expect(troubles).toEqual(["what has come is wrong (it is another file); from the beginning"]);
  });
});

describe("messageWithoutSecrets", () => {
  it("leaves the words and cuts credentials and queries", () => {
    expect(
      messageWithoutSecrets('cannot fetch "http://anna:pw@host/x?key=1" again, fetch https://host/y'),
    ).toBe('cannot fetch "http://…@host/x?…" again, fetch https://host/y');
  });
});
