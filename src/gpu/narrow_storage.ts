// Narrow storage: kernels are written for f32 and compute in f32. If a tensor is f16, the linked WGSL is rewritten so
// that its storage variable holds f16: loads widen, stores narrow, nothing in between changes. Stores do not clamp: a
// value beyond f16's range becomes an infinity, which loss scaling must see.

/** A storage variable to be narrowed: the type of its elements in registers and in memory. */
interface NarrowVariable {
  readonly wide: string;
  readonly narrow: string;
}

const ALIAS = /\balias\s+(\w+)\s*=\s*([^;]+);/g;
const FLOAT_ELEMENT = /^(?:f32|vec([234])(?:f|<\s*f32\s*>))$/;

/**
 * Rewrites a linked shader so that the named storage variables hold f16. They may be indexed (`x[i]`, also nested),
 * read, stored to, updated (`+=`) and stored to by component; no indexed local value may have the same name.
 * @throws Error if a variable is missing, has no float elements, or if a pointer to an element is taken.
 */
export function narrowStorage(code: string, names: readonly string[]): string {
  if (names.length === 0) return code;
  const aliases = new Map(
    [...code.matchAll(ALIAS)].map(([, name, type]) => [name ?? "", (type ?? "").trim()]),
  );
  const variables = new Map<string, NarrowVariable>();
  let declared = code;
  for (const name of names) {
    const declaration = new RegExp(
      `(var<storage,\\s*(?:read_write|read)>\\s*${name}\\s*:\\s*array<)([^;]+)(>\\s*;)`,
    );
    const element = declaration.exec(declared)?.[2]?.trim();
    if (element === undefined) throw new Error(`no storage variable ${name} that holds an array`);
    const variable = narrowVariable(name, resolveAlias(element, aliases));
    variables.set(name, variable);
    declared = declared.replace(declaration, `$1${variable.narrow}$3`);
  }
  return `enable f16;\n${rewrite(declared, variables)}`;
}

function resolveAlias(type: string, aliases: ReadonlyMap<string, string>): string {
  let resolved = type;
  for (let next = aliases.get(resolved); next !== undefined; next = aliases.get(resolved)) resolved = next;
  return resolved;
}

function narrowVariable(name: string, element: string): NarrowVariable {
  const match = FLOAT_ELEMENT.exec(element);
  if (!match) throw new Error(`storage variable ${name} holds ${element}, which has no f16 form`);
  const [, lanes] = match;
  return lanes === undefined
    ? { wide: "f32", narrow: "f16" }
    : { wide: `vec${lanes}f`, narrow: `vec${lanes}<f16>` };
}

/** What may follow `x[i]` in a store: a component, then an assignment. */
const STORE = /^(\s*(?:\.\w|\[[^\]]*\])?)\s*([-+*/%]?)=(?!=)/;

/** Rewrites every access in a piece of code. */
function rewrite(code: string, variables: ReadonlyMap<string, NarrowVariable>): string {
  const access = new RegExp(`(?<![\\w.])(${[...variables.keys()].join("|")})\\s*\\[`, "g");
  let result = "";
  let done = 0;
  for (let found = access.exec(code); found; found = access.exec(code)) {
    const name = found[1] ?? "";
    const variable = variables.get(name);
    if (!variable) throw new Error(`no variable ${name}`);
    const before = code.slice(done, found.index);
    if (/(?<!&)&\s*$/.test(before)) throw new Error(`a pointer to an element of ${name} cannot be narrowed`);
    const open = found.index + found[0].length - 1;
    const end = endOfBrackets(code, open);
    const element = `${name}[${rewrite(code.slice(open + 1, end - 1), variables)}]`;
    result += before;
    const store = STORE.exec(code.slice(end));
    if (store) {
      const from = end + store[0].length;
      done = endOfStatement(code, from);
      result += storeTo(element, store, rewrite(code.slice(from, done).trim(), variables), variable);
    } else {
      done = end;
      result += `${variable.wide}(${element})`;
    }
    access.lastIndex = done;
  }
  return result + code.slice(done);
}

/** `y[i] = value` with the value narrowed; in `y[i] += value` the old value is widened first. */
function storeTo(
  element: string,
  [, component = "", operation = ""]: RegExpExecArray,
  value: string,
  { wide, narrow }: NarrowVariable,
): string {
  const isWhole = component.trim() === "";
  const target = `${element}${component.trim()}`;
  const stored = operation === "" ? value : `${isWhole ? wide : "f32"}(${target}) ${operation} (${value})`;
  return `${target} = ${isWhole ? narrow : "f16"}(${stored})`;
}

const OPENING = "([{";
const CLOSING = ")]}";

/** The position after the bracket that closes the one at `open`. */
function endOfBrackets(code: string, open: number): number {
  let depth = 0;
  for (let i = open; i < code.length; i++) {
    const character = code.charAt(i);
    if (OPENING.includes(character)) depth++;
    if (CLOSING.includes(character)) depth--;
    if (depth === 0) return i + 1;
  }
  throw new Error("a bracket is not closed");
}

/** The position of the semicolon, or of the bracket around a loop's head, that ends a statement. */
function endOfStatement(code: string, from: number): number {
  let depth = 0;
  for (let i = from; i < code.length; i++) {
    const character = code.charAt(i);
    if (depth === 0 && (character === ";" || CLOSING.includes(character))) return i;
    if (OPENING.includes(character)) depth++;
    if (CLOSING.includes(character)) depth--;
  }
  throw new Error("a statement does not end");
}
