// Which process made a file, and whether it still runs. A process id alone is not enough: it is given out
// again after a process has ended, means another process in another container, and starts anew with the machine.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** What tells a process from every other one. */
export interface ProcessIdentity {
  readonly host: string;
  readonly pid: number;
  /** Where the process id is valid: a hash of host name, machine and (on Linux) process id namespace. */
  readonly space: string;
  /** When it started: boot and clock ticks since then on Linux, seconds since 1970 elsewhere; empty where unknown. */
  readonly started: string;
}

/** `elsewhere`: on another host or in another container, where nobody can look from here. */
export type ProcessState = "running" | "gone" | "elsewhere";

const HASH_DIGITS = 8;
/** Fields of /proc/PID/stat behind the program's name: the state, and the start in clock ticks since boot. */
const STATE_FIELD = 0;
const START_FIELD = 19;

/** The first digits of a hash. */
export function shortHash(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, HASH_DIGITS);
}

let own: ProcessIdentity | undefined;

/** This process. */
export function ownIdentity(): ProcessIdentity {
  own ??= { host: hostname(), pid: process.pid, space: ownSpace(), started: startOf(process.pid) };
  return own;
}

/** Whether a process still runs. One that has ended and that nobody has waited for (a zombie) does not. */
export function stateOf({ host, pid, space, started }: ProcessIdentity): ProcessState {
  const here = ownIdentity();
  if (host !== here.host || (space !== "" && space !== here.space)) return "elsewhere";
  const [boot, ownBoot] = [bootOf(started), bootOf(here.started)];
  if (boot !== ownBoot && boot !== "" && ownBoot !== "") {
    // Without a machine's own number two machines of one name cannot be told from one that was started again.
    return machineId() === "" ? "elsewhere" : "gone";
  }
  if (!isRunning(pid)) return "gone";
  const found = startOf(pid);
  return found !== "" && started !== "" && found !== started ? "gone" : "running";
}

function isRunning(pid: number): boolean {
  if (statOf(pid)?.[STATE_FIELD] === "Z") return false;
  try {
    process.kill(pid, 0); // sends nothing
    return true;
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code === "EPERM";
  }
}

function textOf(path: string): string {
  try {
    return readFileSync(path, "utf8").trim();
  } catch {
    return "";
  }
}

const machineId = () => textOf("/etc/machine-id");

function ownSpace(): string {
  let namespace = "";
  try {
    namespace = readlinkSync("/proc/self/ns/pid");
  } catch {
    // not Linux: one space of process ids a machine
  }
  return shortHash(`${hostname()}\n${machineId()}\n${namespace}`);
}

/** The fields of /proc/PID/stat behind the program's name, which may hold spaces and brackets. */
function statOf(pid: number): string[] | undefined {
  const text = textOf(`/proc/${pid}/stat`);
  return text === "" ? undefined : text.slice(text.lastIndexOf(")") + 2).split(" ");
}

function startOf(pid: number): string {
  const ticks = statOf(pid)?.[START_FIELD];
  if (ticks !== undefined) return `${shortHash(textOf("/proc/sys/kernel/random/boot_id"))}.${ticks}`;
  if (process.platform === "win32" || process.platform === "linux") return "";
  try {
    const env = { ...process.env, LC_ALL: "C", TZ: "UTC" };
    const text = execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], {
      env,
      stdio: ["ignore", "pipe", "ignore"],
    });
    const milliseconds = Date.parse(`${String(text).trim()} UTC`);
    return Number.isNaN(milliseconds) ? "" : String(milliseconds / 1000);
  } catch {
    return "";
  }
}

/** The part of a start that names the boot; empty on systems that tell seconds. */
function bootOf(started: string): string {
  return started.includes(".") ? started.slice(0, started.indexOf(".")) : "";
}
