// The lay figure's bust in close-up: what necklines, collars, lapels and necks are drawn on.
import type { RandomStream } from "../../base/random.ts";
import { OUTLINE } from "./figure.ts";
import type { Palette } from "./palette.ts";
import { d, disc, line, outlined } from "./svg_text.ts";

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
export function upperSleeves(fill: string, palette: Palette): string {
  const arm = (side: number) => {
    const x = (value: number) => 50 + side * value;
    return d`M${x(22)} 38Q${x(40)} 38 ${x(46)} 58L${x(50)} 140H${x(28)}L${x(24)} 60Z`;
  };
  return outlined([arm(-1), arm(1)], fill, palette.ink, OUTLINE);
}

/** The bust seen from behind: long hair covers neck and collar. */
export function drawFromBehind(fill: string, palette: Palette, random: RandomStream): string {
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
    upperSleeves(fill, palette) +
    outlined(["M40 30Q30 36 20 40L24 60L27 140H73L76 60L80 40Q70 36 60 30Z"], fill, palette.ink, OUTLINE) +
    line("M50 70V120", palette.ink, 0.9) +
    outlined([hair], palette.hair, palette.ink, OUTLINE) +
    strands.join("")
  );
}

/** Buttons down the front at the given heights. */
export function frontButtons(heights: readonly number[], palette: Palette): string {
  return heights.map((y) => disc([50, y], 1.8, palette.trim, palette.ink, OUTLINE * 0.7)).join("");
}
