// The lay figure that wears the garments: a dummy whose limbs are painted in bands (thigh, knee, calf, ankle;
// shoulder, upper arm, elbow, forearm, wrist). A hem hides or shows whole bands, so that a length can be read
// off whatever the scale of the picture.
import type { RandomStream } from "../base/random.ts";
import type { Palette } from "./palette.ts";
import {
  between,
  circleAt,
  d,
  disc,
  filled,
  line,
  outlined,
  type Point,
  polygon,
  polyline,
  ribbon,
} from "./svg_text.ts";

export const OUTLINE = 1.1;

/** Heights of a figure's joints in a frame of 100 units. */
export interface Heights {
  readonly waist: number;
  readonly hip: number;
  readonly knee: number;
  readonly ankle: number;
  readonly sole: number;
  /** Where the painted bands of a leg begin: thigh, knee, calf, ankle. */
  readonly bands: readonly [number, number, number, number];
}

/** A leg from hip to toes. `outward` is -1 for the leg on the left of the picture, 1 on the right. */
export interface Leg {
  readonly hip: Point;
  readonly knee: Point;
  readonly ankle: Point;
  readonly sole: number;
  readonly outward: number;
}

/** Two legs in a random stance. */
export function drawStance(heights: Heights, hipSpread: number, random: RandomStream): [Leg, Leg] {
  const stride = random.between(0, 5);
  const sway = random.between(-2.5, 2.5);
  const leg = (outward: number): Leg => ({
    hip: [50 + outward * hipSpread, heights.hip],
    knee: [50 + sway + outward * (hipSpread + stride * 0.6 + random.between(-1, 1)), heights.knee],
    ankle: [50 + outward * (hipSpread + stride + random.between(-0.5, 1)), heights.ankle],
    sole: heights.sole,
    outward,
  });
  return [leg(-1), leg(1)];
}

/** The point of a leg's center line at a height (below the ankle: straight down). */
export function legAt(leg: Leg, y: number): Point {
  const [a, b] = y < leg.knee[1] ? [leg.hip, leg.knee] : [leg.knee, leg.ankle];
  const x = between(a, b, Math.min(1, (y - a[1]) / (b[1] - a[1])))[0];
  return [x, y];
}

/**
 * Legs painted in a band for every length that a hem can have: thigh, knee, calf, ankle, shoe. `girth` is
 * the thigh's half width.
 */
export function bareLegs(legs: readonly Leg[], heights: Heights, girth: number, palette: Palette): string {
  return legs.map((leg) => bareLeg(leg, heights, girth, palette)).join("");
}

function bareLeg(leg: Leg, heights: Heights, girth: number, palette: Palette): string {
  const [x, y] = leg.ankle;
  const toe = x + leg.outward * girth * 1.4;
  const heel = x - leg.outward * girth * 0.7;
  const shoe = d`M${heel} ${y}L${x + leg.outward * 2} ${y}Q${toe} ${leg.sole - 3} ${toe} ${leg.sole}L${heel} ${leg.sole}Z`;
  const halfWidth = (at: number) => girth * (1 - (0.4 * (at - leg.hip[1])) / (leg.ankle[1] - leg.hip[1]));
  const piece = (from: number, to: number) => {
    const stops = [from, (from + to) / 2, to];
    return ribbon(
      stops.map((at) => legAt(leg, at)),
      stops.map(halfWidth),
    );
  };
  const [thigh, knee, calf, ankle] = heights.bands;
  const stripe = (ankle - calf) / 7;
  const stripes = [1, 3, 5].map((i) =>
    filled(piece(calf + i * stripe, calf + (i + 1) * stripe), palette.ink),
  );
  const paint = (from: number, to: number, fill: string) =>
    outlined([piece(from, to)], fill, palette.ink, OUTLINE * 0.8);
  return (
    outlined([shoe], palette.ink, palette.ink, OUTLINE * 0.6) +
    paint(heights.hip - 2, thigh, palette.body) +
    paint(thigh, knee, palette.green) +
    paint(knee, calf, palette.blue) +
    paint(calf, ankle, palette.white) +
    stripes.join("") +
    paint(ankle, leg.ankle[1] + 2, palette.yellow) +
    line(polyline([legAt(leg, thigh + 2.5), legAt(leg, knee - 2.5)]), palette.white, girth * 0.35) +
    disc(legAt(leg, (knee + calf) / 2), girth * 0.42, palette.white, palette.ink, OUTLINE * 0.6)
  );
}

/** Belly and pelvis between chest and hips: a red barrel and purple briefs with white dots. */
export function barePelvis(heights: Heights, top: number, halfWidth: number, palette: Palette): string {
  const { waist, hip } = heights;
  const w = halfWidth;
  const briefs = polygon([
    [50 - w * 0.85, waist],
    [50 + w * 0.85, waist],
    [50 + w, hip - 1],
    [50 + w * 0.6, hip + 3],
    [50, hip + 4],
    [50 - w * 0.6, hip + 3],
    [50 - w, hip - 1],
  ]);
  const belly = d`M${50 - w * 0.7} ${top}H${50 + w * 0.7}L${50 + w * 0.85} ${waist}H${50 - w * 0.85}Z`;
  const dots = [-0.55, 0, 0.55].map((x) =>
    circleAt([50 + x * w, (waist + hip) / 2], w * 0.14, palette.white),
  );
  return (
    outlined([briefs], palette.purple, palette.ink, OUTLINE) +
    dots.join("") +
    outlined([belly], palette.red, palette.ink, OUTLINE)
  );
}

/** An arm as a chain of points; `side` is -1 on the left of the picture, 1 on the right. */
export interface Arm {
  readonly shoulder: Point;
  readonly elbow: Point;
  readonly wrist: Point;
  readonly fingers: Point;
}

/** Shares of an arm's length at which its joints lie. */
const ELBOW_SHARE = 0.42;
const WRIST_SHARE = 0.82;

/** An arm that hangs `raise` degrees away from the body, its forearm `bend` degrees further. */
export function poseArm(shoulder: Point, side: number, length: number, raise: number, bend: number): Arm {
  const reach = (from: Point, degrees: number, distance: number): Point => {
    const angle = (degrees * Math.PI) / 180;
    return [from[0] + side * Math.sin(angle) * distance, from[1] + Math.cos(angle) * distance];
  };
  const elbow = reach(shoulder, raise, length * ELBOW_SHARE);
  const wrist = reach(elbow, raise + bend, length * (WRIST_SHARE - ELBOW_SHARE));
  const fingers = reach(wrist, raise + bend, length * (1 - WRIST_SHARE));
  return { shoulder, elbow, wrist, fingers };
}

/** The point a share t of its length along an arm; beyond 1 it goes straight on. */
function armAt(arm: Arm, t: number): Point {
  if (t < ELBOW_SHARE) return between(arm.shoulder, arm.elbow, t / ELBOW_SHARE);
  return between(arm.elbow, arm.fingers, (t - ELBOW_SHARE) / (1 - ELBOW_SHARE));
}

/** Where the painted bands of an arm begin, as shares of its length; the hand is the last. */
const ARM_BANDS = [0, 0.13, 0.29, 0.47, 0.62, 0.75, 0.89] as const;

/** A bare arm, painted in a band for every length that a sleeve can have, and a mitten hand. */
export function bareArm(arm: Arm, girth: number, palette: Palette): string {
  const halfWidth = (t: number) => girth * (1 - 0.35 * t);
  const piece = (from: number, to: number) => {
    const stops = [from, (from + to) / 2, to];
    return ribbon(
      stops.map((t) => armAt(arm, t)),
      stops.map(halfWidth),
    );
  };
  const { wrist, fingers } = arm;
  const hand = ribbon(
    [between(wrist, fingers, 0.3), between(wrist, fingers, 0.55), between(wrist, fingers, 0.85), fingers],
    [girth * 0.7, girth, girth * 0.9, girth * 0.4],
  );
  const stripes = [0.49, 0.535, 0.58].map((t) => filled(piece(t, t + 0.022), palette.ink));
  const fills = [palette.red, palette.green, palette.blue, palette.white, palette.purple, palette.ink];
  const bands = fills.map((fill, i) =>
    outlined([piece(ARM_BANDS[i] as number, ARM_BANDS[i + 1] as number)], fill, palette.ink, OUTLINE * 0.8),
  );
  return (
    outlined([hand], palette.body, palette.ink, OUTLINE) +
    bands.join("") +
    stripes.join("") +
    disc(arm.shoulder, girth * 1.2, palette.red, palette.ink, OUTLINE) +
    line(polyline([armAt(arm, 0.17), armAt(arm, 0.25)]), palette.white, girth * 0.35) +
    disc(armAt(arm, 0.38), girth * 0.42, palette.white, palette.ink, OUTLINE * 0.6) +
    disc(armAt(arm, 0.82), girth * 0.5, palette.yellow, palette.ink, OUTLINE * 0.6)
  );
}

/** A sleeve from the shoulder to a share `end` of the arm's length, with a cuff in the trim's colour. */
export function sleeve(
  arm: Arm,
  end: number,
  girth: number,
  flare: number,
  cloth: string,
  palette: Palette,
): string {
  const shares = [0, 0.14, 0.28, 0.42, 0.56, 0.7, 0.84].filter((t) => t < end - 0.04).concat(end);
  const width = (t: number) => girth * (1.3 - 0.3 * t + flare * Math.max(0, t - 0.3));
  const points = shares.map((t) => armAt(arm, t));
  const cuffShares = [end - 0.055, end];
  const cuff = ribbon(
    cuffShares.map((t) => armAt(arm, Math.max(0, t))),
    cuffShares.map((t) => width(t) + 0.4),
  );
  const [x, y] = arm.shoulder;
  const r = girth * Math.min(1.3, 1.1 + end);
  const cap = d`M${x - r} ${y}a${r} ${r} 0 1 1 ${2 * r} 0a${r} ${r} 0 1 1 ${-2 * r} 0Z`;
  return (
    outlined([ribbon(points, shares.map(width)), cap], cloth, palette.ink, OUTLINE) +
    outlined([cuff], palette.trim, palette.ink, OUTLINE * 0.7)
  );
}
