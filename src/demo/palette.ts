// Colours of one demo picture: drawn at random, but body, cloth and wall always differ enough to be told
// apart, and cloth is as often darker than its surroundings as it is lighter.
import type { RandomStream } from "../base/random.ts";

export interface Palette {
  /** Outlines. */
  readonly ink: string;
  /** The lay figure and its ball joints. */
  readonly body: string;
  readonly joint: string;
  readonly cloth: string;
  /** A second tone of the cloth for its pattern, folds and hems. */
  readonly shade: string;
  /** Lines on the cloth (seams, folds) and on the trim (ribs): dark on light, light on dark. */
  readonly clothSeam: string;
  readonly trimSeam: string;
  /** Hems, collars, cuffs: far from the cloth's tone. */
  readonly trim: string;
  /** What is worn beneath. */
  readonly under: string;
  readonly wall: string;
  readonly floor: string;
  readonly hair: string;
  /** Painted joints and bands of the lay figure: always about these hues. */
  readonly red: string;
  readonly blue: string;
  readonly yellow: string;
  readonly green: string;
  readonly purple: string;
  readonly white: string;
}

const LIGHT_SEAM = "#eae6dc";

type Rgb = readonly [number, number, number];

/** RGB (0 to 255) of a hue in degrees, saturation and lightness (0 to 1). */
function rgbOf(hue: number, saturation: number, lightness: number): Rgb {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const channel = (n: number) => {
    const k = (((n + hue / 30) % 12) + 12) % 12;
    return Math.round(255 * (lightness - reach * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

function hex([r, g, b]: Rgb): string {
  return "#" + [r, g, b].map((v) => v.toString(16).padStart(2, "0")).join("");
}

/** How different two colours look, roughly: luma counts double. */
function contrast(a: Rgb, b: Rgb): number {
  const [r, g, bl] = [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
  const luma = 0.3 * r + 0.59 * g + 0.11 * bl;
  return Math.hypot(2 * luma, r - luma, bl - luma);
}

/** The first colour drawn that is far from all others, or the farthest of twelve. */
function colourApartFrom(others: readonly Rgb[], least: number, draw: () => Rgb): Rgb {
  let best = draw();
  let distance = -1;
  for (let i = 0; i < 12 && distance < least; i++) {
    const candidate = draw();
    const nearest = Math.min(...others.map((other) => contrast(candidate, other)));
    if (nearest > distance) [best, distance] = [candidate, nearest];
  }
  return best;
}

/** Draws the colours of one picture. */
export function drawPalette(random: RandomStream): Palette {
  const body = rgbOf(random.between(24, 34), random.between(0.4, 0.55), random.between(0.6, 0.76));
  const hue = random.between(0, 360);
  const cloth = colourApartFrom([body], 100, () =>
    rgbOf(hue + random.between(-25, 25), random.between(0.15, 0.5), random.between(0.18, 0.85)),
  );
  const wall = colourApartFrom([body, cloth], 80, () =>
    rgbOf(random.between(0, 360), random.between(0.05, 0.3), random.between(0.2, 0.95)),
  );
  const trim = colourApartFrom([cloth, body], 140, () =>
    rgbOf(random.between(0, 360), random.between(0.1, 0.5), random.pick([0.2, 0.28, 0.88, 0.94])),
  );
  const under = colourApartFrom([cloth, body], 100, () =>
    rgbOf(random.between(0, 360), random.between(0.1, 0.4), random.between(0.3, 0.95)),
  );
  const hair = colourApartFrom([wall, cloth], 80, () =>
    rgbOf(random.between(10, 45), random.between(0.2, 0.7), random.between(0.12, 0.6)),
  );
  const dark = isDark(cloth);
  const paint = (around: number, lightness: number) =>
    hex(
      rgbOf(
        around + random.between(-12, 12),
        random.between(0.65, 0.95),
        lightness + random.between(-0.14, 0.14),
      ),
    );
  const ink = hex(rgbOf(random.between(200, 280), 0.35, random.between(0.08, 0.14)));
  return {
    ink,
    body: hex(body),
    joint: hex(toned(body, 0.72)),
    cloth: hex(cloth),
    shade: hex(toned(cloth, dark ? 1.12 : 0.9)),
    clothSeam: dark ? LIGHT_SEAM : ink,
    trimSeam: isDark(trim) ? LIGHT_SEAM : ink,
    trim: hex(trim),
    under: hex(under),
    wall: hex(wall),
    floor: hex(toned(wall, random.pick([0.82, 0.9, 1.1]))),
    hair: hex(hair),
    red: paint(2, 0.5),
    blue: paint(215, 0.5),
    yellow: paint(52, 0.55),
    green: paint(130, 0.38),
    purple: paint(290, 0.45),
    white: "#f8f6f0",
  };
}

function isDark([r, g, b]: Rgb): boolean {
  return 0.3 * r + 0.59 * g + 0.11 * b < 100;
}

/** A colour made darker (factor below 1) or lighter. */
function toned([r, g, b]: Rgb, factor: number): Rgb {
  const tone = (v: number) =>
    Math.round(factor <= 1 ? v * factor : Math.min(255, v + (255 - v) * (factor - 1) + 12));
  return [tone(r), tone(g), tone(b)];
}
