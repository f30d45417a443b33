// The lay figure's bust in close-up: what necklines, collars, lapels and necks are drawn on.
import type { RandomStream } from "../base/random.ts";
import { OUTLINE } from "./figure.ts";
import type { Palette } from "./palette.ts";
import { CLOTH_FILL } from "./scene.ts";
import { d, disc, line, outlined } from "./svg_text.ts";

/** How a class is drawn; the pose comes later. */
export type Drawing = (palette: Palette, random: RandomStream) => string;

/** Chin, neck, shoulders, chest and both upper arms. */
export function bareBust(palette: Palette): string {
  const arm = (side: number) => {
    const x = (value: number) => 50 + side * value;
    return d`M${x(24)} 46Q${x(28)} 36 ${x(36)} 40Q${x(44)} 45 ${x(44)} 60L${x(46)} 140H${x(30)}Z`;
  };
  return (
    outlined([arm(-1), arm(1)], palette.body, palette.ink, OUTLINE) +
    outlined(
      ["M42 8L43 28Q42 35 20 40Q18 60 25 72L27 140H73L75 72Q82 60 80 40Q58 35 57 28L58 8Z"],
      palette.body,
      palette.ink,
      OUTLINE,
    ) +
    outlined(["M43 18Q50 30 57 18L57 24Q50 34 43 24Z"], palette.joint, palette.joint, 0) +
    outlined(["M34 -30Q34 22 50 22Q66 22 66 -30Z"], palette.body, palette.ink, OUTLINE) +
    line("M38 41Q45 40 48 43M62 41Q55 40 52 43", palette.joint, 1.2)
  );
}

/** Sleeves that cover both upper arms; body cloth is drawn over their inner edges. */
export function upperSleeves(palette: Palette): string {
  const arm = (side: number) => {
    const x = (value: number) => 50 + side * value;
    return d`M${x(20)} 36Q${x(30)} 34 ${x(38)} 38Q${x(46)} 43 ${x(47)} 60L${x(50)} 140H${x(28)}L${x(24)} 60Z`;
  };
  return outlined([arm(-1), arm(1)], CLOTH_FILL, palette.ink, OUTLINE);
}

/** Class 0 (Invisible): the bust seen from behind, long hair over neck and collar. */
export const fromBehind: Drawing = (palette, random) => {
  const length = random.between(60, 78);
  const width = random.between(22, 27);
  const curl = random.between(-3, 3);
  const hair = d`M50 -20C${50 + width} -20 ${50 + width} 20 ${50 + width * 0.95} ${length - 8}Q${50 + width * 0.5} ${length + 4} 50 ${length}Q${50 - width * 0.5} ${length + 4} ${50 - width * 0.95} ${length - 8}C${50 - width} 20 ${50 - width} -20 50 -20Z`;
  const strands = [-0.75, -0.45, -0.15, 0.15, 0.45, 0.75].map((x) =>
    line(
      d`M${50 + x * width * 0.8} -10Q${50 + x * width * 1.2 + curl} ${length / 2} ${50 + x * width * 0.9} ${length - 3}`,
      palette.ink,
      0.9,
    ),
  );
  return (
    upperSleeves(palette) +
    outlined(
      ["M40 30Q30 36 20 40L24 60L27 140H73L76 60L80 40Q70 36 60 30Z"],
      CLOTH_FILL,
      palette.ink,
      OUTLINE,
    ) +
    line("M50 70V120", palette.clothSeam, 1) +
    outlined([hair], palette.hair, palette.ink, OUTLINE) +
    strands.join("")
  );
};

/** Buttons down the front at the given heights. */
export function frontButtons(heights: readonly number[], palette: Palette): string {
  return heights.map((y) => disc([50, y], 1.8, palette.trim, palette.ink, OUTLINE * 0.7)).join("");
}

/** A closed top up to the neck, the ground of collars and necks. */
export function closedTop(palette: Palette): string {
  return (
    bareBust(palette) +
    upperSleeves(palette) +
    outlined(
      ["M41 31Q50 40 59 31Q62 35 80 39L76 62L73 140H27L24 62L20 39Q38 35 41 31Z"],
      CLOTH_FILL,
      palette.ink,
      OUTLINE,
    )
  );
}

/** A half and its mirror image; `side` is -1 on the left of the picture, 1 on the right. */
export function bothSides(half: (side: number) => string, fill: string, palette: Palette): string {
  return outlined([half(-1)], fill, palette.ink, OUTLINE) + outlined([half(1)], fill, palette.ink, OUTLINE);
}
