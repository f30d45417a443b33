// The kernels of this weft as a hash of the sources of shaders, operators and linker, which the build writes into the
// bundle (src/cli/build.mjs). A measurement is valid only for the kernels that it was made with.

declare const WEFT_KERNEL_HASH: unknown;

/** Sixteen hexadecimal digits; "unbundled" if the sources run without having been bundled. */
export const KERNEL_HASH: string = typeof WEFT_KERNEL_HASH === "string" ? WEFT_KERNEL_HASH : "unbundled";
