/**
 * The backbones, as Keras' applications have them, and the multi-task heads with their loss.
 *
 * @module weft/models
 */

export type { Backbone, BackboneConfig } from "../models/backbone.ts";
export { BACKBONES, backboneNamed } from "../models/backbones.ts";
export { efficientNetB0 } from "../models/efficientnet_b0.ts";
export { efficientNetV2B0 } from "../models/efficientnet_v2_b0.ts";
export type { CountedHead, Head } from "../models/heads.ts";
export { inceptionResNetV2 } from "../models/inception_resnet_v2.ts";
export { inceptionV3 } from "../models/inception_v3.ts";
export { mobileNet } from "../models/mobilenet.ts";
export { mobileNetV2 } from "../models/mobilenet_v2.ts";
export {
  headProbabilities,
  joinLogits,
  multiTaskHeads,
  multiTaskLoss,
} from "../models/multi_task.ts";
export { nasNetLarge, nasNetMobile } from "../models/nasnet.ts";
export { resNet50 } from "../models/resnet50.ts";
export { xception } from "../models/xception.ts";
