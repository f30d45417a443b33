// Repetition in shaders, expanded before they are linked. Register tiles and taps of kernels are named values, because
// arrays in function scope are slow (ARCHITECTURE.md). These constructs let a person write them once:
//
//   @let COLUMNS = 8 / STRIDE                an integer for the lines below; injected constants are integers, too
//   @for(r in 0..KERNEL) var w$r = vec4f();  the rest of the line for r = 0, 1, … KERNEL - 1; several may be nested
//   @for(r in 0..KERNEL)                     likewise all lines down to the @end
//   @end
//   x$r, x${r + 1}, a.${xyzw[r]}             the value of a variable or an expression; xyzw: a component
//   @sum(s in 0..3: x$s * w$s)               x0 * w0 + x1 * w1 + x2 * w2
//   @list(s in 0..3: a$s)                    a0, a1, a2
//   @when(r > 0: + ${r}u)                    the text after the colon, if the condition holds
//
// Ranges exclude their end and may have a step (`0..KERNEL step 2`). A construct ends on the line on which it begins,
// except blocks. Comments are dropped. Template libraries make functions from strings, which the content security
// policy of many pages forbids, and their tags obscure the WGSL.

import { messageOf } from "../base/errors.ts";
import { evaluate, type Names } from "./integer_expressions.ts";

/** An expanded source. */
export interface ExpandedShader {
  readonly text: string;
  /** The line of the source, from 1, that each line of the text comes from. */
  readonly lines: readonly number[];
}

type Constants = Readonly<Record<string, number | string>>;

const ANY_CONSTRUCT = /\$|@(?:for|sum|list|when)\(|@(?:let|end)\b/;
const LET = /^\s*@let\s+(\w+)\s*=\s*(.+?)\s*$/;
const FOR = /^\s*@for\(/;
const END = /^\s*@end\s*$/;
const INLINE = /\$(?:(\w+)|\{)|@(sum|list|when)\(/g;
const RANGE = /^\s*(\w+) in (.+?)\.\.(.+?)(?: step (.+))?$/;
/** No tile is as large: a longer range has a wrong bound. */
const MAX_REPETITIONS = 256;

/**
 * Expands a shader's source.
 * @param name of the shader, for messages
 * @param constants that specialise the shader; constants that are not integers cannot be named
 * @throws Error naming the shader and the line, if a construct is not well formed or uses a name without a value
 */
export function expandShader(name: string, source: string, constants: Constants = {}): ExpandedShader {
  const lines = source.split("\n");
  if (!ANY_CONSTRUCT.test(source)) return { text: source, lines: lines.map((_, i) => i + 1) };
  const expansion = new Expansion(lines.map(withoutComment));
  try {
    expansion.expandLines(0, lines.length, wholeNumbers(constants));
  } catch (thrown) {
    const { current } = expansion;
    throw new Error(`${name}:${current + 1}: ${messageOf(thrown)}, in "${lines[current]?.trim()}"`);
  }
  return { text: expansion.text.join("\n"), lines: expansion.lines };
}

function withoutComment(line: string): string {
  const start = line.indexOf("//");
  return start < 0 ? line : line.slice(0, start).trimEnd();
}

/** Injected constants by name, `16u` as 16. */
function wholeNumbers(constants: Constants): Names {
  const entries = Object.entries(constants).flatMap(([name, value]): [string, number][] => {
    const digits = /^(-?\d+)[ui]?$/.exec(String(value))?.[1];
    return digits === undefined ? [] : [[name, Number(digits)]];
  });
  return new Map(entries);
}

class Expansion {
  readonly text: string[] = [];
  readonly lines: number[] = [];
  /** The line that is being expanded. */
  current = 0;

  constructor(private readonly source: readonly string[]) {}

  /** Expands the lines from `first` to `end`, which is excluded. */
  expandLines(first: number, end: number, outer: Names): void {
    const names = new Map(outer);
    for (let i = first; i < end; i++) {
      this.current = i;
      const line = this.source[i] ?? "";
      const [, name, value] = LET.exec(line) ?? [];
      if (name !== undefined && value !== undefined) {
        names.set(unused(name, names), evaluate(value, names));
        continue;
      }
      if (END.test(line)) throw new Error("an @end without an @for");
      const { ranges, rest } = loopsOf(line);
      const last = ranges.length > 0 && rest === "" ? this.endOf(i) : i;
      for (const assigned of assignments(ranges, names)) {
        if (last > i) this.expandLines(i + 1, last, assigned);
        else this.emit(i, rest, assigned);
      }
      i = last;
    }
  }

  private emit(i: number, text: string, names: Names): void {
    this.current = i;
    this.text.push(expandText(text, names));
    this.lines.push(i + 1);
  }

  /** The line of the @end that closes the block of line `start`. */
  private endOf(start: number): number {
    let depth = 0;
    for (let i = start; i < this.source.length; i++) {
      const line = this.source[i] ?? "";
      if (FOR.test(line) && loopsOf(line).rest === "") depth++;
      if (END.test(line)) depth--;
      if (depth === 0) return i;
    }
    throw new Error("an @for alone on its line, without an @end");
  }
}

/** The ranges of the @for at the start of a line, and the text after them; without a @for, the whole line. */
function loopsOf(line: string): { readonly ranges: readonly string[]; readonly rest: string } {
  const ranges: string[] = [];
  let rest = line;
  while (FOR.test(rest)) {
    const open = rest.indexOf("(");
    const close = closingBracket(rest, open);
    ranges.push(rest.slice(open + 1, close));
    rest = rest.slice(close + 1);
  }
  return { ranges, rest: ranges.length > 0 ? rest.trimStart() : line };
}

/** The names with every assignment of values to the variables of nested ranges, the last range fastest. */
function assignments([range, ...inner]: readonly string[], names: Names): Names[] {
  if (range === undefined) return [names];
  const { variable, values } = rangeOf(range, names);
  return values.flatMap((value) => assignments(inner, new Map(names).set(variable, value)));
}

function unused(name: string, names: Names): string {
  if (names.has(name)) throw new Error(`${name} already has a value`);
  return name;
}

/** The values of `i in 0..8` or `i in 0..8 step 2`. */
function rangeOf(text: string, names: Names): { readonly variable: string; readonly values: number[] } {
  const [, variable, from = "", to = "", by = "1"] = RANGE.exec(text) ?? [];
  if (variable === undefined) throw new Error(`"${text}" is no range such as "i in 0..8"`);
  const [start, end, step] = [evaluate(from, names), evaluate(to, names), evaluate(by, names)];
  const count = Math.max(0, Math.ceil((end - start) / step));
  if (step < 1 || count > MAX_REPETITIONS) {
    throw new Error(
      `"${text}" is ${start}..${end} step ${step}; at most ${MAX_REPETITIONS} repetitions are meant`,
    );
  }
  return {
    variable: unused(variable, names),
    values: Array.from({ length: count }, (_, i) => start + i * step),
  };
}

/** Expands the constructs inside a line. */
function expandText(text: string, names: Names): string {
  let result = "";
  let done = 0;
  for (const { 0: opening, 1: variable, 2: construct, index } of text.matchAll(INLINE)) {
    if (index < done) continue; // part of the construct before
    result += text.slice(done, index);
    done = index + opening.length;
    if (variable !== undefined) {
      result += evaluate(variable, names);
    } else {
      const close = closingBracket(text, done - 1);
      const inner = text.slice(done, close);
      result +=
        construct === undefined ? interpolated(inner, names) : expandConstruct(construct, inner, names);
      done = close + 1;
    }
  }
  return result + text.slice(done);
}

/** The text of `${…}`. */
function interpolated(expression: string, names: Names): string {
  const index = expression.startsWith("xyzw[") ? expression.slice("xyzw[".length, -1) : undefined;
  if (index === undefined) return String(evaluate(expression, names));
  const component = "xyzw"[evaluate(index, names)];
  if (component === undefined) throw new Error(`a vector has no component ${evaluate(index, names)}`);
  return component;
}

function expandConstruct(construct: string, inner: string, names: Names): string {
  const colon = inner.indexOf(":");
  if (colon < 0) throw new Error(`@${construct} has no colon`);
  const head = inner.slice(0, colon);
  const body = inner.slice(colon + 1);
  if (construct === "when") return evaluate(head, names) === 0 ? "" : expandText(body, names);
  const { variable, values } = rangeOf(head, names);
  if (construct === "sum" && values.length === 0) throw new Error("a @sum of nothing");
  const terms = values.map((value) => expandText(body.trimStart(), new Map(names).set(variable, value)));
  return terms.join(construct === "sum" ? " + " : ", ");
}

/** The position of the bracket that closes the one at `open`. */
function closingBracket(text: string, open: number): number {
  let depth = 0;
  for (let i = open; i < text.length; i++) {
    const character = text.charAt(i);
    if ("([{".includes(character)) depth++;
    if (")]}".includes(character)) depth--;
    if (depth === 0) return i;
  }
  throw new Error(`the bracket that "${text.slice(0, open + 1).trim()}" opens is not closed on its line`);
}
