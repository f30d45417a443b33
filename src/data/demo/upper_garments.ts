// Necklines, collars, lapels and necks on the bust: one drawing per class, class by class in the order of
// the FashionAI data set; class 0 (Invisible) is the bust from behind.
import type { RandomStream } from "../../base/random.ts";
import { bareBust, drawFromBehind, frontButtons, upperSleeves } from "./bust.ts";
import { OUTLINE } from "./figure.ts";
import type { Palette } from "./palette.ts";
import { CLOTH_FILL } from "./scene.ts";
import { d, disc, line, outlined } from "./svg_text.ts";

export type Drawing = (palette: Palette, random: RandomStream) => string;

/** Cloth with a visible hem along its upper edge. */
function edged(cloth: readonly string[], edges: readonly string[], palette: Palette): string {
  return (
    outlined(cloth, CLOTH_FILL, palette.ink, OUTLINE) +
    edges.map((edge) => line(edge, palette.ink, 4.4) + line(edge, palette.trim, 2.6)).join("")
  );
}

const fromBehind: Drawing = (palette, random) => drawFromBehind(CLOTH_FILL, palette, random);

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
      upperSleeves(CLOTH_FILL, palette) +
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
    adornment: ({ ink }) => line(pleat(-1) + pleat(1), ink, 1.1),
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
    adornment: ({ ink }) => line(ribs.join(""), ink, 1.6),
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
  return tube(d`M24 ${y}Q50 ${y + 3} 76 ${y}`, line(gathers, palette.ink, 1.2), palette);
};

/** Sweetheart: two round cups over a laced bodice. */
const sweetheart: Drawing = (palette, random) => {
  const dip = random.between(68, 73);
  const laces = [4, 13, 22]
    .map((i) => d`M45 ${dip + i}L55 ${dip + i + 7}M55 ${dip + i}L45 ${dip + i + 7}`)
    .join("");
  const edge = d`M24 58C26 40 44 38 50 ${dip}C56 38 74 40 76 58`;
  return tube(edge, line(laces, palette.ink, 1.5), palette);
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
    line(folds, palette.ink, 1.1)
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

/** A closed top up to the neck, the ground of collars and necks. */
function closedTop(palette: Palette): string {
  return (
    bareBust(palette) +
    upperSleeves(CLOTH_FILL, palette) +
    outlined(
      ["M41 31Q50 40 59 31Q62 35 80 39L76 62L73 140H27L24 62L20 39Q38 35 41 31Z"],
      CLOTH_FILL,
      palette.ink,
      OUTLINE,
    )
  );
}

const shirtCollar: Drawing = (palette, random) => {
  const tip = random.between(60, 66);
  const out = random.between(17, 20);
  const wing = (s: number) => d`M50 ${40}L${50 + s * 9} 26L${50 + s * 12} 28L${50 + s * out} ${tip}Z`;
  return (
    closedTop(palette) +
    line("M45.5 42V120M54.5 42V120", palette.ink, 1) +
    frontButtons([58, 72, 86], palette) +
    outlined([wing(-1), wing(1)], palette.trim, palette.ink, OUTLINE)
  );
};

const peterPan: Drawing = (palette, random) => {
  const drop = random.between(58, 62);
  const lobe = (s: number) =>
    d`M50 39L${50 + s * 9} 29C${50 + s * 26} 34 ${50 + s * 27} ${drop} ${50 + s * 13} ${drop}C${50 + s * 4} ${drop} ${50 + s * 1} 50 50 39Z`;
  return (
    closedTop(palette) +
    frontButtons([68, 80, 92], palette) +
    outlined([lobe(-1)], palette.trim, palette.ink, OUTLINE) +
    outlined([lobe(1)], palette.trim, palette.ink, OUTLINE)
  );
};

const puritan: Drawing = (palette, random) => {
  const drop = random.between(80, 86);
  const half = (s: number) =>
    d`M50 40L${50 + s * 9} 29L${50 + s * 44} 46L${50 + s * 42} ${drop - 18}L${50 + s * 8} ${drop}Z`;
  return (
    closedTop(palette) +
    outlined([half(-1)], palette.trim, palette.ink, OUTLINE) +
    outlined([half(1)], palette.trim, palette.ink, OUTLINE) +
    line("M49 40L46 52M51 40L54 52", palette.ink, 1.6)
  );
};

const ribCollar: Drawing = (palette) => {
  const ribs = [-15, -10, -5, 0, 5, 10, 15].map((x) =>
    line(
      d`M${50 + x * 0.75} ${31 + (225 - x * x) / 45}L${50 + x * 1.15} ${41 + (225 - x * x) / 32}`,
      palette.ink,
      1.3,
    ),
  );
  return (
    closedTop(palette) +
    line("M50 46V120", palette.ink, 2.2) +
    outlined(["M37 28Q50 42 63 28L69 38Q50 58 31 38Z"], palette.trim, palette.ink, OUTLINE) +
    ribs.join("")
  );
};

export const COLLARS: readonly Drawing[] = [fromBehind, shirtCollar, peterPan, puritan, ribCollar];

/** A jacket that is open down to `depth` over an under-shirt, then `lapels` on top. */
function openJacket(depth: number, palette: Palette, lapels: string): string {
  return (
    bareBust(palette) +
    outlined(["M40 34Q50 44 60 34L72 60L60 140H40L28 60Z"], palette.under, palette.ink, OUTLINE) +
    upperSleeves(CLOTH_FILL, palette) +
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

function bothSides(half: (side: number) => string, fill: string, palette: Palette): string {
  return outlined([half(-1)], fill, palette.ink, OUTLINE) + outlined([half(1)], fill, palette.ink, OUTLINE);
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
    ].map(([x, y]) => line(d`M${50 + s * (x ?? 0)} ${y ?? 0}l${s * 4} 4`, palette.ink, 1.2)),
  );
  return openJacket(depth, palette, bothSides(half, palette.trim, palette) + hairs.join(""));
};

export const LAPELS: readonly Drawing[] = [fromBehind, notched, collarless, shawl, plusSizeShawl];

const turtleNeck: Drawing = (palette, random) => {
  const flare = random.between(0, 2);
  const ribs = [-9, -4.5, 0, 4.5, 9].map((x) =>
    line(d`M${50 + x * 1.1} 18L${50 + x * 1.2} 36`, palette.ink, 1.1),
  );
  return (
    closedTop(palette) +
    outlined(["M38 12L37 40Q50 48 63 40L62 12Z"], palette.trim, palette.ink, OUTLINE) +
    outlined(
      [d`M${37 - flare} 10Q50 18 ${63 + flare} 10L${64 + flare} 34Q50 42 ${36 - flare} 34Z`],
      palette.trim,
      palette.ink,
      OUTLINE,
    ) +
    ribs.join("")
  );
};

const ruffleNeck: Drawing = (palette, random) => {
  const reach = random.between(20, 23);
  const frill = (y: number, w: number, h: number) => {
    const step = (2 * w) / 6;
    const top = Array.from({ length: 6 }, (_, i) => d`q${step / 2} ${-h} ${step} 0`).join("");
    const bottom = Array.from({ length: 6 }, () => d`q${-step / 2} ${h} ${-step} 0`).join("");
    return d`M${50 - w} ${y}` + top + d`l2 ${h}` + d`L${50 + w} ${y + h}` + bottom + "Z";
  };
  return (
    closedTop(palette) +
    outlined([frill(38, reach + 3, 10)], palette.trim, palette.ink, OUTLINE) +
    outlined([frill(29, reach - 3, 9)], palette.trim, palette.ink, OUTLINE)
  );
};

const lowTurtleNeck: Drawing = (palette, random) => {
  const zip = random.between(70, 78);
  return (
    closedTop(palette) +
    line(d`M50 40V${zip}`, palette.ink, 4.6) +
    line(d`M50 40V${zip}`, palette.trim, 1.6) +
    outlined(["M39 30Q50 37 61 30L63 41Q50 50 37 41Z"], palette.trim, palette.ink, OUTLINE) +
    disc([50, zip], 2.6, palette.trim, palette.ink, OUTLINE)
  );
};

const drapedCollar: Drawing = (palette, random) => {
  const depth = random.between(62, 68);
  const opening = d`M30 36Q50 ${2 * depth - 40} 70 36`;
  const folds = [1, 2, 3].map((i) =>
    line(
      d`M${30 - i * 3} ${37 + i * 2}Q50 ${2 * depth - 40 + i * 20} ${70 + i * 3} ${37 + i * 2}`,
      palette.ink,
      1.4,
    ),
  );
  return (
    bareBust(palette) +
    upperSleeves(CLOTH_FILL, palette) +
    outlined([`${opening}L80 39L76 62L73 140H27L24 62L20 39Z`], CLOTH_FILL, palette.ink, OUTLINE) +
    folds.join("")
  );
};

export const NECKS: readonly Drawing[] = [fromBehind, turtleNeck, ruffleNeck, lowTurtleNeck, drapedCollar];
