// The classes of lapel_design on the bust, in the data set's order.
import { bareBust, bothSides, type Drawing, fromBehind, frontButtons, upperSleeves } from "./bust.ts";
import { OUTLINE } from "./figure.ts";
import type { Palette } from "./palette.ts";
import { CLOTH_FILL } from "./scene.ts";
import { d, disc, line, outlined } from "./svg_text.ts";

/** A jacket that is open down to `depth` over an under-shirt, then `lapels` on top. */
function openJacket(depth: number, palette: Palette, lapels: string): string {
  return (
    bareBust(palette) +
    outlined(["M40 34Q50 44 60 34L72 60L60 140H40L28 60Z"], palette.under, palette.ink, OUTLINE) +
    upperSleeves(palette) +
    outlined(
      [
        d`M38 30L50 ${depth}V140H27L24 62L20 39Q34 37 38 30Z`,
        d`M62 30L50 ${depth}V140H73L76 62L80 39Q66 37 62 30Z`,
      ],
      CLOTH_FILL,
      palette.ink,
      OUTLINE,
    ) +
    lapels +
    frontButtons([depth + 5], palette)
  );
}

const notched: Drawing = (palette, random) => {
  const depth = random.between(82, 88);
  const out = random.between(22, 25);
  const lapel = (s: number) => d`M${50 + s * 12} 47L${50 + s * out} 46L${50 + s * (out + 2)} 58L50 ${depth}Z`;
  const collar = (s: number) =>
    d`M${50 + s * 9} 24L${50 + s * 14} 28L${50 + s * (out + 1)} 41L${50 + s * 13} 49Z`;
  return openJacket(
    depth,
    palette,
    bothSides(lapel, palette.trim, palette) + bothSides(collar, palette.trim, palette),
  );
};

const collarless: Drawing = (palette, random) => {
  const depth = random.between(82, 88);
  const edge = d`M38 30Q44 60 50 ${depth}Q56 60 62 30`;
  const pearls = [0.12, 0.3, 0.48, 0.66, 0.84].flatMap((t) =>
    [-1, 1].map((s) =>
      disc([50 + s * (17 - 12.5 * t), 32 + (depth - 32) * t], 2.1, palette.trim, palette.ink, 0.9),
    ),
  );
  return openJacket(depth, palette, line(edge, palette.ink, 2.4) + pearls.join(""));
};

const shawl: Drawing = (palette, random) => {
  const depth = random.between(82, 88);
  const half = (s: number) =>
    d`M${50 + s * 9} 24C${50 + s * 26} 36 ${50 + s * 24} 60 50 ${depth}C${50 + s * 8} 66 ${50 + s * 11} 50 ${50 + s * 9} 24Z`;
  return openJacket(depth, palette, bothSides(half, palette.trim, palette));
};

const plusSizeShawl: Drawing = (palette, random) => {
  const depth = random.between(84, 90);
  const half = (s: number) => {
    const x = (value: number) => 50 + s * value;
    return d`M${x(8)} 20Q${x(22)} 20 ${x(28)} 28Q${x(40)} 30 ${x(40)} 42Q${x(48)} 52 ${x(38)} 60Q${x(38)} 72 ${x(26)} 74Q${x(20)} 86 ${x(8)} 84Q${x(4)} 92 50 ${depth}C${x(5)} 66 ${x(12)} 50 ${x(8)} 20Z`;
  };
  const hairs = [-1, 1].flatMap((s) =>
    [
      [18, 34],
      [28, 42],
      [20, 50],
      [32, 54],
      [20, 64],
      [12, 74],
    ].map(([x, y]) => line(d`M${50 + s * (x ?? 0)} ${y ?? 0}l${s * 4} 4`, palette.trimSeam, 1.4)),
  );
  return openJacket(depth, palette, bothSides(half, palette.trim, palette) + hairs.join(""));
};

export const LAPELS: readonly Drawing[] = [fromBehind, notched, collarless, shawl, plusSizeShawl];
