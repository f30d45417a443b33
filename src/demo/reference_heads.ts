// The heads of the reference task, FashionAI's clothes: those of the demo set.

import type { Head } from "../models/heads.ts";
import { DEMO_ATTRIBUTES } from "./attributes.ts";

/** The eight attributes of the reference task, for whoever plans or measures without a data set. */
export const REFERENCE_HEADS: readonly Head[] = DEMO_ATTRIBUTES.map(({ name, classes }) => {
  return { name, classes: classes.length };
});
