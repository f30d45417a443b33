// JSON out of files that anybody may have made: its depth is known before it is parsed, so that nothing
// which walks through it runs out of stack.

/** Keras' descriptions nest about 6 levels a model. */
const DEEPEST = 200;

/** What a scan tells of JSON text; of text that is no JSON it means nothing. */
export interface JsonOutline {
  readonly depth: number;
  /** The keys of the outermost object in their order, repeated ones as well. */
  readonly keys: readonly string[];
  /** The key of the outermost object below which it is deepest. */
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

/** Where the string that begins at a quotation mark ends: at its other one. */
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

/** A value that JSON can have, as text of at most so many characters. */
export function excerptOf(value: unknown, characters = 60): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length <= characters ? text : `${text.slice(0, characters)}…`;
}

/** Why JSON text is not parsed: undefined where it may be. */
export function faultOfDepth({ depth, deepestKey }: JsonOutline, most = DEEPEST): string | undefined {
  if (depth <= most) return undefined;
  const place = deepestKey === undefined ? "" : `, below ${JSON.stringify(deepestKey.slice(0, 60))}`;
  return `JSON nested ${depth} levels deep${place}; expected up to ${most}`;
}
