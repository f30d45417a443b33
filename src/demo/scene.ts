// What surrounds a garment in a demo picture: the wall behind it, the pattern of its cloth, its pose in
// the frame, and the camera's noise.
import type { RandomStream } from "../base/random.ts";
import type { Palette } from "./palette.ts";
import { circleAt, d, decimal, filled } from "./svg_text.ts";

/** How far a pose may stray from the middle of the frame. */
export interface PoseRange {
  /** Smallest and largest scale. */
  readonly scale: readonly [number, number];
  /** Largest shift in x and y, in hundredths of the picture. */
  readonly shift: readonly [number, number];
  /** Largest turn in degrees, either way. */
  readonly turn: number;
}

/** A complete picture of 100 x 100 units: wall, then the drawing in a random pose. */
export function composePicture(
  drawing: string,
  palette: Palette,
  pose: PoseRange,
  random: RandomStream,
): string {
  const scale = random.between(...pose.scale);
  const mirror = random.uniform() < 0.5 ? -1 : 1;
  const x = 50 + random.between(-pose.shift[0], pose.shift[0]);
  const y = 50 + random.between(-pose.shift[1], pose.shift[1]);
  const turn = random.between(-pose.turn, pose.turn);
  const place =
    `translate(${decimal(x)} ${decimal(y)}) rotate(${decimal(turn)})` +
    ` scale(${decimal(scale * mirror)} ${decimal(scale * random.between(0.96, 1.04))}) translate(-50 -50)`;
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 100">` +
    `<defs>${clothPattern(palette, random)}</defs>${wall(palette, random)}` +
    `<g transform="${place}">${drawing}</g></svg>`
  );
}

/** The fill that shows the cloth with its pattern; composePicture defines it. */
export const CLOTH_FILL = "url(#cloth)";

function clothPattern(palette: Palette, random: RandomStream): string {
  const size = random.between(4, 7);
  const half = size / 2;
  const mark = palette.shade;
  const marks = random.pick([
    "",
    "",
    "",
    "",
    "",
    filled(d`M0 0H${half}V${size}H0Z`, mark),
    filled(d`M0 0H${size}V${half}H0Z`, mark),
    circleAt([half, half], size * 0.24, mark),
    filled(d`M0 0H${half}V${size}H0Z`, mark, 0.6) + filled(d`M0 0H${size}V${half}H0Z`, mark, 0.6),
  ]);
  const turn = random.pick([0, 0, 0, 45]);
  return (
    `<pattern id="cloth" width="${decimal(size)}" height="${decimal(size)}" patternUnits="userSpaceOnUse"` +
    ` patternTransform="rotate(${turn})">` +
    filled(d`M0 0H${size}V${size}H0Z`, palette.cloth) +
    `${marks}</pattern>`
  );
}

function wall(palette: Palette, random: RandomStream): string {
  const base = filled("M0 0H100V100H0Z", palette.wall);
  const at = random.between(15, 85);
  const extra = random.pick([
    () => "",
    () => filled(d`M0 ${60 + at / 3}H100V100H0Z`, palette.floor),
    () => circleAt([at, random.between(20, 80)], random.between(20, 45), palette.floor),
    () => filled(d`M0 0H${at}V100H0Z`, palette.floor),
    () => filled(d`M0 ${at}L100 ${random.between(15, 85)}V100H0Z`, palette.floor),
    () =>
      [0, 1, 2, 3]
        .map((i) => filled(d`M${at / 4 + i * 26} 0h${random.between(6, 14)}V100h-${8}Z`, palette.floor))
        .join(""),
    () => circleAt([at, 30], 14, palette.floor) + circleAt([100 - at, 70], 22, palette.floor),
  ]);
  return base + extra();
}

/** Adds light and camera noise to RGB bytes in place: a slope of brightness and grain of deviation ~ 5. */
export function addNoise(rgb: Uint8Array, px: number, random: RandomStream): void {
  const slopeX = random.between(-22, 22) / px;
  const slopeY = random.between(-22, 22) / px;
  const grain = random.between(3, 8);
  const level = random.between(-10, 10);
  for (let y = 0, i = 0; y < px; y++) {
    for (let x = 0; x < px; x++, i += 3) {
      const light = level + slopeX * (x - px / 2) + slopeY * (y - px / 2);
      const bits = random.nextUint32();
      for (let c = 0; c < 3; c++) {
        const speck = (((bits >>> (10 * c)) & 1023) / 1023 - 0.5) * grain * 3.46;
        rgb[i + c] = Math.max(0, Math.min(255, Math.round((rgb[i + c] ?? 0) + light + speck)));
      }
    }
  }
}
