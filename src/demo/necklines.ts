// The classes of neckline_design on the bust, in the data set's order.
import type { RandomStream } from "../base/random.ts";
import { bareBust, type Drawing, fromBehind, upperSleeves } from "./bust.ts";
import { OUTLINE } from "./figure.ts";
import type { Palette } from "./palette.ts";
import { CLOTH_FILL } from "./scene.ts";
import { d, disc, line, outlined } from "./svg_text.ts";

/** Cloth with a visible hem along its upper edge. */
function edged(cloth: readonly string[], edges: readonly string[], palette: Palette): string {
  return (
    outlined(cloth, CLOTH_FILL, palette.ink, OUTLINE) +
    edges.map((edge) => line(edge, palette.ink, 4.4) + line(edge, palette.trim, 2.6)).join("")
  );
}

/** A front opening: its edge from the left to the right shoulder, and what adorns the top. */
interface Opening {
  readonly edge: string;
  readonly adornment: (palette: Palette) => string;
}

/** A top with sleeves and a front opening. */
function topWithOpening(open: (random: RandomStream) => Opening): Drawing {
  return (palette, random) => {
    const { edge, adornment } = open(random);
    return (
      bareBust(palette) +
      upperSleeves(palette) +
      edged([`${edge}L80 39L76 62L73 140H27L24 62L20 39Z`], [edge], palette) +
      adornment(palette)
    );
  };
}

/** Deep V: crossed over like a wrap dress, pleats running along both sides. */
const deepV = topWithOpening((random) => {
  const y = random.between(88, 94);
  const pleat = (s: number) =>
    [8, 14, 20].map((i) => d`M${50 + s * (13 + i)} 46L${50 + s * i * 0.7} ${y + 2}`).join("");
  return {
    edge: d`M36 35L50 ${y}L64 35`,
    adornment: ({ clothSeam }) => line(pleat(-1) + pleat(1), clothSeam, 1.2),
  };
});

/** Straight: a boat neck over a sailor's stripes. */
const straight = topWithOpening((random) => {
  const y = random.between(40, 43);
  const stripes = [14, 27, 40].map((i) => d`M25 ${y + i}Q50 ${y + i + 4} 75 ${y + i}`).join("");
  return {
    edge: d`M20 39Q50 ${y} 80 39`,
    adornment: ({ trim }) => line(stripes, trim, 4.5),
  };
});

/** V: a tennis sweater, a second stripe along the opening. */
const v = topWithOpening((random) => {
  const y = random.between(60, 66);
  return {
    edge: d`M34 36L50 ${y}L66 36`,
    adornment: ({ ink, trim }) =>
      line(d`M27 40L50 ${y + 12}L73 40`, ink, 3.6) + line(d`M27 40L50 ${y + 12}L73 40`, trim, 2),
  };
});

/** Square: studs along the three sides. */
const square = topWithOpening((random) => {
  const y = random.between(59, 65);
  const studs: readonly (readonly [number, number])[] = [
    ...[0, 1, 2, 3, 4].map((i) => [30 + i * 10, y + 7] as const),
    ...[0, 1].flatMap((i) => [[27, y - 4 - i * 10] as const, [73, y - 4 - i * 10] as const]),
  ];
  return {
    edge: d`M32 36L33 ${y}H67L68 36`,
    adornment: ({ ink, trim }) => studs.map((at) => disc(at, 2, trim, ink, OUTLINE * 0.7)).join(""),
  };
});

/** Round: a ribbed band, short ribs all around the opening. */
const round = topWithOpening((random) => {
  const y = random.between(62, 68);
  const ribs = [-75, -50, -25, 0, 25, 50, 75].map((degrees) => {
    const [sin, cos] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
    const from = y - 25;
    return d`M${50 + sin * 16} ${from + cos * 16}L${50 + sin * 22} ${from + cos * 23}`;
  });
  return {
    edge: d`M34 36C34 ${y + 2} 66 ${y + 2} 66 36`,
    adornment: ({ clothSeam }) => line(ribs.join(""), clothSeam, 1.6),
  };
});

/** A tube that leaves shoulders and arms bare. */
function tube(edge: string, adornment: string, palette: Palette): string {
  return bareBust(palette) + edged([`${edge}L74 80L73 140H27L26 80Z`], [edge], palette) + adornment;
}

/** Strapless: an elastic edge, gathered. */
const strapless: Drawing = (palette, random) => {
  const y = random.between(54, 59);
  const gathers = [0, 1, 2, 3, 4, 5, 6, 7].map((i) => d`M${29 + i * 6} ${y + 5}V${y + 16}`).join("");
  return tube(d`M24 ${y}Q50 ${y + 3} 76 ${y}`, line(gathers, palette.clothSeam, 1.2), palette);
};

/** Sweetheart: two round cups over a laced bodice. */
const sweetheart: Drawing = (palette, random) => {
  const dip = random.between(68, 73);
  const laces = [4, 13, 22]
    .map((i) => d`M45 ${dip + i}L55 ${dip + i + 7}M55 ${dip + i}L45 ${dip + i + 7}`)
    .join("");
  const edge = d`M24 58C26 40 44 38 50 ${dip}C56 38 74 40 76 58`;
  return tube(edge, line(laces, palette.clothSeam, 1.7), palette);
};

/** One shoulder: cloth that is draped from the one shoulder. */
const oneShoulder: Drawing = (palette, random) => {
  const y = random.between(62, 68);
  const edge = d`M40 33Q50 54 76 ${y}`;
  const folds = [1, 2, 3]
    .map((i) => d`M${36 - i * 4} ${36 + i}Q${46 - i * 3} ${56 + i * 9} ${74 - i} ${y + i * 10}`)
    .join("");
  return (
    bareBust(palette) +
    edged([`${edge}L74 80L73 140H27L24 62L20 40Q34 36 40 33Z`], [edge], palette) +
    line(folds, palette.clothSeam, 1.3)
  );
};

/** Off shoulder: a scalloped frill around both upper arms. */
const offShoulder: Drawing = (palette, random) => {
  const y = random.between(50, 54);
  const frill = random.between(15, 19);
  const edge = d`M4 ${y + 2}Q50 ${y + 8} 96 ${y + 2}`;
  const scallops = [0, 1, 2, 3, 4, 5].map(
    (i) => d`Q${90 - i * 16} ${y + frill + 14} ${82 - i * 16} ${y + frill}`,
  );
  const dots = [0, 1, 2, 3, 4, 5].map((i) =>
    disc([90 - i * 16, y + frill + 1], 2, palette.cloth, palette.ink, 0.9),
  );
  return (
    bareBust(palette) +
    outlined(
      [d`M5 ${y + 6}H28L30 140H0Z`, d`M95 ${y + 6}H72L70 140H100Z`],
      CLOTH_FILL,
      palette.ink,
      OUTLINE,
    ) +
    outlined([d`M26 ${y + 6}H74L73 140H27Z`], CLOTH_FILL, palette.ink, OUTLINE) +
    outlined([`${edge}L${d`98 ${y + frill}`}${scallops.join("")}Z`], palette.trim, palette.ink, OUTLINE) +
    dots.join("")
  );
};

export const NECKLINES: readonly Drawing[] = [
  fromBehind,
  strapless,
  deepV,
  straight,
  v,
  square,
  offShoulder,
  round,
  sweetheart,
  oneShoulder,
];
