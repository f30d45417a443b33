/**
 * Rewrites of graphs into ones that compute the same with fewer or cheaper nodes.
 *
 * @module weft/passes
 */

export { type Differentiated, fuse, fuseForInference, rewriteDifferentiated } from "../passes/passes.ts";
export { RECOMPUTE_CHOICES, type Recompute } from "../passes/recompute.ts";
