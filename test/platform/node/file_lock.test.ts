// Locks between real processes: held, left by the dead, written elsewhere, and taken over by several at once.

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  unlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { FileLock, takeLock, withFileLock } from "../../../src/platform/node/file_lock.ts";
import { removeLeftoverPartials, withPartial } from "../../../src/platform/node/partials.ts";
import { ownIdentity, stateOf } from "../../../src/platform/node/process_identity.ts";

const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const FOLDER = mkdtempSync(join(tmpdir(), "weft-locks-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const place = (name: string) => join(FOLDER, name);
const longAgo = new Date(Date.now() - 3_600_000);

/** Compiled once, to run in processes of their own: takes the lock of its argument, says what came of it, stays. */
let script: string;
beforeAll(async () => {
  const bundled = await build({
    absWorkingDir: ROOT,
    stdin: {
      contents: `
        import { FileLock, takeLock } from "./src/platform/node/file_lock.ts";
        import { withPartial } from "./src/platform/node/partials.ts";
        import { writeFileSync } from "node:fs";
        const [path] = process.argv.slice(1);
        const lock = await takeLock(path);
        console.log(lock instanceof FileLock ? "held " + (lock.takenFrom ?? "") : "by " + lock.name);
        if (!(lock instanceof FileLock)) process.exit();
        setTimeout(() => process.exit(), 60_000);
        await withPartial(path + ".data", async (partial) => {
          writeFileSync(partial, "half");
          await new Promise(() => {});
        });`,
      resolveDir: ROOT,
      loader: "ts",
    },
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    packages: "external",
  });
  script = bundled.outputFiles[0]?.text ?? "";
});

async function startHolder(path: string): Promise<{ child: ChildProcess; said: string }> {
  const child = spawn(process.execPath, ["--input-type=module", "-e", script, path], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [said] = await once(child.stdout, "data");
  return { child, said: String(said).trim() };
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null) return;
  const closed = once(child, "close");
  child.kill(signal);
  await closed;
}

describe("a lock", () => {
  it("is held by one, in a process and between processes, and its file goes when it is released", async () => {
    const path = place("a.lock");
    const lock = await takeLock(path);
    if (!(lock instanceof FileLock)) throw new Error("not taken");
    expect(await takeLock(path)).toMatchObject({
      name: `process ${process.pid} on ${hostname()}`,
      isElsewhere: false,
    });
    expect((await startHolder(path)).said).toBe(`by process ${process.pid} on ${hostname()}`);
    lock.release();
    expect(existsSync(path)).toBe(false);
  });

  it("of a killed process is taken over with its name, and what that was writing is removed", async () => {
    const path = place("b.lock");
    const { child, said } = await startHolder(path);
    expect(said).toBe("held");
    const partial = () => readdirSync(FOLDER).filter((name) => name.startsWith("b.lock.data."));
    await expect.poll(() => partial().length).toBe(1);
    await removeLeftoverPartials(FOLDER);
    expect(partial()).toHaveLength(1);
    expect(await takeLock(path)).toMatchObject({ name: `process ${child.pid} on ${hostname()}` });
    await end(child, "SIGKILL");
    const lock = await takeLock(path);
    expect(lock).toMatchObject({ takenFrom: `process ${child.pid} on ${hostname()}` });
    await removeLeftoverPartials(FOLDER);
    expect(partial()).toEqual([]);
    if (lock instanceof FileLock) lock.release();
    expect(readdirSync(FOLDER)).toEqual([]);
  });

  it("that is stale goes to one of several that want it at once, with nothing left beside it", async () => {
    const path = place("c.lock");
    for (let round = 0; round < 5; round++) {
      writeFileSync(path, `${hostname()} ${2 ** 22 + 1} ${ownIdentity().space} -`);
      const [inside, outside] = await Promise.all([
        Promise.all(Array.from({ length: 8 }, () => takeLock(path))),
        Promise.all([1, 2].map(() => startHolder(path))),
      ]);
      const held = inside.filter((lock) => lock instanceof FileLock);
      expect(held.length + outside.filter(({ said }) => said.startsWith("held")).length).toBe(1);
      for (const lock of held) lock.release();
      for (const { child } of outside) await end(child, "SIGKILL");
      await removeLeftoverPartials(FOLDER);
      expect(readdirSync(FOLDER).filter((name) => name !== "c.lock")).toEqual([]);
    }
    rmSync(path, { force: true });
  });

  it("is not removed where somebody else's is in its place", async () => {
    const path = place("d.lock");
    const lock = await takeLock(path);
    unlinkSync(path);
    writeFileSync(path, "node7 12 0123abcd -");
    if (lock instanceof FileLock) lock.release();
    expect(readFileSync(path, "utf8")).toBe("node7 12 0123abcd -");
    unlinkSync(path);
  });

  it.each([
    ["another host", "node7 12 0123abcd 89abcdef.1", true],
    ["another container on this host", `${hostname()} ${process.pid} 0123abcd 89abcdef.1`, true],
    ["an earlier version", `${hostname()} ${process.pid}`, false],
  ])("of %s stays", async (_, text, isElsewhere) => {
    const path = place("e.lock");
    writeFileSync(path, text);
    utimesSync(path, longAgo, longAgo);
    expect(await takeLock(path)).toMatchObject({
      isElsewhere,
      silentSeconds: expect.toSatisfy((seconds: number) => seconds >= 3599),
    });
    unlinkSync(path);
  });

  it.each([
    ["a process whose id was given out again", `${hostname()} ${process.pid} SPACE 00000000.1`],
    ["a dead process of an earlier version", `${hostname()} ${2 ** 22 + 1}`],
    ["a process that died before it wrote its name", ""],
  ])("of %s is taken over", async (_, text) => {
    const path = place("f.lock");
    const { space, started } = ownIdentity();
    const boot = started.slice(0, started.indexOf(".") + 1);
    writeFileSync(path, text.replace("SPACE", space).replace("00000000.", boot));
    utimesSync(path, longAgo, longAgo);
    const lock = await takeLock(path);
    expect(lock).toBeInstanceOf(FileLock);
    if (lock instanceof FileLock) lock.release();
  });

  it("of a process elsewhere counts for a minute where the work can be done again", async () => {
    const path = place("g.lock");
    writeFileSync(path, "node7 12 0123abcd -");
    utimesSync(path, longAgo, longAgo);
    expect(await withFileLock(path, async () => readFileSync(path, "utf8"))).toContain(` ${process.pid} `);
    expect(existsSync(path)).toBe(false);
  });
});

describe("stateOf", () => {
  it("tells this process from one that has its id, and one on another host", () => {
    const own = ownIdentity();
    expect(stateOf(own)).toBe("running");
    expect(stateOf({ ...own, pid: 2 ** 22 + 1 })).toBe("gone");
    expect(stateOf({ ...own, host: "node7" })).toBe("elsewhere");
    expect(stateOf({ ...own, space: "0123abcd" })).toBe("elsewhere");
    expect(stateOf({ ...own, started: "" })).toBe("running");
  });
});

describe("withPartial", () => {
  it("gives every call a name of its own, of which nothing stays", async () => {
    const target = place(`${"ü".repeat(120)}.bin`);
    const names = await Promise.all(
      [1, 2].map(() =>
        withPartial(target, async (partial) => {
          writeFileSync(partial, "half");
          return partial;
        }),
      ),
    );
    expect(new Set(names).size).toBe(2);
    for (const name of names) expect(existsSync(name)).toBe(false);
    await expect(
      withPartial(target, async (partial) => {
        writeFileSync(partial, "half");
        throw new Error("enough");
      }),
    ).rejects.toThrow("enough");
    expect(readdirSync(FOLDER)).toEqual([]);
  });

  it("leaves names of other programs alone, and unnamed ones that are young", async () => {
    writeFileSync(place("a.partial"), "");
    writeFileSync(place("b.partial"), "");
    utimesSync(place("b.partial"), longAgo, longAgo);
    await removeLeftoverPartials(FOLDER);
    expect(readdirSync(FOLDER)).toEqual(["a.partial", "b.partial"]);
    await removeLeftoverPartials(FOLDER, /^[ab]\.partial$/);
    expect(readdirSync(FOLDER)).toEqual(["a.partial"]);
  });
});

describe("a file that only has the name of a lock", () => {
  const NOTES = "# dependencies of the thesis\n";

  it("is not taken over, however old it is, and stays as it is", async () => {
    const path = place("yarn.lock");
    writeFileSync(path, NOTES);
    utimesSync(path, longAgo, longAgo);
    expect(await takeLock(path)).toMatchObject({ name: "an unknown process", isElsewhere: true });
    expect(readFileSync(path, "utf8")).toBe(NOTES);
  });

  it("is taken over if it is empty, as a lock is that a power cut interrupted", async () => {
    const path = place("empty.lock");
    writeFileSync(path, "");
    utimesSync(path, longAgo, longAgo);
    const lock = await takeLock(path);
    expect(lock).toBeInstanceOf(FileLock);
    if (lock instanceof FileLock) lock.release();
    expect(existsSync(path)).toBe(false);
  });
});
