// What ends a request before its end: stalls, lost connections, servers that cannot be reached, in words.

import { messageOf, WeftError } from "../../base/errors.ts";
import { messageWithoutSecrets } from "./web_address.ts";

/** A request ended early; another one may bring more. */
export class Interruption extends Error {
  /** @param isLasting another attempt right now would end the same way: no such host, no network */
  constructor(
    message: string,
    readonly isLasting = false,
  ) {
    super(message);
  }
}

/** Codes of Node and of its fetch: what to say, and whether trying again at once is in vain. */
const REASONS: Readonly<Record<string, readonly [text: string, isLasting: boolean]>> = {
  ECONNREFUSED: ["the server cannot be reached (connection refused)", true],
  ENOTFOUND: ["the server cannot be reached (no address is known for its name)", true],
  EAI_AGAIN: ["the server cannot be reached (its name cannot be looked up)", true],
  ENETUNREACH: ["the server cannot be reached (no network)", true],
  EHOSTUNREACH: ["the server cannot be reached (no way to it)", true],
  ECONNRESET: ["the connection was lost", false],
  EPIPE: ["the connection was lost", false],
  UND_ERR_SOCKET: ["the connection was lost", false],
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: ["the connection was lost", false],
  ETIMEDOUT: ["the server cannot be reached (no answer)", false],
  UND_ERR_CONNECT_TIMEOUT: ["the server cannot be reached (no answer)", false],
};

/** Ends a request whose server stays silent, that somebody stops, or that is over. */
export class RequestWatch {
  private readonly controller = new AbortController();
  private readonly end = () => this.controller.abort();
  private isStalled = false;

  /** @param seconds of silence that are too many */
  constructor(
    readonly seconds: number,
    private readonly stop?: AbortSignal,
  ) {
    stop?.addEventListener("abort", this.end);
    if (stop?.aborted) this.end();
  }

  /** For the request. */
  get signal(): AbortSignal {
    return this.controller.signal;
  }

  get hasStalled(): boolean {
    return this.isStalled;
  }

  /** Waits for a part of the request, no longer than the silence may last. */
  async waitFor<T>(work: Promise<T>): Promise<T> {
    const timer = setTimeout(() => {
      this.isStalled = true;
      this.end();
    }, 1000 * this.seconds);
    try {
      return await work;
    } finally {
      clearTimeout(timer);
    }
  }

  /** Closes the connection. */
  close(): void {
    this.stop?.removeEventListener("abort", this.end);
    this.end();
  }
}

/** What fetch or the body's reader threw, as an Interruption; faults of weft's own as they are. */
export function interruptionOf(thrown: unknown, watch: RequestWatch): Error {
  if (thrown instanceof Interruption || thrown instanceof WeftError) return thrown;
  if (watch.hasStalled) return new Interruption(`the server sent nothing for ${watch.seconds} s`);
  if (!(thrown instanceof TypeError)) return thrown instanceof Error ? thrown : new Error(messageOf(thrown));
  const code = codeOf(thrown.cause);
  const [text, isLasting] = REASONS[code] ?? [`the request failed (${causeText(thrown)})`, true];
  return new Interruption(isLasting ? `${text}${proxyHint(process.env)}` : text, isLasting);
}

/** A connection tried over IPv4 and IPv6 fails with several errors. */
function codeOf(cause: unknown): string {
  if (!(cause instanceof Error)) return "";
  if ("code" in cause && typeof cause.code === "string") return cause.code;
  return cause instanceof AggregateError ? codeOf(cause.errors[0]) : "";
}

function causeText({ cause, message }: TypeError): string {
  const code = codeOf(cause);
  const text = messageWithoutSecrets(cause === undefined ? message : messageOf(cause));
  return code === "" || text.includes(code) ? text : `${code}: ${text}`;
}

const PROXY_VARIABLES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];

/** Node's fetch takes no notice of proxies unless it is told to, and before 22.21 it cannot be told. */
function proxyHint(variables: Readonly<Record<string, string | undefined>>): string {
  const set = PROXY_VARIABLES.find((name) => variables[name]);
  if (set === undefined || variables.NODE_USE_ENV_PROXY === "1") return "";
  return `; ${set} is set, but Node follows it only from 22.21 or 24 on with NODE_USE_ENV_PROXY=1`;
}
