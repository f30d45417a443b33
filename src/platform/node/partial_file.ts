// The part of a download that has arrived, beside its place: `FILE.part`, and `FILE.part.json` with what a
// later run needs to know to go on with it.

import { type FileHandle, open, readFile, rename, rm, stat, writeFile } from "node:fs/promises";
import { fileFault } from "./files.ts";

/** What the server said about the file of which this is a part. */
export interface PartFacts {
  readonly url: string;
  readonly etag?: string | undefined;
  /** Bytes of the whole file, where they are known. */
  readonly total?: number | undefined;
}

/** An open part; `received` bytes of it are there. */
export class PartialFile {
  private constructor(
    readonly path: string,
    private readonly handle: FileHandle,
    private known: PartFacts | undefined,
    private length: number,
  ) {}

  /** Opens the part of an earlier run, where it is of the same address, else an empty one. */
  static async open(path: string, url: string): Promise<PartialFile> {
    const facts = await readFacts(factsPath(path));
    const size = await stat(path).then(
      (found) => found.size,
      () => 0,
    );
    const goesOn = facts?.url === url && size > 0 && size <= (facts.total ?? Number.POSITIVE_INFINITY);
    return attempt(path, async () => {
      const handle = await open(path, goesOn ? "r+" : "w");
      return new PartialFile(path, handle, goesOn ? facts : undefined, goesOn ? size : 0);
    });
  }

  get received(): number {
    return this.length;
  }

  get facts(): PartFacts | undefined {
    return this.known;
  }

  /** Drops what has arrived. @param facts of the file that comes now, where they are known */
  async restart(facts?: PartFacts): Promise<void> {
    await attempt(this.path, async () => {
      await this.handle.truncate(0);
      this.length = 0;
      this.known = facts;
      if (facts) await writeFile(factsPath(this.path), JSON.stringify(facts));
      else await rm(factsPath(this.path), { force: true });
    });
  }

  async append(piece: Uint8Array): Promise<void> {
    await attempt(this.path, async () => {
      for (let done = 0; done < piece.length; ) {
        const { bytesWritten } = await this.handle.write(
          piece,
          done,
          piece.length - done,
          this.length + done,
        );
        done += bytesWritten;
      }
      this.length += piece.length;
    });
  }

  /** Makes sure that the bytes are on the disk. */
  sync(): Promise<void> {
    return attempt(this.path, () => this.handle.sync());
  }

  close(): Promise<void> {
    return this.handle.close();
  }
}

/** Puts a closed part in its place. */
export async function movePart(path: string, target: string): Promise<void> {
  await attempt(target, () => rename(path, target));
  await rm(factsPath(path), { force: true });
}

/** Removes a closed part. */
export async function removePart(path: string): Promise<void> {
  await rm(path, { force: true });
  await rm(factsPath(path), { force: true });
}

const factsPath = (path: string) => `${path}.json`;

async function attempt<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (thrown) {
    throw fileFault(path, thrown);
  }
}

/** Undefined where there are none, or where a crash left half of them. */
async function readFacts(path: string): Promise<PartFacts | undefined> {
  try {
    const json: unknown = JSON.parse(await readFile(path, "utf8"));
    if (typeof json !== "object" || json === null) return undefined;
    const { url, etag, total } = json as Record<string, unknown>;
    if (typeof url !== "string") return undefined;
    return {
      url,
      ...(typeof etag === "string" && { etag }),
      ...(typeof total === "number" && { total }),
    };
  } catch {
    return undefined;
  }
}
