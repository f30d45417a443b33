// Trousers and skirts on the lay figure from the waist down.
import type { RandomStream } from "../base/random.ts";
import { bareLegs, barePelvis, drawStance, type Heights, type Leg, legAt, OUTLINE } from "./figure.ts";
import type { Palette } from "./palette.ts";
import { CLOTH_FILL } from "./scene.ts";
import { d, disc, line, outlined, type Point, polygon, polyline, ribbon } from "./svg_text.ts";

const LOWER_BODY: Heights = {
  waist: 9,
  hip: 26,
  knee: 53,
  ankle: 83,
  sole: 91,
  bands: [36, 48, 61, 73.5],
};

/** Where the hem lies for each class of pant_length but the first. */
export const PANT_HEMS = [36, 48, 61, 74, 88] as const;
/** Where the hem lies for each class of skirt_length but the first. */
export const SKIRT_HEMS = [37, 49, 62, 75, 92] as const;

const HIP_SPREAD = 9.5;
const THIGH = 7;

/** Trousers whose hems lie at height `hem`. */
export function drawPants(hem: number, palette: Palette, random: RandomStream): string {
  const legs = drawStance(LOWER_BODY, HIP_SPREAD, random);
  const width = random.between(8, 9);
  const flare = random.between(-1.2, 1.6);
  const { waist, hip } = LOWER_BODY;
  const seat = polygon([
    [50 - 13, waist],
    [50 + 13, waist],
    [50 + HIP_SPREAD + width + 0.5, hip],
    [50, hip + 7],
    [50 - HIP_SPREAD - width - 0.5, hip],
  ]);
  return (
    dummy(legs, palette) +
    outlined(
      [seat, ...legs.map((leg) => trouserLeg(leg, hem, width, flare))],
      CLOTH_FILL,
      palette.ink,
      OUTLINE,
    ) +
    legs.map((leg) => turnUp(leg, hem, width + flare + 0.5, palette)).join("") +
    line(d`M50 ${waist + 4}V${hip + 6}`, palette.clothSeam, 0.9) +
    waistband(palette)
  );
}

function trouserLeg(leg: Leg, hem: number, width: number, flare: number): string {
  const heights = [26, 32, 44, 53, 62, 72].filter((y) => y < hem - 2).concat(hem);
  return ribbon(
    heights.map((y) => legAt(leg, y)),
    heights.map((y) => width + (flare * (y - 26)) / (hem - 26)),
  );
}

function turnUp(leg: Leg, hem: number, halfWidth: number, palette: Palette): string {
  const [x] = legAt(leg, hem);
  const [top] = legAt(leg, hem - 4);
  const band = polygon([
    [top - halfWidth, hem - 4],
    [top + halfWidth, hem - 4],
    [x + halfWidth, hem],
    [x - halfWidth, hem],
  ]);
  return outlined([band], palette.trim, palette.ink, OUTLINE * 0.8);
}

/** A skirt whose hem lies at height `hem`. */
export function drawSkirt(hem: number, palette: Palette, random: RandomStream): string {
  const legs = drawStance(LOWER_BODY, HIP_SPREAD * 0.8, random);
  const reach = (hem - LOWER_BODY.waist) / 80;
  const spread = 19 + random.between(2, 13) * Math.sqrt(reach);
  const folds = random.pick([0, 3, 4, 5]);
  return dummy(legs, palette) + skirtCloth(hem, spread, folds, palette) + waistband(palette);
}

function skirtCloth(hem: number, spread: number, folds: number, palette: Palette): string {
  const { waist } = LOWER_BODY;
  const side = (outward: number, y: number): Point => {
    const share = (y - waist) / (hem - waist);
    return [50 + outward * (13 + (spread - 13) * share ** 0.7), y];
  };
  const steps = [0, 0.2, 0.4, 0.6, 0.8, 1].map((t) => waist + (hem - waist) * t);
  const sag = 2.5;
  const edge = (y: number) => {
    const [left] = side(-1, y);
    const [right] = side(1, y);
    return { left, right, y };
  };
  const outline = (from: number) => {
    const heights = [from, ...steps.filter((y) => y > from)];
    const left = heights.map((y) => side(-1, y));
    const right = heights.map((y) => side(1, y)).reverse();
    const top = edge(from);
    const bottom = edge(hem);
    return (
      polyline(left) +
      d`Q50 ${hem + sag * 2} ${bottom.right} ${hem}` +
      right
        .slice(1)
        .map(([x, y]) => d`L${x} ${y}`)
        .join("") +
      d`Q50 ${from + (from > waist ? sag * 2 : 0)} ${top.left} ${from}Z`
    );
  };
  const lines = Array.from({ length: folds }, (_, i) => {
    const x = ((i + 1) / (folds + 1)) * 2 - 1;
    return line(d`M${50 + x * 12} ${waist + 5}L${50 + x * spread * 0.95} ${hem - 6}`, palette.clothSeam, 0.8);
  });
  return (
    outlined([outline(waist)], CLOTH_FILL, palette.ink, OUTLINE) +
    lines.join("") +
    outlined([outline(hem - 4.5)], palette.trim, palette.ink, OUTLINE * 0.8)
  );
}

function dummy(legs: readonly Leg[], palette: Palette): string {
  const chest = polygon([
    [30, -40],
    [70, -40],
    [63, 3],
    [37, 3],
  ]);
  return (
    bareLegs(legs, LOWER_BODY, THIGH, palette) +
    barePelvis(LOWER_BODY, 0, 14, palette) +
    outlined([chest], palette.body, palette.ink, OUTLINE)
  );
}

function waistband(palette: Palette): string {
  const { waist } = LOWER_BODY;
  const band = polygon([
    [36.5, waist - 1],
    [63.5, waist - 1],
    [64.5, waist + 4],
    [35.5, waist + 4],
  ]);
  return outlined([band], palette.trim, palette.ink, OUTLINE * 0.8);
}

/** The waist close up, everything below cut off by the frame: the length cannot be seen. */
export function drawWaistCloseUp(isSkirt: boolean, palette: Palette, random: RandomStream): string {
  const flare = random.between(6, 16);
  const cloth = polygon([
    [22, 34],
    [78, 34],
    [84 + flare * 0.5, 64],
    [88 + flare, 130],
    [12 - flare, 130],
    [16 - flare * 0.5, 64],
  ]);
  const band = polygon([
    [21, 30],
    [79, 30],
    [80, 42],
    [20, 42],
  ]);
  const belly = d`M26 -20C20 0 22 16 24 34H76C78 16 80 0 74 -20Z`;
  const pockets = isSkirt
    ? [-1, 0, 1].map((i) => line(d`M${50 + i * 15} 44L${50 + i * 24} 140`, palette.clothSeam, 1.2))
    : [
        line("M50 42V84C50 92 40 90 39 80", palette.clothSeam, 1.2),
        line("M24 60C32 60 37 54 38 44", palette.clothSeam, 1.2),
        line("M76 60C68 60 63 54 62 44", palette.clothSeam, 1.2),
      ];
  return (
    outlined([belly], palette.body, palette.ink, OUTLINE) +
    disc([50, 12], 2, palette.joint, palette.ink, OUTLINE) +
    outlined([cloth], CLOTH_FILL, palette.ink, OUTLINE) +
    pockets.join("") +
    outlined([band], palette.trim, palette.ink, OUTLINE) +
    disc([50, 36], 3.4, palette.cloth, palette.ink, OUTLINE)
  );
}
