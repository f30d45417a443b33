// What kernels this weft has, as a hash of the sources of shaders, operators and linker, which the build writes
// into the bundle (src/cli/build.mjs): a measurement holds for the kernels it was made of.

declare const WEFT_KERNEL_HASH: unknown;

/** Sixteen hex digits; "unbundled" where the sources run without having been bundled. */
export const KERNEL_HASH: string = typeof WEFT_KERNEL_HASH === "string" ? WEFT_KERNEL_HASH : "unbundled";
