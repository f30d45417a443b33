// A peer as a child process that answers JSON lines (engines/protocol.mjs has the requests).

import { type ChildProcessByStdio, spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { WeftError } from "../../src/base/errors.ts";
import { CHECKOUT } from "../measuring/checkout.ts";

const PEERS_FOLDER = join(CHECKOUT, "kernels-bench", "peers");
const INSTALL = "npm ci --ignore-scripts --prefix kernels-bench/peers";
/** Whether signals exist that stop and continue a process. */
const CAN_PAUSE = process.platform !== "win32";

export type PeerAnswer = Readonly<Record<string, unknown>>;

/** @throws WeftError if the peers' packages are not installed. */
export function requirePeers(): void {
  if (!existsSync(join(PEERS_FOLDER, "node_modules"))) {
    throw new WeftError(`the peers are not installed; run \`${INSTALL}\` first`);
  }
}

/** A running peer. After `pause` it is stopped by a signal until the next call. */
export class PeerProcess {
  private readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  private readonly killWithUs = () => this.child.kill("SIGKILL");
  private settle: ((answer: PeerAnswer) => void) | undefined;
  private lastWords = "";
  private ended: string | undefined;

  /** @param script in engines/. */
  constructor(
    readonly name: string,
    script: string,
    environment: Readonly<Record<string, string | undefined>>,
  ) {
    this.child = spawn(process.execPath, [join(PEERS_FOLDER, "engines", script)], {
      env: { ...process.env, ...environment },
      stdio: ["pipe", "pipe", "pipe"],
    });
    process.once("exit", this.killWithUs);
    createInterface({ input: this.child.stdout }).on("line", (line) => {
      if (line.startsWith("{")) this.answer(JSON.parse(line) as PeerAnswer);
    });
    this.child.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.lastWords = (this.lastWords + text).slice(-600);
      if (process.env.WEFT_PEERS_DEBUG) process.stderr.write(text);
    });
    this.child.stdin.on("error", () => undefined); // the exit below reports it
    this.child.on("error", (fault) => this.end(fault.message));
    this.child.on("exit", (code, signal) => this.end(`ended with ${signal ?? `code ${code}`}`));
  }

  /** Whether it can be asked. */
  get isAlive(): boolean {
    return this.ended === undefined;
  }

  /**
   * Asks and waits for the answer.
   * @throws WeftError if the peer answers with an error, ends, or takes too long; in that case it is ended.
   */
  async ask(request: Readonly<Record<string, unknown>>, seconds: number): Promise<PeerAnswer> {
    if (this.ended !== undefined) throw new WeftError(`${this.name} ${this.ended}`);
    let timer: NodeJS.Timeout | undefined;
    const answer = await new Promise<PeerAnswer>((resolve) => {
      this.settle = resolve;
      timer = setTimeout(() => {
        resolve({ error: `took longer than ${seconds} s to ${String(request.do)}` });
        this.close();
      }, seconds * 1000);
      this.child.stdin.write(`${JSON.stringify(request)}\n`);
    });
    clearTimeout(timer);
    if (typeof answer.error === "string") throw new WeftError(`${this.name}: ${answer.error}`);
    return answer;
  }

  /** Stops it, spinning threads included, while something else is timed. */
  pause(): void {
    if (CAN_PAUSE && this.isAlive) this.child.kill("SIGSTOP");
  }

  resume(): void {
    if (CAN_PAUSE && this.isAlive) this.child.kill("SIGCONT");
  }

  /** Ends it. */
  close(): void {
    process.removeListener("exit", this.killWithUs);
    this.child.kill("SIGKILL");
    this.end("was ended");
  }

  private answer(answer: PeerAnswer): void {
    this.settle?.(answer);
    this.settle = undefined;
  }

  private end(how: string): void {
    if (this.ended !== undefined) return;
    this.ended = how;
    const words = this.lastWords.trim().split("\n").slice(-2).join("; ");
    this.answer({ error: words === "" ? how : `${how} (${words})` });
  }
}
