// A download on stderr: a line at its begin and at its end, and on a terminal a bar between them.

import { now, Progress } from "./progress.ts";
import { duration, say } from "./terminal.ts";

const BYTES_PER_MB = 1e6;

/** Shows one file's download; nothing where nothing is downloaded. */
export class DownloadProgress {
  private bar: Progress | undefined;
  private startedAt: number | undefined;
  private start = 0;
  private received = 0;
  private isShown = false;

  constructor(private readonly fileName: string) {}

  /** @param total bytes of the file, where the server tells them */
  update(received: number, total: number | undefined): void {
    if (!this.isShown || received < this.received) this.begin(received, total);
    this.received = received;
    this.bar?.update(megabytes(received - this.start));
  }

  /** Something is in the way; what follows shows as a new bar. */
  trouble(reason: string): void {
    this.clear();
    say(`${this.fileName}: ${reason}`);
  }

  /** Clears the bar. */
  clear(): void {
    this.bar?.abandon();
    this.bar = undefined;
    this.isShown = false;
  }

  /** Says that the file is there now. */
  finish(path: string): void {
    this.clear();
    if (this.startedAt !== undefined) say(`downloaded in ${duration(now() - this.startedAt)}: ${path}`);
  }

  private begin(received: number, total: number | undefined): void {
    this.clear();
    this.isShown = true;
    this.startedAt ??= now();
    this.start = received;
    const size = total === undefined ? "" : `${megabytes(total)} MB`;
    if (received > 0) say(`going on with ${this.fileName} at ${megabytes(received)} of ${size || "?"}`);
    else say(`downloading ${this.fileName}${size && `, ${size}`}`);
    if (!process.stderr.isTTY || total === undefined || total === received) return;
    this.bar = new Progress({ label: "downloading", total: megabytes(total - received), unit: "MB" });
  }
}

const megabytes = (bytes: number) => Number((bytes / BYTES_PER_MB).toFixed(1));
