// The classes of collar_design and neck_design on the bust, in the data set's order.
import { bareBust, closedTop, type Drawing, fromBehind, frontButtons, upperSleeves } from "./bust.ts";
import { OUTLINE } from "./figure.ts";
import { CLOTH_FILL } from "./scene.ts";
import { d, disc, line, outlined } from "./svg_text.ts";

const shirtCollar: Drawing = (palette, random) => {
  const tip = random.between(60, 66);
  const out = random.between(17, 20);
  const wing = (s: number) => d`M50 ${40}L${50 + s * 9} 26L${50 + s * 12} 28L${50 + s * out} ${tip}Z`;
  const stripes = [0, 1, 2, 3]
    .map((i) => line(d`M46 ${62 + i * 12}L54 ${56 + i * 12}`, palette.ink, 2))
    .join("");
  return (
    closedTop(palette) +
    outlined(["M46 48L44 140H56L54 48Z"], palette.under, palette.ink, OUTLINE) +
    stripes +
    outlined(["M45 39H55L53.5 49H46.5Z"], palette.under, palette.ink, OUTLINE) +
    outlined([wing(-1), wing(1)], palette.trim, palette.ink, OUTLINE)
  );
};

const peterPan: Drawing = (palette, random) => {
  const drop = random.between(60, 64);
  const lobe = (s: number) =>
    d`M50 39L${50 + s * 9} 29C${50 + s * 26} 34 ${50 + s * 27} ${drop} ${50 + s * 13} ${drop}C${50 + s * 4} ${drop} ${50 + s * 1} 50 50 39Z`;
  const lace = [-1, 1].flatMap((s) =>
    [-20, 25, 70, 115].map((degrees) => {
      const [sin, cos] = [Math.sin((degrees * Math.PI) / 180), Math.cos((degrees * Math.PI) / 180)];
      return disc([50 + s * (13 + 12 * sin), drop - 14 + 14 * cos], 3.2, palette.white, palette.ink, 0.9);
    }),
  );
  return (
    closedTop(palette) +
    frontButtons([72, 84, 96], palette) +
    lace.join("") +
    outlined([lobe(-1)], palette.trim, palette.ink, OUTLINE) +
    outlined([lobe(1)], palette.trim, palette.ink, OUTLINE) +
    outlined(["M50 41L40 35V47Z", "M50 41L60 35V47Z"], palette.red, palette.ink, OUTLINE)
  );
};

const puritan: Drawing = (palette, random) => {
  const drop = random.between(72, 78);
  const half = (s: number) =>
    d`M50 40L${50 + s * 9} 29L${50 + s * 37} 44L${50 + s * 36} ${drop - 16}L${50 + s * 8} ${drop}Z`;
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
      palette.trimSeam,
      1.5,
    ),
  );
  return (
    closedTop(palette) +
    line("M50 46V140", palette.clothSeam, 1.6) +
    line(
      [0, 1, 2, 3, 4, 5, 6, 7, 8].map((i) => d`M46.5 ${52 + i * 6}H53.5`).join(""),
      palette.clothSeam,
      1.6,
    ) +
    outlined(["M37 28Q50 42 63 28L69 38Q50 58 31 38Z"], palette.trim, palette.ink, OUTLINE) +
    ribs.join("")
  );
};

export const COLLARS: readonly Drawing[] = [fromBehind, shirtCollar, peterPan, puritan, ribCollar];

const turtleNeck: Drawing = (palette, random) => {
  const flare = random.between(0, 2);
  const ribs = [-9, -4.5, 0, 4.5, 9].map((x) =>
    line(d`M${50 + x * 1.1} 18L${50 + x * 1.2} 36`, palette.trimSeam, 1.1),
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
    const top = Array.from({ length: 6 }, () => d`q${step / 2} ${-h} ${step} 0`).join("");
    const bottom = Array.from({ length: 6 }, () => d`q${-step / 2} ${h} ${-step} 0`).join("");
    return d`M${50 - w} ${y}` + top + d`l2 ${h}` + d`L${50 + w} ${y + h}` + bottom + "Z";
  };
  return (
    closedTop(palette) +
    outlined([frill(38, reach + 3, 10)], palette.trim, palette.trimSeam, OUTLINE) +
    outlined([frill(29, reach - 3, 9)], palette.trim, palette.trimSeam, OUTLINE)
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
      palette.clothSeam,
      1.6,
    ),
  );
  return (
    bareBust(palette) +
    upperSleeves(palette) +
    outlined([`${opening}L80 39L76 62L73 140H27L24 62L20 39Z`], CLOTH_FILL, palette.ink, OUTLINE) +
    folds.join("")
  );
};

export const NECKS: readonly Drawing[] = [fromBehind, turtleNeck, ruffleNeck, lowTurtleNeck, drapedCollar];
