// The lay figure that wears the garments: an artist's jointed dummy. Its ball joints (waist, hips, knees,
// ankles, shoulders, elbows, wrists) make a length readable whatever the scale of the picture.
import type { RandomStream } from "../../base/random.ts";
import type { Palette } from "./palette.ts";
import { between, d, disc, filled, outlined, type Point, polygon, ribbon } from "./svg_text.ts";

export const OUTLINE = 1.1;

/** Heights of a figure's joints in a frame of 100 units. */
export interface Heights {
  readonly waist: number;
  readonly hip: number;
  readonly knee: number;
  readonly ankle: number;
  readonly sole: number;
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
 * Legs with a mark for every length that a hem can have: a garter on the thigh, the knee ball, a sock's
 * stripes, the ankle ball, the shoe. `girth` is the thigh's half width.
 */
export function bareLegs(legs: readonly Leg[], girth: number, palette: Palette): string {
  return legs.map((leg) => bareLeg(leg, girth, palette)).join("");
}

function bareLeg(leg: Leg, girth: number, palette: Palette): string {
  const thigh = [leg.hip, between(leg.hip, leg.knee, 0.4), leg.knee];
  const calf = [leg.knee, between(leg.knee, leg.ankle, 0.35), leg.ankle];
  const [x, y] = leg.ankle;
  const toe = x + leg.outward * girth * 1.5;
  const heel = x - leg.outward * girth * 0.6;
  const shoe = d`M${heel} ${y + 1}L${x + leg.outward * 2} ${y + 1}Q${toe} ${leg.sole - 3} ${toe} ${leg.sole}L${heel} ${leg.sole}Z`;
  const part = (from: Point, to: Point, start: number, end: number, half: number) =>
    ribbon([between(from, to, start), between(from, to, end)], [half, half]);
  const garter = part(leg.hip, leg.knee, 0.46, 0.66, girth * 0.95);
  const sock = part(leg.knee, leg.ankle, 0.4, 0.72, girth * 0.78);
  const stripes = [0.44, 0.55, 0.66].map((t) => part(leg.knee, leg.ankle, t, t + 0.055, girth * 0.78));
  return (
    outlined([shoe], palette.ink, palette.ink, OUTLINE * 0.6) +
    outlined([ribbon(thigh, [girth, girth, girth * 0.62])], palette.body, palette.ink, OUTLINE) +
    outlined([ribbon(calf, [girth * 0.6, girth * 0.8, girth * 0.4])], palette.body, palette.ink, OUTLINE) +
    outlined([garter], palette.green, palette.ink, OUTLINE * 0.7) +
    outlined([sock], palette.white, palette.ink, OUTLINE * 0.7) +
    stripes.map((stripe) => filled(stripe, palette.ink)).join("") +
    disc(leg.hip, girth * 0.72, palette.joint, palette.ink, OUTLINE) +
    disc(leg.knee, girth * 0.9, palette.blue, palette.ink, OUTLINE) +
    disc(leg.ankle, girth * 0.65, palette.yellow, palette.ink, OUTLINE)
  );
}

/** The pelvis block between waist and hips. */
export function barePelvis(heights: Heights, halfWidth: number, palette: Palette): string {
  const { waist, hip } = heights;
  const w = halfWidth;
  const block = polygon([
    [50 - w * 0.75, waist + 1],
    [50 + w * 0.75, waist + 1],
    [50 + w, hip - 1],
    [50 + w * 0.5, hip + 3],
    [50, hip + 4],
    [50 - w * 0.5, hip + 3],
    [50 - w, hip - 1],
  ]);
  return (
    outlined([block], palette.purple, palette.ink, OUTLINE) +
    disc([50, waist], w * 0.46, palette.red, palette.ink, OUTLINE)
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
export const ELBOW_SHARE = 0.42;
export const WRIST_SHARE = 0.82;

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
export function armAt(arm: Arm, t: number): Point {
  if (t < ELBOW_SHARE) return between(arm.shoulder, arm.elbow, t / ELBOW_SHARE);
  return between(arm.elbow, arm.fingers, (t - ELBOW_SHARE) / (1 - ELBOW_SHARE));
}

/** A bare arm: upper arm, elbow ball, forearm, wrist ball and mitten hand. */
export function bareArm(arm: Arm, girth: number, palette: Palette): string {
  const { shoulder, elbow, wrist, fingers } = arm;
  const upper = ribbon([shoulder, between(shoulder, elbow, 0.5), elbow], [girth * 0.9, girth, girth * 0.7]);
  const fore = ribbon([elbow, between(elbow, wrist, 0.35), wrist], [girth * 0.7, girth * 0.85, girth * 0.5]);
  const hand = ribbon(
    [wrist, between(wrist, fingers, 0.45), between(wrist, fingers, 0.8), fingers],
    [girth * 0.5, girth * 0.85, girth * 0.7, girth * 0.2],
  );
  const band = (start: number, end: number, half: number) =>
    ribbon([armAt(arm, start), armAt(arm, end)], [half, half]);
  const stripes = [0.53, 0.57, 0.61].map((t) => filled(band(t, t + 0.02, girth * 0.85), palette.ink));
  return (
    outlined([hand], palette.body, palette.ink, OUTLINE) +
    outlined([upper], palette.body, palette.ink, OUTLINE) +
    outlined([fore], palette.body, palette.ink, OUTLINE) +
    outlined([band(0.16, 0.22, girth)], palette.green, palette.ink, OUTLINE * 0.7) +
    outlined([band(0.52, 0.64, girth * 0.85)], palette.white, palette.ink, OUTLINE * 0.7) +
    stripes.join("") +
    outlined([band(0.68, 0.73, girth * 0.75)], palette.purple, palette.ink, OUTLINE * 0.7) +
    disc(shoulder, girth, palette.red, palette.ink, OUTLINE) +
    disc(elbow, girth, palette.blue, palette.ink, OUTLINE) +
    disc(wrist, girth * 0.75, palette.yellow, palette.ink, OUTLINE)
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
  const cap = d`M${x - girth * 1.3} ${y}a${girth * 1.3} ${girth * 1.3} 0 1 1 ${girth * 2.6} 0a${girth * 1.3} ${girth * 1.3} 0 1 1 ${-girth * 2.6} 0Z`;
  return (
    outlined([ribbon(points, shares.map(width)), ...(end > 0.2 ? [cap] : [])], cloth, palette.ink, OUTLINE) +
    outlined([cuff], palette.trim, palette.ink, OUTLINE * 0.7)
  );
}
