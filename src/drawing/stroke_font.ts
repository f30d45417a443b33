// Letters as lines with round ends, so that pictures contain the same readable text on machines without any fonts.
// Drawn for weft: an even sans serif. A glyph is its advance and the path of its centre lines in hundredths of the font
// size, y downwards, the baseline at 0, capitals 68 and small letters 48 high.

type Glyph = readonly [advance: number, path: string];

const BOWL_RIGHT_OF_STEM = "M9 -24C9 -40 18 -48 27 -48C38 -48 45 -38 45 -24C45 -10 38 0 27 0C18 0 9 -8 9 -24";
const BOWL_LEFT_OF_STEM = "M45 -24C45 -40 36 -48 27 -48C16 -48 9 -38 9 -24C9 -10 16 0 27 0C36 0 45 -8 45 -24";
const ARCH = "M9 -28C9 -40 17 -48 27 -48C37 -48 42 -42 42 -31V0";
const ROUND_CAPITAL = "M37 -68C19 -68 8 -55 8 -34C8 -13 19 0 37 0C55 0 66 -13 66 -34C66 -55 55 -68 37 -68Z";
const BOWL_OF_P = "M10 0V-68H34C47 -68 54 -61 54 -49C54 -36 47 -30 34 -30H10";
const CURVE_OF_S =
  "M51 -56C46 -64 39 -68 30 -68C18 -68 10 -62 10 -51C10 -40 19 -37 30 -35C43 -32 53 -29 53 -18" +
  "C53 -6 43 0 31 0C20 0 12 -5 7 -14";

const GLYPHS: Readonly<Record<string, Glyph>> = {
  a: [51, "M11 -43C20 -50 41 -51 41 -33V0M41 -28H26C4 -28 4 0 23 0C33 0 41 -6 41 -15"],
  b: [54, `M9 -70V0${BOWL_RIGHT_OF_STEM}`],
  c: [48, "M43 -38C39 -45 34 -48 28 -48C15 -48 8 -38 8 -24C8 -10 15 0 28 0C34 0 39 -3 43 -10"],
  d: [54, `M45 -70V0${BOWL_LEFT_OF_STEM}`],
  e: [52, "M8 -25H45C45 -40 38 -48 27 -48C15 -48 8 -38 8 -24C8 -9 16 0 28 0C35 0 40 -3 44 -8"],
  f: [31, "M31 -69C20 -72 15 -66 15 -57V0M5 -48H29"],
  g: [54, `M45 -48V1C45 13 38 19 27 19C20 19 14 17 10 13${BOWL_LEFT_OF_STEM}`],
  h: [51, `M9 -70V0${ARCH}`],
  i: [18, "M9 -48V0M9 -66h.1"],
  j: [20, "M11 -48V8C11 16 7 19 0 18M11 -66h.1"],
  k: [46, "M9 -70V0M39 -48L9 -19M19 -28L41 0"],
  l: [21, "M9 -70V-9C9 -2 12 0 17 0"],
  m: [
    75,
    "M9 -48V0M9 -30C9 -41 16 -48 24 -48C33 -48 37 -42 37 -33V0M37 -30C37 -41 44 -48 52 -48C61 -48 66 -42 66 -33V0",
  ],
  n: [51, `M9 -48V0${ARCH}`],
  o: [54, "M27 -48C15 -48 8 -38 8 -24C8 -10 15 0 27 0C39 0 46 -10 46 -24C46 -38 39 -48 27 -48Z"],
  p: [54, `M9 -48V19${BOWL_RIGHT_OF_STEM}`],
  q: [54, `M45 -48V19${BOWL_LEFT_OF_STEM}`],
  r: [33, "M9 -48V0M9 -27C9 -40 17 -49 29 -47"],
  s: [
    46,
    "M38 -41C34 -46 29 -48 23 -48C15 -48 9 -44 9 -36C9 -29 15 -27 23 -25C32 -23 39 -20 39 -12C39 -4 32 0 24 0C17 0 11 -3 7 -8",
  ],
  t: [34, "M15 -62V-13C15 -3 20 1 30 -1M5 -48H29"],
  u: [51, "M42 -48V0M42 -20C42 -8 34 0 24 0C14 0 9 -6 9 -17V-48"],
  v: [47, "M5 -48L23.5 0L42 -48"],
  w: [70, "M5 -48L19 0L35 -46L51 0L65 -48"],
  x: [47, "M6 -48L41 0M41 -48L6 0"],
  y: [48, "M5 -48L25 -1M44 -48L23 6C19 16 14 20 6 18"],
  z: [47, "M7 -48H40L7 0H41"],
  A: [60, "M5 0L30 -68L55 0M14 -23H46"],
  B: [
    62,
    "M10 0V-68H33C45 -68 51 -62 51 -52C51 -42 45 -36 33 -36H10M33 -36C47 -36 54 -29 54 -18C54 -7 47 0 33 0H10",
  ],
  C: [64, "M57 -54C51 -64 44 -68 35 -68C18 -68 8 -55 8 -34C8 -13 18 0 35 0C45 0 52 -5 58 -15"],
  D: [68, "M10 0V-68H30C49 -68 60 -55 60 -34C60 -13 49 0 30 0Z"],
  E: [57, "M50 -68H10V0H51M10 -36H46"],
  F: [53, "M49 -68H10V0M10 -35H45"],
  G: [69, "M58 -55C52 -64 45 -68 36 -68C18 -68 8 -55 8 -34C8 -13 18 0 36 0C46 0 54 -4 60 -10V-32H38"],
  H: [66, "M10 -68V0M56 -68V0M10 -36H56"],
  I: [20, "M10 -68V0"],
  J: [48, "M38 -68V-20C38 -7 32 0 22 0C13 0 7 -5 5 -15"],
  K: [59, "M10 -68V0M53 -68L10 -25M24 -39L55 0"],
  L: [51, "M10 -68V0H46"],
  M: [76, "M10 0V-68L38 -14L66 -68V0"],
  N: [67, "M10 0V-68L57 0V-68"],
  O: [74, ROUND_CAPITAL],
  P: [59, BOWL_OF_P],
  Q: [74, `${ROUND_CAPITAL}M44 -17L65 5`],
  R: [62, `${BOWL_OF_P}M34 -30L56 0`],
  S: [60, CURVE_OF_S],
  T: [56, "M4 -68H52M28 -68V0"],
  U: [66, "M10 -68V-25C10 -9 18 0 33 0C48 0 56 -9 56 -25V-68"],
  V: [58, "M5 -68L29 0L53 -68"],
  W: [88, "M5 -68L24 0L44 -66L64 0L83 -68"],
  X: [57, "M6 -68L51 0M51 -68L6 0"],
  Y: [58, "M5 -68L29 -32V0M53 -68L29 -32"],
  Z: [58, "M8 -68H50L7 0H51"],
  "0": [54, "M27 -68C14 -68 8 -56 8 -34C8 -12 14 0 27 0C40 0 46 -12 46 -34C46 -56 40 -68 27 -68Z"],
  "1": [54, "M13 -55L30 -68V0"],
  "2": [54, "M9 -52C10 -62 17 -68 27 -68C38 -68 45 -61 45 -51C45 -43 41 -38 33 -30L8 0H47"],
  "3": [
    54,
    "M9 -56C12 -64 19 -68 26 -68C37 -68 44 -62 44 -52C44 -42 37 -37 24 -37M24 -37C38 -37 46 -31 46 -19C46 -7 38 0 26 0C17 0 10 -4 7 -13",
  ],
  "4": [54, "M37 0V-68L6 -19H49"],
  "5": [54, "M44 -68H14L11 -37C16 -42 21 -44 27 -44C39 -44 46 -35 46 -22C46 -9 38 0 26 0C17 0 11 -4 7 -12"],
  "6": [
    54,
    "M43 -57C39 -65 34 -68 28 -68C15 -68 8 -55 8 -32C8 -11 15 0 28 0C39 0 46 -9 46 -21C46 -34 39 -42 28 -42C17 -42 10 -34 8 -24",
  ],
  "7": [54, "M8 -68H46L22 0"],
  "8": [
    54,
    "M27 -37C17 -37 11 -43 11 -52C11 -61 17 -68 27 -68C37 -68 43 -61 43 -52C43 -43 37 -37 27 -37C15 -37 8 -30 8 -19C8 -7 15 0 27 0C39 0 46 -7 46 -19C46 -30 39 -37 27 -37Z",
  ],
  "9": [
    54,
    "M11 -11C15 -3 20 0 26 0C39 0 46 -13 46 -36C46 -57 39 -68 26 -68C15 -68 8 -59 8 -47C8 -34 15 -26 26 -26C37 -26 44 -34 46 -44",
  ],
  " ": [26, ""],
  ".": [18, "M9 -1h.1"],
  ",": [19, "M11 -1L8 10"],
  ":": [19, "M10 -1h.1M10 -42h.1"],
  ";": [19, "M11 -1L8 10M10 -42h.1"],
  "!": [20, "M10 -68V-20M10 -1h.1"],
  "?": [
    48,
    "M7 -54C9 -63 15 -68 24 -68C34 -68 41 -62 41 -53C41 -45 36 -41 30 -36C26 -33 24 -29 24 -20M24 -1h.1",
  ],
  "'": [16, "M8 -70V-53"],
  '"': [29, "M8 -70V-53M21 -70V-53"],
  "`": [28, "M8 -70L18 -58"],
  "(": [28, "M22 -76C12 -62 9 -50 9 -29C9 -8 12 4 22 18"],
  ")": [28, "M6 -76C16 -62 19 -50 19 -29C19 -8 16 4 6 18"],
  "[": [28, "M22 -76H10V18H22"],
  "]": [28, "M6 -76H18V18H6"],
  "{": [32, "M26 -76C18 -76 16 -72 16 -64V-40C16 -33 13 -29 6 -29C13 -29 16 -25 16 -18V6C16 14 18 18 26 18"],
  "}": [32, "M6 -76C14 -76 16 -72 16 -64V-40C16 -33 19 -29 26 -29C19 -29 16 -25 16 -18V6C16 14 14 18 6 18"],
  "|": [20, "M10 -76V18"],
  "/": [34, "M4 8L30 -74"],
  "\\": [34, "M30 8L4 -74"],
  "-": [34, "M6 -25H28"],
  "–": [54, "M5 -25H49"],
  "−": [58, "M8 -27H50"],
  _: [48, "M3 11H45"],
  "+": [58, "M8 -27H50M29 -48V-6"],
  "=": [58, "M8 -37H50M8 -17H50"],
  "<": [58, "M48 -48L9 -27L48 -6"],
  ">": [58, "M10 -48L49 -27L10 -6"],
  "*": [40, "M20 -70V-42M8 -63L32 -49M32 -63L8 -49"],
  "#": [56, "M21 -68L13 0M43 -68L35 0M6 -46H51M4 -23H49"],
  $: [60, `${CURVE_OF_S}M30 -78V10`],
  "%": [
    84,
    "M19 -68C11 -68 7 -61 7 -51C7 -41 11 -34 19 -34C27 -34 31 -41 31 -51C31 -61 27 -68 19 -68ZM65 -34C57 -34 53 -27 53 -17C53 -7 57 0 65 0C73 0 77 -7 77 -17C77 -27 73 -34 65 -34ZM64 -68L20 0",
  ],
  "&": [63, "M58 0L19 -45C9 -57 15 -68 28 -68C41 -68 45 -55 34 -46L20 -37C2 -25 8 0 28 0C42 0 53 -10 55 -30"],
  "@": [
    82,
    "M50 -33C50 -45 44 -50 36 -50C27 -50 21 -43 21 -32C21 -22 27 -16 35 -16C44 -16 50 -23 50 -33V-26C50 -18 54 -15 60 -15C68 -15 73 -22 73 -33C73 -54 60 -68 41 -68C21 -68 8 -53 8 -29C8 -5 22 9 43 9C51 9 57 8 63 5",
  ],
  "^": [48, "M8 -44L24 -68L40 -44"],
  "~": [58, "M8 -22C14 -34 22 -32 29 -27C36 -22 44 -20 50 -32"],
  "×": [52, "M12 -41L40 -10M40 -41L12 -10"],
  "·": [24, "M12 -26h.1"],
  "…": [64, "M10 -1h.1M32 -1h.1M54 -1h.1"],
  "→": [72, "M6 -26H66M49 -42L66 -26L49 -10"],
};

/**
 * The width of a letter that the font lacks: for Latin, Greek and similar letters, and for the wide ones of East Asia.
 */
const NARROW_STRANGER = 60;
const WIDE_STRANGER = 100;
const FIRST_WIDE = 0x1100;

const UNITS = 100;
/** Added between letters, because bold strokes are wider. */
const SPACING = 2;
const BOLD_SPACING = 4;

/** Runs of letters that the font lacks, and the distance of each from the start of the text. */
export function strangers(text: string, size: number, isBold: boolean): { text: string; offset: number }[] {
  const runs: { text: string; offset: number }[] = [];
  let before = "";
  let isOpen = false;
  for (const letter of text) {
    const run = isOpen ? runs.at(-1) : undefined;
    isOpen = !(letter in GLYPHS);
    if (isOpen && run) run.text += letter;
    else if (isOpen) runs.push({ text: letter, offset: textWidth(before, size, isBold) });
    before += letter;
  }
  return runs;
}

/** Width of a line of text, in the units of the font size. */
export function textWidth(text: string, size: number, isBold = false): number {
  let units = 0;
  for (const letter of text) units += advanceOf(letter) + (isBold ? BOLD_SPACING : SPACING);
  return (units * size) / UNITS;
}

function advanceOf(letter: string): number {
  const stranger = (letter.codePointAt(0) ?? 0) >= FIRST_WIDE ? WIDE_STRANGER : NARROW_STRANGER;
  return GLYPHS[letter]?.[0] ?? stranger;
}

/** Thickness of the lines, in the units of the font size. */
export function strokeWidth(size: number, isBold: boolean): number {
  return (size * (isBold ? 12.5 : 8)) / UNITS;
}

/** Path data of a line of text that begins at x on the baseline y; letters that the font lacks stay blank. */
export function textPath(text: string, x: number, y: number, size: number, isBold = false): string {
  const scale = size / UNITS;
  let pen = x;
  let path = "";
  for (const letter of text) {
    path += placed(GLYPHS[letter]?.[1] ?? "", pen, y, scale);
    pen += (advanceOf(letter) + (isBold ? BOLD_SPACING : SPACING)) * scale;
  }
  return path;
}

/** A glyph's path moved and scaled. Its only relative command is `h`. */
function placed(path: string, x: number, y: number, scale: number): string {
  return path.replace(/([MLHVCZh])([^MLHVCZh]*)/g, (_, command: string, text: string) => {
    const numbers = text.trim() === "" ? [] : text.trim().split(/\s+/).map(Number);
    const moved = numbers.map((value, i) => {
      if (command === "h") return value * scale;
      const isX = command === "H" || (command !== "V" && i % 2 === 0);
      return (isX ? x : y) + value * scale;
    });
    return command + moved.map((value) => String(Math.round(value * 100) / 100)).join(" ");
  });
}
