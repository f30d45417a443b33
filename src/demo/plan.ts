// Which pictures the demo set holds and what its annotation rows say: a pure function of seed and number.
import { RandomStream } from "../base/random.ts";
import { DEMO_ATTRIBUTES, type DemoAttribute } from "./attributes.ts";

/** One picture to draw. */
export interface PlannedPicture {
  /** Path within the set, e.g. `Images/skirt_length_labels/0a1b….jpg`. */
  readonly path: string;
  readonly attribute: DemoAttribute;
  readonly classIndex: number;
  /** Another attribute that this picture has a row for: one whose garment it does not show. */
  readonly absent: DemoAttribute | null;
}

export interface DemoPlan {
  readonly training: readonly PlannedPicture[];
  readonly tests: readonly PlannedPicture[];
}

/** Share of pictures with a second row, and how rare drawn Invisible pictures are because of these rows. */
const SECOND_ROW_SHARE = 0.2;
const INVISIBLE_WEIGHT = 0.6;

/** Plans `training` pictures for label.csv and `tests` for the questions, classes in equal parts. */
export function planDemoSet(seed: number, training: number, tests: number): DemoPlan {
  return { training: planPart(seed, "training", training), tests: planPart(seed, "tests", tests) };
}

function planPart(seed: number, part: string, count: number): PlannedPicture[] {
  const random = new RandomStream(seed, `demo plan of ${part}`);
  const kinds = DEMO_ATTRIBUTES.flatMap((attribute) =>
    attribute.classes.map((_, classIndex) => ({
      attribute,
      classIndex,
      weight: classIndex === 0 ? INVISIBLE_WEIGHT : 1,
    })),
  );
  const total = kinds.reduce((sum, kind) => sum + kind.weight, 0);
  let before = 0;
  const pictures = kinds.flatMap(({ attribute, classIndex, weight }) => {
    const from = Math.round((before / total) * count);
    before += weight;
    const to = Math.round((before / total) * count);
    return Array.from({ length: to - from }, () => planPicture(attribute, classIndex, random));
  });
  return random.shuffled(pictures);
}

function planPicture(attribute: DemoAttribute, classIndex: number, random: RandomStream): PlannedPicture {
  const hash = Array.from({ length: 4 }, () => random.nextUint32().toString(16).padStart(8, "0")).join("");
  const others = DEMO_ATTRIBUTES.filter((other) => other.view !== attribute.view);
  const absent = random.uniform() < SECOND_ROW_SHARE ? random.pick(others) : null;
  return { path: `Images/${attribute.name}_labels/${hash}.jpg`, attribute, classIndex, absent };
}

/** The label of a class: one letter a class, `y` for it, `m` for a neighbour that would do, else `n`. */
export function labelOf(attribute: DemoAttribute, classIndex: number, maybe: number | null): string {
  return attribute.classes.map((_, i) => (i === classIndex ? "y" : i === maybe ? "m" : "n")).join("");
}
