// An HTTP server on this machine that serves one file, and can be told to do so badly.

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** How a request is answered. */
export interface Answer {
  /** Answers with this status and no file. */
  readonly status?: number;
  readonly content?: Uint8Array;
  readonly etag?: string | null;
  /** Sends so many bytes of what was asked for, and then `ending`. */
  readonly bytes?: number;
  /** `cut` closes the connection, `stall` leaves it open and silent. */
  readonly ending?: "cut" | "stall";
  readonly ignoresRange?: boolean;
  /** Sends the range whatever If-Range says. */
  readonly ignoresIfRange?: boolean;
  /** Sends no length: the body ends where the connection does. */
  readonly hidesLength?: boolean;
  /** Sent in place of the server's own headers of these names. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Sends the reader there. */
  readonly location?: string;
  /** Milliseconds between pieces of a tenth. */
  readonly pieceEveryMs?: number;
}

/** What was asked for. */
export interface Asked {
  readonly path: string;
  readonly range: string | undefined;
  readonly ifRange: string | undefined;
  readonly authorization: string | undefined;
}

export interface FileServer {
  /** `http://127.0.0.1:PORT`. */
  readonly origin: string;
  readonly asked: readonly Asked[];
  close(): Promise<void>;
}

/**
 * Serves a file at every path.
 * @param answers to the first, second, … request; the last one to all that follow
 */
export async function serveFile(content: Uint8Array, answers: readonly Answer[] = [{}]): Promise<FileServer> {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    const { range, authorization, "if-range": ifRange } = request.headers;
    asked.push({ path: request.url ?? "", range, ifRange: ifRange?.toString(), authorization });
    const answer = answers[Math.min(asked.length, answers.length) - 1] ?? {};
    reply(request, response, { content, ...answer }).catch(() => response.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { origin: `http://127.0.0.1:${port}`, asked, close };
}

/** An address at which nobody answers. */
export async function closedOrigin(): Promise<string> {
  const server = await serveFile(new Uint8Array());
  await server.close();
  return server.origin;
}

async function reply(
  request: IncomingMessage,
  response: ServerResponse,
  answer: Answer & { content: Uint8Array },
): Promise<void> {
  const { status, content, etag = '"one"', ignoresRange, ignoresIfRange } = answer;
  if (status !== undefined) {
    response.writeHead(status).end("no file");
    return;
  }
  if (answer.location !== undefined) {
    response.writeHead(302, { location: answer.location }).end();
    return;
  }
  const { range, "if-range": ifRange } = request.headers;
  const isSame = ignoresIfRange || ifRange === undefined || ifRange === etag;
  const start = ignoresRange || !isSame ? undefined : range?.match(/^bytes=(\d+)-$/)?.[1];
  const body = content.subarray(Number(start ?? 0));
  if (start !== undefined && body.length === 0) {
    response.writeHead(416, { "content-range": `bytes */${content.length}` }).end();
    return;
  }
  if (etag !== null) response.setHeader("etag", etag);
  if (answer.hidesLength) response.setHeader("connection", "close");
  else response.setHeader("content-length", body.length);
  if (start !== undefined) {
    response.setHeader("content-range", `bytes ${start}-${content.length - 1}/${content.length}`);
  }
  response.writeHead(start === undefined ? 200 : 206, answer.headers);
  response.flushHeaders();
  await send(response, body.subarray(0, answer.bytes ?? body.length), answer.pieceEveryMs ?? 0);
  if (answer.ending === "cut") response.destroy();
  else if (answer.ending !== "stall") response.end();
}

async function send(response: ServerResponse, body: Uint8Array, pieceEveryMs: number): Promise<void> {
  const pieces = pieceEveryMs > 0 ? 10 : 1;
  for (let i = 0; i < pieces; i++) {
    const piece = body.subarray(
      Math.floor((i * body.length) / pieces),
      Math.floor(((i + 1) * body.length) / pieces),
    );
    await new Promise((resolve) => response.write(piece, resolve));
    if (pieceEveryMs > 0) await new Promise((resolve) => setTimeout(resolve, pieceEveryMs));
  }
}
