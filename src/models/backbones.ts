// The backbones by name.

import { WeftError } from "../base/errors.ts";
import type { Backbone } from "./backbone.ts";
import { mobileNetV2 } from "./mobilenet_v2.ts";

const ALL: readonly Backbone[] = [mobileNetV2];

/** Backbones by Keras' names. */
export const BACKBONES: ReadonlyMap<string, Backbone> = new Map(
  ALL.map((backbone) => [backbone.name, backbone]),
);

/** @throws WeftError listing what there is. */
export function backboneNamed(name: string): Backbone {
  const exact = BACKBONES.get(name) ?? ALL.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (!exact) throw new WeftError(`unknown backbone ${name}; weft has ${[...BACKBONES.keys()].join(", ")}`);
  return exact;
}
