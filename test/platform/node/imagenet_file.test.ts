// Official weights: in Keras' cache, in weft's own, or from a server.

import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { IMAGENET_ORIGIN, type ImagenetWeights } from "../../../src/models/imagenet_weights.ts";
import { imagenetFile, kerasFile, kerasModelsFolder } from "../../../src/platform/node/imagenet_file.ts";
import { temporaryFolder, writeIn } from "../../cli/tiny_data.ts";
import { type Answer, closedOrigin, type FileServer, serveFile } from "./file_server.ts";

/** Begins as HDF5 and has the length that its superblock says. */
function drawHdf5(bytes: number): Uint8Array {
  const content = Buffer.alloc(bytes, 7);
  content.write("\x89HDF\r\n\x1a\n", "latin1");
  content.fill(0, 8, 40);
  content[13] = 8; // bytes of an offset
  content.writeBigUInt64LE(BigInt(bytes), 40);
  return content;
}

const CONTENT = drawHdf5(5000);
const HASHED: ImagenetWeights = {
  fileName: "network_no_top.h5",
  url: `${IMAGENET_ORIGIN}tensorflow/keras-applications/network/Network-no-top.h5`,
  hash: createHash("md5").update(CONTENT).digest("hex"),
};
const UNHASHED: ImagenetWeights = { ...HASHED, hash: undefined };

let home: string;
let server: FileServer | undefined;
let faulty: string[];
let troubles: string[];
/** What the reader of weights says of a file. */
let faultOfContent: (path: string) => Promise<string | undefined>;

beforeEach(() => {
  home = temporaryFolder();
  faultOfContent = async () => undefined;
  faulty = [];
  troubles = [];
});
afterEach(() => server?.close());

async function find(file: ImagenetWeights, answers?: readonly Answer[], mirrorPath = ""): Promise<string> {
  server = await serveFile(CONTENT, answers);
  return findAt(file, `${server.origin}${mirrorPath}`);
}

function findAt(file: ImagenetWeights, mirror: string): Promise<string> {
  const variables = { WEFT_CACHE: join(home, "cache"), WEFT_IMAGENET_MIRROR: mirror };
  return imagenetFile(file, {
    onFaulty: (line) => faulty.push(line),
    onTrouble: (line) => troubles.push(line),
    largestBytes: 10_000,
    faultOfContent,
    pauseSeconds: 0.01,
    surroundings: { variables, home },
  });
}

const kerasPath = () => join(home, ".keras/models", HASHED.fileName);
const ownPath = () => join(home, "cache/imagenet", HASHED.fileName);

describe("imagenetFile", () => {
  it("finds Keras' own, below KERAS_HOME or ~/.keras", async () => {
    expect(kerasModelsFolder({ variables: { KERAS_HOME: "~/k" }, home: "/anna" })).toBe("/anna/k/models");
    expect(kerasModelsFolder({ variables: { KERAS_HOME: "/k" }, home: "/anna" })).toBe("/k/models");
    writeIn(home, `.keras/models/${HASHED.fileName}`, CONTENT);
    expect(await find(HASHED)).toBe(kerasPath());
    expect(server?.asked).toEqual([]);
    expect(existsSync(join(home, "cache"))).toBe(false);
  });

  it("downloads into weft's cache, once, from a mirror with the same paths", async () => {
    expect(await find(HASHED, [{}], "/copies/")).toBe(ownPath());
    expect(server?.asked.map(({ path }) => path)).toEqual([
      "/copies/tensorflow/keras-applications/network/Network-no-top.h5",
    ]);
    expect(readFileSync(ownPath()).equals(CONTENT)).toBe(true);
    expect(await findAt(HASHED, await closedOrigin())).toBe(ownPath());
    expect(faulty).toEqual([]);
  });

  it("leaves a damaged file of Keras alone and says so", async () => {
    for (const file of [HASHED, UNHASHED]) {
      writeIn(home, `.keras/models/${file.fileName}`, CONTENT.subarray(0, 3000));
      expect(await find(file)).toBe(ownPath());
      expect(readFileSync(kerasPath())).toHaveLength(3000);
      await server?.close();
    }
    expect(faulty[0]).toMatch(/\.h5: its md5 is \w+, expected \w+; this file of Keras' cache is left alone/);
    expect(faulty[1]).toMatch(/\.h5: it has 3000 bytes of 5000; this file of Keras' cache is left alone/);
  });

  it("downloads a damaged file of its own cache again", async () => {
    writeIn(
      home,
      `cache/imagenet/${HASHED.fileName}`,
      CONTENT.map((byte) => byte ^ 1),
    );
    expect(await find(HASHED)).toBe(ownPath());
    expect(readFileSync(ownPath()).equals(CONTENT)).toBe(true);
    expect(faulty).toHaveLength(1);
    expect(faulty[0]).toMatch(
      /cache.imagenet.network_no_top\.h5: its md5 is .*; it is removed and downloaded/,
    );
  });

  it("keeps no page that a server gives for a file without a hash", async () => {
    const page = Buffer.from("<html>please log in</html>".repeat(10));
    await expect(find(UNHASHED, [{ content: page }])).rejects.toThrow(
      /: not the file that was expected: it is no HDF5 file; it was removed; without a network put /,
    );
    expect(readdirSync(join(home, "cache/imagenet"))).toEqual([]);
  });

  it("says which file to put where", async () => {
    const origin = await closedOrigin();
    const fault: unknown = await findAt(HASHED, origin).catch((thrown) => thrown);
    expect((fault as Error).message).toBe(
      `${origin}/tensorflow/keras-applications/network/Network-no-top.h5: the server cannot be reached ` +
        `(connection refused); without a network put network_no_top.h5 into ${join(home, ".keras/models")} ` +
        `or ${join(home, "cache/imagenet")}. Use weights with the path of a file.`,
    );
  });

  it("refuses a mirror that is no address", async () => {
    await expect(findAt(HASHED, "mirror.example")).rejects.toThrow(
      /^WEFT_IMAGENET_MIRROR expects an address such as .*, received "mirror\.example"$/,
    );
  });

  /** A reader that finds the weights damaged where their last byte is not the drawn one. */
  const readLastByte = async (path: string) =>
    readFileSync(path).at(-1) === CONTENT.at(-1) ? undefined : "tensor a/kernel is not finite";
  const DAMAGED = CONTENT.with(-1, 0);

  it("removes what fails to load from its own cache and fetches it again, once", async () => {
    faultOfContent = readLastByte;
    writeIn(home, `cache/imagenet/${UNHASHED.fileName}`, DAMAGED);
    expect(await find(UNHASHED)).toBe(ownPath());
    expect(readFileSync(ownPath()).equals(CONTENT)).toBe(true);
    expect(faulty).toEqual([
      `${ownPath()}: tensor a/kernel is not finite; it is removed and downloaded again`,
    ]);
    expect(server?.asked).toHaveLength(1);
    await server?.close();

    writeIn(home, `cache/imagenet/${UNHASHED.fileName}`, DAMAGED);
    await expect(find(UNHASHED, [{ content: DAMAGED }])).rejects.toThrow(
      /: not the file that was expected: tensor a\/kernel is not finite; it was removed; without a network put /,
    );
    expect(server?.asked).toHaveLength(1);
    expect(readdirSync(join(home, "cache/imagenet"))).toEqual([]);
  });

  it("takes a file of Keras' cache for damaged if it does not load, and leaves it alone", async () => {
    faultOfContent = readLastByte;
    writeIn(home, `.keras/models/${UNHASHED.fileName}`, DAMAGED);
    expect(await find(UNHASHED)).toBe(ownPath());
    expect(readFileSync(kerasPath()).equals(DAMAGED)).toBe(true);
    expect(faulty[0]).toMatch(/: tensor a\/kernel is not finite; this file of Keras' cache is left alone/);
  });

  it("does not read a cached file that is too large to be the right one", async () => {
    writeIn(home, `cache/imagenet/${UNHASHED.fileName}`, drawHdf5(10_001));
    expect(await find(UNHASHED)).toBe(ownPath());
    expect(faulty[0]).toMatch(/: it has 10001 bytes; this file has at most 10000; it is removed and down/);
  });

  it("takes nothing but a regular file", async () => {
    mkdirSync(kerasPath(), { recursive: true });
    mkdirSync(ownPath(), { recursive: true });
    const expected = `${ownPath()}: is a folder or no regular file; expected a file`;
    await expect(find(UNHASHED)).rejects.toThrow(expected);
    expect(faulty).toEqual([
      `${kerasPath()}: is a folder or no regular file; expected a file; Keras' cache is not used`,
    ]);
    expect(existsSync(ownPath())).toBe(true);
  });

  it("lets processes that find the same damaged file replace it once", async () => {
    faultOfContent = readLastByte;
    writeIn(home, `cache/imagenet/${UNHASHED.fileName}`, DAMAGED);
    server = await serveFile(CONTENT);
    const { origin } = server;
    const found = await Promise.all([findAt(UNHASHED, origin), findAt(UNHASHED, origin)]);
    expect(found).toEqual([ownPath(), ownPath()]);
    expect(server.asked).toHaveLength(1);
    expect(faulty).toHaveLength(1);
    expect(readFileSync(ownPath()).equals(CONTENT)).toBe(true);
  });

  it("sends a mirror's password and token, and shows them nowhere", async () => {
    server = await serveFile(CONTENT, [{ bytes: 100, ending: "cut", ignoresRange: true }]);
    const { host } = new URL(server.origin);
    const mirror = `http://anna:s%40fe%2Fword@${host}/copies?token=geheim`;
    const fault: unknown = await findAt(HASHED, mirror).catch((thrown) => thrown);
    const { message } = fault as Error;
    expect(message).toMatch(
      `http://${host}/copies/tensorflow/keras-applications/network/Network-no-top.h5?…: `,
    );
    expect(server.asked[0]).toMatchObject({
      path: "/copies/tensorflow/keras-applications/network/Network-no-top.h5?token=geheim",
      authorization: `Basic ${Buffer.from("anna:s@fe/word").toString("base64")}`,
    });
    const kept = readdirSync(join(home, "cache/imagenet")).map((name) =>
      readFileSync(join(home, "cache/imagenet", name), "latin1"),
    );
    expect(kept).toHaveLength(2); // the part and what is known of it
    expect(troubles.length).toBeGreaterThan(0);
    for (const text of [message, ...kept, ...troubles]) expect(text).not.toMatch(/anna|s@fe|s%40fe|geheim/);
  });

  it.each([
    ["anna:geheim@mirror.example/path", "…@mirror.example/path"],
    ["https://anna:ge/he im@mirror.example/path", "https://…@mirror.example/path"],
    ["ftp://anna:ge@heim@mirror.example?geheim", "ftp://…@mirror.example?…"],
  ])("refuses the mirror %s without its password", async (mirror, shown) => {
    await expect(findAt(HASHED, mirror)).rejects.toThrow(
      `WEFT_IMAGENET_MIRROR expects an address such as https://host/path, received "${shown}"`,
    );
  });

  it("finds other files of Keras, and none where there are none", async () => {
    const options = { onFaulty: (line: string) => faulty.push(line), surroundings: { variables: {}, home } };
    expect(await kerasFile(HASHED, options)).toBeUndefined();
    expect(faulty).toEqual([]);
    writeIn(home, `.keras/models/${HASHED.fileName}`, CONTENT);
    expect(await kerasFile(HASHED, options)).toBe(kerasPath());
  });
});
