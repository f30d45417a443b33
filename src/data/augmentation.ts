// Augmentation parameters: one affine warp an image and epoch (flip, rotation, zoom per axis), a
// function of the seed, the epoch and the image alone.

import { RandomStream } from "../base/random.ts";

const MAX_ROTATION_DEGREES = 20;
const ZOOM_LOW = 0.8;
const ZOOM_HIGH = 1.2;

/**
 * The warp of one image as augmentAffine takes it: output pixel (x, y) reads the input at
 * (t0·x + t1·y + t2, t3·x + t4·y + t5), pixel centres at whole numbers. Rotates and zooms about the
 * image's centre.
 */
export function augmentationTransform(
  seed: number,
  epoch: number,
  image: number,
  width: number,
  height: number,
): number[] {
  const random = new RandomStream(seed, `augmentation/${epoch}/${image}`);
  const mirror = random.uniform() < 0.5 ? -1 : 1;
  const radians = (random.between(-MAX_ROTATION_DEGREES, MAX_ROTATION_DEGREES) * Math.PI) / 180;
  const zoomX = random.between(ZOOM_LOW, ZOOM_HIGH);
  const zoomY = random.between(ZOOM_LOW, ZOOM_HIGH);
  const cos = Math.cos(radians);
  const sin = Math.sin(radians);
  const t0 = cos * zoomX * mirror;
  const t1 = -sin * zoomY;
  const t3 = sin * zoomX * mirror;
  const t4 = cos * zoomY;
  const centreX = (width - 1) / 2;
  const centreY = (height - 1) / 2;
  return [t0, t1, centreX - t0 * centreX - t1 * centreY, t3, t4, centreY - t3 * centreX - t4 * centreY];
}
