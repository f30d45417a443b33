// The backbones by name.

import { WeftError } from "../base/errors.ts";
import type { Backbone } from "./backbone.ts";
import { efficientNetB0 } from "./efficientnet_b0.ts";
import { efficientNetV2B0 } from "./efficientnet_v2_b0.ts";
import { inceptionResNetV2 } from "./inception_resnet_v2.ts";
import { inceptionV3 } from "./inception_v3.ts";
import { mobileNet } from "./mobilenet.ts";
import { mobileNetV2 } from "./mobilenet_v2.ts";
import { nasNetLarge, nasNetMobile } from "./nasnet.ts";
import { resNet50 } from "./resnet50.ts";
import { xception } from "./xception.ts";

const ALL: readonly Backbone[] = [
  mobileNetV2,
  inceptionResNetV2,
  nasNetLarge,
  nasNetMobile,
  inceptionV3,
  xception,
  resNet50,
  mobileNet,
  efficientNetB0,
  efficientNetV2B0,
];

/** Backbones by Keras' names. */
export const BACKBONES: ReadonlyMap<string, Backbone> = new Map(
  ALL.map((backbone) => [backbone.name, backbone]),
);

/**
 * The backbone of Keras' name, such as `MobileNetV2`.
 * @throws WeftError that lists the backbones, if there is none of that name
 */
export function backboneNamed(name: string): Backbone {
  const exact = BACKBONES.get(name) ?? ALL.find((one) => one.name.toLowerCase() === name.toLowerCase());
  if (!exact) throw new WeftError(`unknown backbone ${name}; weft has ${[...BACKBONES.keys()].join(", ")}`);
  return exact;
}
