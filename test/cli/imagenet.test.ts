// `--weights imagenet` by the real program, with a server on this machine in place of Google's.

import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { type Answer, closedOrigin, type FileServer, serveFile } from "../platform/node/file_server.ts";
import { drawTinyData, temporaryFolder, writeIn } from "./tiny_data.ts";
import { type Outcome, type RunOptions, runWeft } from "./weft.ts";

const SHARED_WEIGHTS = join(import.meta.dirname, "../../../shared/weights");
const NO_TOP = join(SHARED_WEIGHTS, "mobilenet_v2_0.35_224_no_top.imagenet.h5");
const WITH_TOP = join(SHARED_WEIGHTS, "mobilenet_v2_1.0_224_with_top.dequant_qat.h5");
const LABELS = join(SHARED_WEIGHTS, "imagenet_class_index.json");
const KERAS_FILES = join(import.meta.dirname, "../golden/keras_files");
/** Weights of MobileNetV2 with alpha 0.35, and of another network. */
const OWN_NO_TOP = join(KERAS_FILES, "mobilenet_v2_heads.h5");
const FOREIGN = join(KERAS_FILES, "every_kind_legacy_weights.h5");
const NAME = "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_0.35_224_no_top.h5";
const PATH = `/tensorflow/keras-applications/mobilenet_v2/${NAME}`;

let data: string;
let home: string;
let server: FileServer | undefined;

beforeAll(async () => {
  data = await drawTinyData();
});
beforeEach(() => {
  home = temporaryFolder();
});
afterEach(() => server?.close());

/** Runs weft with caches of its own. */
function run(args: readonly string[], mirror: string, options: RunOptions = {}): Promise<Outcome> {
  const variables = {
    KERAS_HOME: join(home, "keras"),
    WEFT_CACHE: join(home, "cache"),
    WEFT_IMAGENET_MIRROR: mirror,
  };
  return runWeft(args, { ...options, variables });
}

const train = (mirror: string, options?: RunOptions, ...more: string[]) => {
  const small = ["--alpha", "0.35", "--size", "32", "--batch", "8", "--phases", "1@1e-3"];
  const out = mkdtempSync(join(home, "run-"));
  const args = ["train", "--data", data, "--out", out, "--weights", "imagenet", ...small, ...more];
  return run(args, mirror, options);
};

async function serve(content: Uint8Array, answers?: readonly Answer[]): Promise<string> {
  server = await serveFile(content, answers);
  return server.origin;
}

describe("weft train --weights imagenet", () => {
  it("ends with one line where the server has no such file, or there is none", async () => {
    const missing = await train(await serve(new Uint8Array(), [{ status: 404 }]));
    expect(missing.errors).toHaveLength(1);
    expect(missing.errors[0]).toBe(
      `weft: ${server?.origin}${PATH}: the server answers 404 Not Found; without a network put ${NAME} into ` +
        `${join(home, "keras/models")} or ${join(home, "cache/imagenet")}. Use --weights with the path of a file.`,
    );
    const offline = await train(await closedOrigin());
    expect(offline.errors).toHaveLength(1);
    expect(offline.errors[0]).toMatch(/: the server cannot be reached \(connection refused\); without a net/);
    const width = await train(await closedOrigin(), {}, "--alpha", "0.4");
    expect(width.errors).toHaveLength(1);
    expect(width.errors[0]).toMatch(
      /^weft: --weights imagenet: MobileNetV2 has files for alpha 0\.35, 0\.5, /,
    );
    expect([missing.code, offline.code, width.code]).toEqual([1, 1, 1]);
    expect(missing.stdout + offline.stdout + width.stdout).toBe("");
  });

  it("stops at Ctrl-C and keeps what has arrived", async () => {
    const content = Buffer.alloc(100_000, 7);
    const mirror = await serve(content, [{ bytes: 50_000, ending: "stall" }]);
    const { code, errors } = await train(mirror, { interruptAt: /downloading/ });
    expect(code).toBe(130);
    expect(errors).toEqual([`downloading ${NAME}, 0.1 MB`, "stopping; what was downloaded is kept"]);
    expect(readdirSync(join(home, "cache/imagenet"))).toEqual([`${NAME}.part`, `${NAME}.part.json`]);
  });

  it("fetches what does not load again, once, and prints no password of the mirror", async () => {
    const cached = join(home, "cache/imagenet", NAME);
    writeIn(home, `cache/imagenet/${NAME}`, readFileSync(FOREIGN));
    const mirror = await serve(readFileSync(FOREIGN));
    const wrong = await train(mirror.replace("//", "//anna:geheim@"));
    expect(wrong.code).toBe(1);
    expect(wrong.errors[0]).toMatch(/^.*_no_top\.h5: .*; it is removed and downloaded again$/);
    expect(wrong.errors.at(-1)).toMatch(
      /^weft: http:.*_no_top\.h5: not the file that was expected: .*; it was removed; without a network put /,
    );
    expect(server?.asked.map(({ path }) => path)).toEqual([PATH]);
    expect(readdirSync(join(home, "cache/imagenet"))).toEqual([]);
    await server?.close();

    writeFileSync(cached, readFileSync(FOREIGN));
    const right = await train((await serve(readFileSync(OWN_NO_TOP))).replace("//", "//anna:geheim@"));
    expect(right.errors[0]).toMatch(/; it is removed and downloaded again$/);
    expect(right.errors.join("\n")).toMatch(/weights +imagenet: 260 tensors matched/);
    expect(right.code).toBe(0);
    expect(server?.asked.map(({ authorization }) => authorization)).toEqual([
      `Basic ${Buffer.from("anna:geheim").toString("base64")}`,
    ]);
    for (const { stdout, errors } of [wrong, right]) expect(`${stdout}${errors}`).not.toMatch(/geheim/);
    const written = readdirSync(home).filter((name) => existsSync(join(home, name, "config.json")));
    expect(written).toHaveLength(1);
    for (const name of ["config.json", "metrics.jsonl"]) {
      expect(readFileSync(join(home, written[0] ?? "", name), "utf8")).not.toMatch(/geheim/);
    }
  });

  it("refuses a file that is too large for the network's weights", async () => {
    const mirror = await serve(Buffer.alloc(30_000_000), [{ bytes: 0, ending: "stall" }]);
    const { code, errors } = await train(mirror);
    expect(code).toBe(1);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(
      /: the server announces 30000000 bytes; this file has at most 6655552; without/,
    );
  });

  it.skipIf(!existsSync(NO_TOP))("trains from the file it downloads (requires shared/weights)", async () => {
    const { code, errors } = await train(await serve(readFileSync(NO_TOP)));
    expect(code).toBe(0);
    expect(errors[0]).toBe(`downloading ${NAME}, 1.8 MB`);
    expect(errors[1]).toMatch(/^downloaded in \d+\.\d s: .*cache.imagenet.mobilenet_v2_weights/);
    expect(errors.join("\n")).toMatch(/weights +imagenet: 260 tensors matched/);
    expect(server?.asked.map(({ path }) => path)).toEqual([PATH]);
  });
});

describe.skipIf(!existsSync(WITH_TOP) || !existsSync(LABELS))(
  "weft classify --weights imagenet (requires shared/weights)",
  () => {
    it("takes weights and names of the classes from Keras' cache", async () => {
      const models = join(home, "keras/models");
      mkdirSync(models, { recursive: true });
      symlinkSync(WITH_TOP, join(models, "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5"));
      const image = join(data, "Images", readdirSync(join(data, "Images"))[0] ?? "");
      const classify = ["classify", image, "--weights", "imagenet", "--json"];
      const bare = await run(classify, await closedOrigin());
      expect(bare.code).toBe(0);
      expect(bare.errors.join("\n")).toMatch(/^MobileNetV2 \(alpha 1\), 224 x 224 pixels, on /);
      const [first] = JSON.parse(bare.stdout).predictions;
      expect(Object.keys(first)).toEqual(["class", "probability"]);
      symlinkSync(LABELS, join(models, "imagenet_class_index.json"));
      const named = await run(classify, await closedOrigin());
      expect(JSON.parse(named.stdout).predictions[0]).toMatchObject({
        ...first,
        id: expect.stringMatching(/^n\d{8}$/),
      });
    });

    it("leaves names aside that are not Keras'", async () => {
      const models = join(home, "keras/models");
      writeIn(models, "imagenet_class_index.json", "{}");
      symlinkSync(WITH_TOP, join(models, "mobilenet_v2_weights_tf_dim_ordering_tf_kernels_1.0_224.h5"));
      const image = join(data, "Images", readdirSync(join(data, "Images"))[0] ?? "");
      const { code, errors } = await run(["classify", image, "--weights", "imagenet"], await closedOrigin());
      expect(code).toBe(0);
      expect(errors[0]).toMatch(
        /imagenet_class_index\.json: its md5 is .*; this file of Keras' cache is left/,
      );
    });
  },
);
