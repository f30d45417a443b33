// JSON from untrusted files: its depth is determined before it is parsed, so that no recursive code runs out of stack.

/** Keras' descriptions nest about 6 levels per model. */
const DEEPEST = 200;

/** The result of a scan of JSON text; for text that is not JSON it has no meaning. */
export interface JsonOutline {
  readonly depth: number;
  /** The keys of the outermost object in order, including repeated ones. */
  readonly keys: readonly string[];
  /** The key of the outermost object whose value is the deepest. */
  readonly deepestKey: string | undefined;
}

/** Scans JSON text. */
export function outlineJson(text: string): JsonOutline {
  const keys: string[] = [];
  let depth = 0;
  let deepest = 0;
  let deepestKey: string | undefined;
  for (let at = 0; at < text.length; at++) {
    const character = text[at];
    if (character === '"') {
      const end = endOfString(text, at);
      if (depth === 1 && /^\s*:/.test(text.slice(end + 1, end + 16)))
        keys.push(unquoted(text.slice(at, end + 1)));
      at = end;
    } else if (character === "{" || character === "[") {
      depth++;
      if (depth > deepest) {
        deepest = depth;
        deepestKey = keys.at(-1);
      }
    } else if (character === "}" || character === "]") depth--;
  }
  return { depth: deepest, keys, deepestKey };
}

/** The position at which the string that begins at a quotation mark ends: at its other quotation mark. */
function endOfString(text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === '"') return at;
    if (text[at] === "\\") at++;
  }
  return text.length;
}

function unquoted(literal: string): string {
  try {
    return String(JSON.parse(literal));
  } catch {
    return literal;
  }
}

/** A JSON value as text of at most n characters. */
export function excerptOf(value: unknown, characters = 60): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= characters ? text : `${text.slice(0, characters)}…`;
}

/** Why JSON text is not parsed: undefined if it may be. */
export function faultOfDepth({ depth, deepestKey }: JsonOutline, most = DEEPEST): string | undefined {
  if (depth <= most) return undefined;
  const place = deepestKey === undefined ? "" : `, below ${JSON.stringify(deepestKey.slice(0, 60))}`;
  return `JSON nested ${depth} levels deep${place}; expected up to ${most}`;
}
