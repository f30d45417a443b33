// The eight FashionAI attributes, their classes in the data set's order, and how each is drawn.
import { RandomStream } from "../base/random.ts";
import type { Drawing } from "./bust.ts";
import {
  COAT_HEMS,
  drawCape,
  drawCoat,
  drawCoatCloseUp,
  drawSleeves,
  SLEEVE_ENDS,
} from "./coats_and_sleeves.ts";
import { COLLARS, NECKS } from "./collars_and_necks.ts";
import { LAPELS } from "./lapels.ts";
import { drawPants, drawSkirt, drawWaistCloseUp, PANT_HEMS, SKIRT_HEMS } from "./lower_garments.ts";
import { NECKLINES } from "./necklines.ts";
import { drawPalette, type Palette } from "./palette.ts";
import { composePicture, type PoseRange } from "./scene.ts";

/** Which part of the figure an attribute's pictures show. */
export type View = "bust" | "whole" | "arms" | "legs";

export interface DemoAttribute {
  readonly name: string;
  readonly view: View;
  readonly pose: PoseRange;
  readonly classes: readonly string[];
  /** A drawing of a class and, near a boundary, the neighbouring class that would do too. */
  draw(classIndex: number, palette: Palette, random: RandomStream): { drawing: string; maybe: number | null };
}

/** One picture and its label. */
export interface DemoPicture {
  readonly svg: string;
  readonly maybe: number | null;
}

const POSES = {
  bust: { scale: [0.94, 1.06], shift: [15, 11], turn: 4 },
  throat: { scale: [1.12, 1.26], shift: [14, 9], turn: 4 },
  whole: { scale: [0.84, 0.94], shift: [16, 9], turn: 4 },
  arms: { scale: [0.86, 0.96], shift: [14, 10], turn: 4 },
  legs: { scale: [0.84, 0.94], shift: [17, 10], turn: 4 },
} as const satisfies Record<View | "throat", PoseRange>;

/** A label near the edge of a class, as a share of the distance to the next class. */
const LENGTH_JITTER = 0.13;
const MAYBE_FROM = 0.11;

function designs(
  name: string,
  pose: PoseRange,
  classes: readonly string[],
  drawings: readonly Drawing[],
): DemoAttribute {
  return {
    name,
    view: "bust",
    pose,
    classes,
    draw: (classIndex, palette, random) => ({
      drawing: (drawings[classIndex] as Drawing)(palette, random),
      maybe: null,
    }),
  };
}

/** An attribute whose classes are lengths: a stop per class, strayed from by an eighth of a step. */
function lengths(
  view: View,
  name: string,
  classes: readonly string[],
  stops: readonly (number | null)[],
  invisible: Drawing,
  drawn: (length: number | null, palette: Palette, random: RandomStream) => string,
): DemoAttribute {
  const draw: DemoAttribute["draw"] = (classIndex, palette, random) => {
    if (classIndex === 0) return { drawing: invisible(palette, random), maybe: null };
    const at = classIndex - 1;
    const stop = stops[at] ?? null;
    if (stop === null) return { drawing: drawn(null, palette, random), maybe: null };
    const stray = random.between(-LENGTH_JITTER, LENGTH_JITTER);
    const neighbour = stops[at + Math.sign(stray)] ?? null;
    const step = neighbour === null ? 0 : Math.abs(neighbour - stop);
    const isNear = neighbour !== null && Math.abs(stray) > MAYBE_FROM;
    return {
      drawing: drawn(stop + stray * step, palette, random),
      maybe: isNear ? classIndex + Math.sign(stray) : null,
    };
  };
  return { name, view, pose: POSES[view], classes, draw };
}

const coats = lengths(
  "whole",
  "coat_length",
  ["Invisible", "High Waist", "Regular", "Long", "Micro", "Knee", "Midi", "Ankle&Floor"],
  COAT_HEMS,
  drawCoatCloseUp,
  (hem, palette, random) => drawCoat(hem as number, palette, random),
);

const sleeves = lengths(
  "arms",
  "sleeve_length",
  ["Invisible", "Sleeveless", "Cup", "Short", "Elbow", "3/4", "Wrist", "Long", "Extra long"],
  [null, ...SLEEVE_ENDS],
  drawCape,
  drawSleeves,
);

const pants = lengths(
  "legs",
  "pant_length",
  ["Invisible", "Short", "Mid", "3/4", "Cropped", "Full"],
  PANT_HEMS,
  (palette, random) => drawWaistCloseUp(false, palette, random),
  (hem, palette, random) => drawPants(hem as number, palette, random),
);

const skirts = lengths(
  "legs",
  "skirt_length",
  ["Invisible", "Short", "Knee", "Midi", "Ankle", "Floor"],
  SKIRT_HEMS,
  (palette, random) => drawWaistCloseUp(true, palette, random),
  (hem, palette, random) => drawSkirt(hem as number, palette, random),
);

export const DEMO_ATTRIBUTES: readonly DemoAttribute[] = [
  coats,
  designs(
    "collar_design",
    POSES.throat,
    ["Invisible", "Shirt Collar", "Peter Pan", "Puritan Collar", "Rib Collar"],
    COLLARS,
  ),
  designs(
    "lapel_design",
    POSES.bust,
    ["Invisible", "Notched", "Collarless", "Shawl Collar", "Plus Size Shawl"],
    LAPELS,
  ),
  designs(
    "neck_design",
    POSES.throat,
    ["Invisible", "Turtle Neck", "Ruffle Semi-High Collar", "Low Turtle Neck", "Draped Collar"],
    NECKS,
  ),
  designs(
    "neckline_design",
    POSES.bust,
    [
      "Invisible",
      "Strapless Neck",
      "Deep V Neckline",
      "Straight Neck",
      "V Neckline",
      "Square Neckline",
      "Off Shoulder",
      "Round Neckline",
      "Sweetheart Neckline",
      "One Shoulder Neckline",
    ],
    NECKLINES,
  ),
  pants,
  skirts,
  sleeves,
];

/** Draws one picture of a class; the same seed and name give the same picture. */
export function drawPicture(
  attribute: DemoAttribute,
  classIndex: number,
  seed: number,
  name: string,
): DemoPicture {
  const random = new RandomStream(seed, name);
  const palette = drawPalette(random);
  const { drawing, maybe } = attribute.draw(classIndex, palette, random);
  return { svg: composePicture(drawing, palette, attribute.pose, random), maybe };
}
