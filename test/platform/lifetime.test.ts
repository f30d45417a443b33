// A process with a GPU in it ends by itself, costs nothing while it is idle, and does not burn a core while
// it waits. Each case runs in a process of its own.

import { execFile } from "node:child_process";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { beforeAll, describe, expect, it } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const PATIENCE_MS = 30_000;

let script: string;
beforeAll(async () => {
  const bundled = await build({
    absWorkingDir: ROOT,
    entryPoints: ["test/platform/lifetime_script.ts"],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    packages: "external",
  });
  script = bundled.outputFiles[0]?.text ?? "";
});

/** What the scenario printed; rejects where the process fails, crashes or does not end. */
function run(scenario: string): Promise<unknown> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      ["--expose-gc", "--input-type=module", "-e", script, scenario],
      { cwd: ROOT, timeout: PATIENCE_MS, killSignal: "SIGKILL" },
      (fault, stdout, stderr) => {
        if (!fault) return resolve(JSON.parse(stdout));
        const end = fault.killed
          ? `did not end within ${PATIENCE_MS} ms`
          : `ended with ${fault.signal ?? fault.code}`;
        reject(new Error(`${scenario}: ${end}\n${stdout}${stderr}`));
      },
    );
  });
}

describe("a process that has opened a device", () => {
  it("uses hardly any CPU time while it is idle: below 0.2 s a second", async () => {
    expect(await run("idle")).toEqual({ cpuMs: expect.toSatisfy((ms: number) => ms < 200) });
  });

  it.each(["dropped without destroy", "held by a global", "abandoned map"])(
    "ends by itself: %s",
    async (name) => {
      expect(await run(name)).toEqual({});
    },
  );

  it("turns its event loop slowly while it waits gently: below 10 turns a millisecond", async () => {
    const { turns, ms } = (await run("wait gently")) as { turns: number; ms: number };
    expect(ms).toBeGreaterThan(50);
    expect(turns / ms).toBeLessThan(10);
  });

  it("rejects a wait when the device is destroyed", async () => {
    expect(await run("destroyed while waiting")).toEqual({ outcome: "rejected" });
  });

  it("survives the garbage collector at any time", async () => {
    expect(await run("garbage collected")).toEqual({ isCollected: true });
  });
});
