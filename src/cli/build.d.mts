// Types of build.mjs, which runs before anything is compiled.

/** Builds dist/weft.js, dist/node.js and what stands beside them. */
export function buildLibrary(): Promise<void>;
/** Builds dist/keras_worker.js. */
export function buildKerasWorker(): Promise<void>;
/** A hash of all that decides what kernels compute and how fast. */
export function kernelHash(): string;
/** Bundles the command line, dist/cli.js. */
export function buildCommandLine(): Promise<void>;
/** Whether a file of dist/ is missing or older than a source in one of the folders. */
export function isStale(name: string, sources?: readonly string[]): boolean;
