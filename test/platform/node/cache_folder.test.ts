// What the start of a command removes from the cache folder, and what it leaves: WEFT_CACHE may be a folder of
// somebody's project.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";
import { removeCacheLeftovers } from "../../../src/platform/node/cache_folder.ts";
import { ownIdentity } from "../../../src/platform/node/process_identity.ts";

const CACHE = mkdtempSync(join(tmpdir(), "weft-cache-"));
afterAll(() => rmSync(CACHE, { recursive: true }));
const LONG_AGO = new Date(Date.now() - 3_600_000);

function put(name: string, text: string): void {
  mkdirSync(join(CACHE, name, ".."), { recursive: true });
  writeFileSync(join(CACHE, name), text);
  utimesSync(join(CACHE, name), LONG_AGO, LONG_AGO);
}

describe("removeCacheLeftovers", () => {
  it("leaves files that are not weft's, whatever they are called", async () => {
    const own = [
      "yarn.lock",
      "imagenet/yarn.lock",
      "tuning/flake.json.lock",
      "thesis.partial",
      "imagenet/list.partial",
      "drafts.partial/chapter",
    ];
    for (const name of own) put(name, "mine, for years");
    utimesSync(join(CACHE, "drafts.partial"), LONG_AGO, LONG_AGO);
    await removeCacheLeftovers(CACHE);
    expect(own.filter((name) => !existsSync(join(CACHE, name)))).toEqual([]);
  });

  it("removes what dead processes and earlier versions left", async () => {
    const gone = `${hostname()} ${2 ** 22 + 1} ${ownIdentity().space} -`;
    const left = [
      "swiftshader-147.0.0.partial-aB3dEf/libvulkan.so.1",
      "tuning/lavapipe-1a2b3c4d.json.partial",
      "tuning/lavapipe-1a2b3c4d.json.lock",
      "imagenet/weights_no_top.h5.lock",
      "imagenet/weights_no_top.h5.lock.0123abcd",
    ];
    for (const name of left) put(name, gone);
    utimesSync(join(CACHE, "swiftshader-147.0.0.partial-aB3dEf"), LONG_AGO, LONG_AGO);
    await removeCacheLeftovers(CACHE);
    expect(left.filter((name) => existsSync(join(CACHE, name)))).toEqual([]);
    expect(readdirSync(CACHE)).not.toContain("swiftshader-147.0.0.partial-aB3dEf");
  });
});

describe("a cache folder that cannot be", () => {
  it.runIf(process.platform === "linux")(
    "holds no command up: /proc says that all and nothing is there",
    async () => {
      const program = fileURLToPath(new URL("../../../src/cli/weft.mjs", import.meta.url));
      const env = { ...process.env, WEFT_CACHE: "/proc/weft", XDG_RUNTIME_DIR: "" };
      const child = spawn(process.execPath, [program, "doctor"], { env, stdio: "ignore" });
      const late = setTimeout(() => child.kill("SIGKILL"), 60_000); // deaf to anything less
      const [code, signal] = await once(child, "close");
      clearTimeout(late);
      expect([code, signal]).not.toContain("SIGKILL");
    },
    90_000,
  );
});
