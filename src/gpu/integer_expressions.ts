// Integer expressions of shader_expansion.ts: + - * / % (division truncates), comparisons, && and || (1 or 0),
// parentheses, names.

/** The values of the names that an expression may use. */
export type Names = ReadonlyMap<string, number>;

const TOKEN = /\s*(?:(\d+)|([A-Za-z_]\w*)|([<>=!]=|&&|\|\||[-+*/%<>()]))/y;

/** Operators by precedence, lowest first. */
const LEVELS: readonly Readonly<Record<string, (a: number, b: number) => number>>[] = [
  { "||": (a, b) => Number(a !== 0 || b !== 0) },
  { "&&": (a, b) => Number(a !== 0 && b !== 0) },
  {
    "<": (a, b) => Number(a < b),
    "<=": (a, b) => Number(a <= b),
    ">": (a, b) => Number(a > b),
    ">=": (a, b) => Number(a >= b),
    "==": (a, b) => Number(a === b),
    "!=": (a, b) => Number(a !== b),
  },
  { "+": (a, b) => a + b, "-": (a, b) => a - b },
  { "*": (a, b) => a * b, "/": quotient, "%": (a, b) => a - b * quotient(a, b) },
];

function quotient(a: number, b: number): number {
  if (b === 0) throw new Error("a division by zero");
  return Math.trunc(a / b);
}

/** @throws Error if the text is not an expression, or uses a name without a value. */
export function evaluate(text: string, names: Names): number {
  const known = names.get(text);
  if (known !== undefined) return known; // most expressions are a single name
  const tokens = tokensOf(text);
  let next = 0;

  const operand = (): number => {
    const token = tokens[next++];
    if (token === "-") return -operand();
    if (token === "(") {
      const value = level(0);
      if (tokens[next++] !== ")") throw new Error(`a bracket is not closed in "${text}"`);
      return value;
    }
    if (token !== undefined && /^\d/.test(token)) return Number(token);
    if (token !== undefined && /^\w/.test(token)) return namedValue(token, names);
    throw new Error(`"${text}" is no whole-number expression`);
  };

  const level = (depth: number): number => {
    const operators = LEVELS[depth];
    if (!operators) return operand();
    let value = level(depth + 1);
    for (let apply = operators[tokens[next] ?? ""]; apply; apply = operators[tokens[next] ?? ""]) {
      next++;
      value = apply(value, level(depth + 1));
    }
    return value;
  };

  const value = level(0);
  if (next < tokens.length) throw new Error(`"${text}" is no whole-number expression`);
  return value;
}

function tokensOf(text: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  const trimmed = text.trimEnd();
  while (TOKEN.lastIndex < trimmed.length) {
    const match = TOKEN.exec(trimmed);
    if (!match) throw new Error(`"${text}" is no whole-number expression`);
    tokens.push(match[0].trim());
  }
  return tokens;
}

function namedValue(name: string, names: Names): number {
  const value = names.get(name);
  if (value !== undefined) return value;
  const known = [...names.keys()].join(", ") || "none";
  throw new Error(`${name} has no value (those that have: ${known})`);
}
