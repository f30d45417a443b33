// Types of build.mjs, which runs before anything is compiled.

/** Builds the entries of the library and what stands beside them. */
export function buildLibrary(): Promise<void>;
/** The sources of the library's entries, by the names of their bundles. */
export function libraryEntries(): Readonly<Record<string, string>>;
/** Builds dist/keras_worker.js. */
export function buildKerasWorker(): Promise<void>;
/** A hash of all that decides what kernels compute and how fast. */
export function kernelHash(): string;
/** Bundles the command line, dist/cli.js. */
export function buildCommandLine(): Promise<void>;
/** Whether a file of dist/ is missing or older than a source in one of the folders. */
export function isStale(name: string, sources?: readonly string[]): boolean;
