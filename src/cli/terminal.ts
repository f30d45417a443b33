// How text looks: colours where the stream is a terminal and nobody objects, numbers and times as people
// read them.

/** The stream of a process. */
export interface TextStream {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): boolean;
}

/** Text in a style; as it came where styles are off. */
export interface Style {
  bold(text: string): string;
  dim(text: string): string;
  green(text: string): string;
  yellow(text: string): string;
  red(text: string): string;
  cyan(text: string): string;
}

/** https://no-color.org and FORCE_COLOR, in that order; else whether the stream is a terminal. */
export function hasColours(
  stream: Pick<TextStream, "isTTY">,
  variables: Readonly<Record<string, string | undefined>> = process.env,
): boolean {
  if (variables.NO_COLOR) return false;
  if (variables.FORCE_COLOR !== undefined) return variables.FORCE_COLOR !== "0";
  return stream.isTTY === true && variables.TERM !== "dumb";
}

/** Styles for a stream. */
export function styleOf(stream: Pick<TextStream, "isTTY">): Style {
  const on = hasColours(stream);
  const wrap = (start: number, end: number) => (text: string) => {
    return on ? `\u001b[${start}m${text}\u001b[${end}m` : text;
  };
  return {
    bold: wrap(1, 22),
    dim: wrap(2, 22),
    red: wrap(31, 39),
    green: wrap(32, 39),
    yellow: wrap(33, 39),
    cyan: wrap(36, 39),
  };
}

/** `1234567` → `1,234,567`. */
export function grouped(count: number): string {
  return count.toLocaleString("en-US");
}

/** `1 image`, `2 images`. */
export function counted(count: number, what: string): string {
  return `${grouped(count)} ${what}${count === 1 ? "" : "s"}`;
}

/** Seconds as `0:07`, `12:34` or `1:02:03`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const pad = (part: number) => String(part).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const minutes = Math.floor(whole / 60) % 60;
  const tail = `${hours > 0 ? pad(minutes) : minutes}:${pad(whole % 60)}`;
  return hours > 0 ? `${hours}:${tail}` : tail;
}

/** A short duration: `0.8 s`, `41.2 s`, `12:34`. */
export function duration(seconds: number): string {
  return seconds < 100 ? `${seconds.toFixed(1)} s` : clock(seconds);
}

/** A rate with three digits or so: `0.42`, `31.2`, `1240`. */
export function rate(value: number): string {
  return value.toFixed(value < 1 ? 2 : value < 100 ? 1 : 0);
}

/** What text from files must not do to a terminal: move its cursor, set its title, turn the writing around. */
const CONTROLS = /[\p{Cc}\p{Bidi_Control}\p{Zl}\p{Zp}]/gu;
const STYLE = /^\[(?:[12]|22|3[1236]|39)m/;

/** As JSON has it, so that lines of JSON stay JSON. */
const escaped = (character: string) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

/** A name out of a file, for a place in a line: control characters, line ends among them, as `\u001b`. */
export function escapeName(name: string): string {
  return name.replace(CONTROLS, escaped);
}

/** Lines for a stream: the same, but for line ends, tabs and, where the stream has colours, styles. */
export function escapeLines(text: string, stream: Pick<TextStream, "isTTY">): string {
  return text.replace(CONTROLS, (character, at: number) => {
    const isStyle = character === "\u001b" && hasColours(stream) && STYLE.test(text.slice(at + 1, at + 5));
    return isStyle || character === "\n" || character === "\t" ? character : escaped(character);
  });
}

/** Progress and remarks go to stderr, results to stdout. */
export function say(text = ""): void {
  process.stderr.write(`${escapeLines(text, process.stderr)}\n`);
}

/** A result, on stdout. */
export function print(text = ""): void {
  process.stdout.write(`${escapeLines(text, process.stdout)}\n`);
}

const LABEL_WIDTH = 12;

/** A labelled line of a command's summary, on stderr. */
export function sayField(label: string, text: string): void {
  const { dim } = styleOf(process.stderr);
  say(`  ${dim(label.padEnd(LABEL_WIDTH))}${text}`);
}
