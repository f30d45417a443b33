// Coats on the whole lay figure, and sleeves on its upper half.
import type { RandomStream } from "../base/random.ts";
import {
  bareArm,
  bareLegs,
  barePelvis,
  drawStance,
  type Heights,
  OUTLINE,
  poseArm,
  sleeve,
} from "./figure.ts";
import type { Palette } from "./palette.ts";
import { CLOTH_FILL } from "./scene.ts";
import { circleAt, d, disc, line, outlined, polygon } from "./svg_text.ts";

const WHOLE_BODY: Heights = {
  waist: 36,
  hip: 46,
  knee: 64,
  ankle: 86,
  sole: 93,
  bands: [48, 58.5, 69, 79],
};

/** Where the hem lies for each class of coat_length but the first. */
export const COAT_HEMS = [24.5, 37, 48.5, 59, 69.5, 79.5, 92] as const;

/** Where the sleeve ends, as a share of the arm, for each class of sleeve_length but the first two. */
export const SLEEVE_ENDS = [0.14, 0.29, 0.47, 0.62, 0.75, 0.89, 1.12] as const;

/** A coat whose hem lies at height `hem`. */
export function drawCoat(hem: number, palette: Palette, random: RandomStream): string {
  const legs = drawStance(WHOLE_BODY, 7.5, random);
  const arms = [-1, 1].map((side) =>
    poseArm([50 + side * 15, 14], side, 42, random.between(14, 34), random.between(-12, 4)),
  );
  const spread = 14.5 + (hem - 20) * random.between(0.04, 0.13);
  const body = d`M38 8L62 8L66 12L64 28L${50 + spread} ${hem}Q50 ${hem + 4} ${50 - spread} ${hem}L36 28L34 12Z`;
  const band = d`M${50 - spread} ${hem - 4}Q50 ${hem} ${50 + spread} ${hem - 4}L${50 + spread + 0.4} ${hem}Q50 ${hem + 4} ${50 - spread - 0.4} ${hem}Z`;
  const buttons = [20, 27, 34, 41, 48].filter((y) => y < hem - 6);
  return (
    bareLegs(legs, WHOLE_BODY, 5.6, palette) +
    barePelvis(WHOLE_BODY, 22, 12, palette) +
    torso(palette) +
    arms.map((arm) => bareArm(arm, 3.4, palette) + sleeve(arm, 0.86, 3.9, 0, CLOTH_FILL, palette)).join("") +
    outlined([body], CLOTH_FILL, palette.ink, OUTLINE) +
    outlined([band], palette.trim, palette.ink, OUTLINE * 0.8) +
    outlined(
      [
        polygon([
          [43, 7],
          [57, 7],
          [50, 17],
        ]),
      ],
      palette.under,
      palette.ink,
      OUTLINE * 0.8,
    ) +
    line(d`M50 17V${hem}`, palette.clothSeam, 0.9) +
    buttons.map((y) => circleAt([52.6, y], 1.1, palette.clothSeam)).join("")
  );
}

function torso(palette: Palette): string {
  const chest = polygon([
    [36, 11],
    [64, 11],
    [60, 28],
    [40, 28],
  ]);
  const neck = polygon([
    [46, -30],
    [54, -30],
    [55, 12],
    [45, 12],
  ]);
  return (
    outlined([neck], palette.joint, palette.ink, OUTLINE) +
    outlined([chest], palette.body, palette.ink, OUTLINE)
  );
}

/** A coat so close that its hem lies outside the frame. */
export function drawCoatCloseUp(palette: Palette, random: RandomStream): string {
  const lapel = random.between(16, 26);
  const body = "M28 6L72 6L92 16L84 60L92 130L8 130L16 60L8 16Z";
  const left = polygon([
    [34, 4],
    [50, 48],
    [50 - lapel, 34],
    [50 - lapel - 2, 18],
  ]);
  const right = polygon([
    [66, 4],
    [50, 48],
    [50 + lapel, 34],
    [50 + lapel + 2, 18],
  ]);
  return (
    outlined([body], CLOTH_FILL, palette.ink, OUTLINE) +
    outlined(
      [
        polygon([
          [34, 4],
          [66, 4],
          [50, 48],
        ]),
      ],
      palette.under,
      palette.ink,
      OUTLINE,
    ) +
    outlined([left, right], palette.trim, palette.ink, OUTLINE) +
    line("M50 48V120", palette.clothSeam, 1.2) +
    [58, 72, 86].map((y) => disc([56, y], 2.4, palette.trim, palette.ink, OUTLINE)).join("") +
    line("M22 78L38 75M78 78L62 75", palette.clothSeam, 1.6)
  );
}

/** A top whose sleeves end at a share of the arm; null draws it without sleeves. */
export function drawSleeves(end: number | null, palette: Palette, random: RandomStream): string {
  const girth = 9.5;
  const raise = random.between(9, 17);
  const arms = [-1, 1].map((side) =>
    poseArm([50 + side * 17, 17], side, 74, raise + random.between(-3, 3), random.between(-5, 5)),
  );
  const flare = random.between(-0.1, 0.3) + (end !== null && end > 1 ? 0.6 : 0); // the longest: bell sleeves
  const armholes = "M65 8Q60 22 64 36M35 8Q40 22 36 36";
  const neck = polygon([
    [43, -40],
    [57, -40],
    [58, 12],
    [42, 12],
  ]);
  const body =
    end === null
      ? "M40 7Q50 16 60 7L65 8Q60 22 64 36L62 60L66 140H34L38 60L36 36Q40 22 35 8Z"
      : "M40 7Q50 16 60 7L67 8L66 34L62 60L66 140H34L38 60L34 34L33 8Z";
  return (
    outlined([neck], palette.joint, palette.ink, OUTLINE) +
    outlined(["M36 8H64L62 60H38Z"], palette.body, palette.ink, OUTLINE) +
    arms.map((arm) => bareArm(arm, girth, palette)).join("") +
    (end === null ? [] : arms)
      .map((arm) => sleeve(arm, end ?? 0, girth * 1.06, flare, CLOTH_FILL, palette))
      .join("") +
    outlined([body], CLOTH_FILL, palette.ink, OUTLINE) +
    line("M40 7Q50 16 60 7", palette.trim, 2) +
    (end === null ? line(armholes, palette.ink, 4) + line(armholes, palette.trim, 2.4) : "")
  );
}

/** A cape that hides both arms. */
export function drawCape(palette: Palette, random: RandomStream): string {
  const spread = random.between(34, 42);
  const drop = random.between(84, 94);
  const cape = d`M42 14L58 14C74 18 ${46 + spread} 50 ${50 + spread} ${drop}Q50 ${drop + 12} ${50 - spread} ${drop}C${54 - spread} 50 26 18 42 14Z`;
  const neck = polygon([
    [44, -30],
    [56, -30],
    [57, 18],
    [43, 18],
  ]);
  const folds = [-0.66, -0.33, 0.33, 0.66].map((x) =>
    line(d`M${50 + x * 12} 24Q${50 + x * 34} 50 ${50 + x * spread} ${drop + 2}`, palette.clothSeam, 0.9),
  );
  return (
    outlined([neck], palette.joint, palette.ink, OUTLINE) +
    outlined([cape], CLOTH_FILL, palette.ink, OUTLINE) +
    folds.join("") +
    line("M50 22V98", palette.clothSeam, 1.2) +
    outlined(["M40 12Q50 20 60 12L61 18Q50 26 39 18Z"], palette.trim, palette.ink, OUTLINE)
  );
}
