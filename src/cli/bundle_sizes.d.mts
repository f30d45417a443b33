// Types of bundle_sizes.mjs, which runs before anything is compiled.

/** Bytes of an entry after minifying and gzip: what is loaded at once, and what is imported later. */
export interface EntrySize {
  readonly name: string;
  readonly start: number;
  readonly onUse: number;
}

/** Measures entries of dist/ as a page's bundler leaves them. @param names such as "graph" */
export function measureEntries(names: readonly string[]): Promise<EntrySize[]>;
