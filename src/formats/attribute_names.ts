// The names of attributes: the second column of a label file, and detection of names that resemble each other.

const SUFFIX = "_labels";
const SHOWN_PAIRS = 5;
const CONTROL_CHARACTER = /\p{Cc}/u;

/** The second column of a label file for an attribute. */
export const attributeColumn = (attribute: string): string => attribute + SUFFIX;

/** Whether a second column is written in full, with its suffix. */
export const isFullColumn = (column: string): boolean => column.trim().endsWith(SUFFIX);

/**
 * The attribute that a file's second column names: `skirt_length_labels` → `skirt_length`. The Unicode form does not
 * matter: the name is composed (NFC).
 */
export function attributeOf(column: string): string {
  const name = column.trim().normalize("NFC");
  return name.endsWith(SUFFIX) ? name.slice(0, -SUFFIX.length) : name;
}

/** What is wrong with the second column by itself, or undefined. */
export function faultOfAttribute(column: string): string | undefined {
  const attribute = attributeOf(column);
  if (attribute.trim() === "") return "the second column, the attribute, is empty";
  if (CONTROL_CHARACTER.test(attribute)) {
    return `the attribute ${JSON.stringify(attribute)} has a control character in it; expected plain text`;
  }
  return undefined;
}

/** The name in lower case, without the suffix and without differences between spaces, hyphens and underscores. */
function folded(attribute: string): string {
  const plain = attribute
    .normalize("NFKC")
    .toLowerCase()
    .replace(/[\s_-]+/g, "_");
  return plain.endsWith(SUFFIX) ? plain.slice(0, -SUFFIX.length) : plain;
}

/** A sentence for each pair of attributes that differ only in capitals or the like, but are trained as two. */
export function lookAlikeNotes(attributes: readonly string[]): string[] {
  const seen = new Map<string, string>();
  const notes = attributes.flatMap((attribute) => {
    const earlier = seen.get(folded(attribute));
    if (earlier === undefined) {
      seen.set(folded(attribute), attribute);
      return [];
    }
    return [
      `the attributes ${earlier} and ${attribute} look alike (capitals, spaces, hyphens) but are two heads; ` +
        "if they are one, write them alike",
    ];
  });
  const rest = notes.length - SHOWN_PAIRS;
  return rest > 0
    ? [...notes.slice(0, SHOWN_PAIRS), `${rest} more attributes look like earlier ones`]
    : notes;
}
