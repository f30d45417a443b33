// What a person can do about a fault, without the words of any one program: the library names options as its settings are
// called, the command line by their flags, a page by what stands beside its fields.

/** One thing to do. Options have the names of settings in code: `batch`, `maxPixels`, `adapter`. */
export type Advice =
  | { readonly kind: "smaller" | "other" | "without"; readonly option: string }
  | {
      readonly kind: "set";
      readonly option: string;
      /** What it is to be; absent of switches. */
      readonly value?: string | number;
      /** What it is good for: `to replace the run in it`. */
      readonly purpose?: string;
    }
  /** A command that tells more. */
  | { readonly kind: "see"; readonly command: "doctor" };

/** Alternatives, the best one first. */
export type Remedy = readonly Advice[];

/** A smaller batch, or smaller images. */
export const LESS_MEMORY: Remedy = [
  { kind: "smaller", option: "batch" },
  { kind: "smaller", option: "size" },
];

/** Another folder for the run. */
export const ELSEWHERE: Remedy = [{ kind: "other", option: "out" }];

/** Weights of one's own. */
export const OWN_WEIGHTS: Remedy = [{ kind: "set", option: "weights", purpose: "with the path of a file" }];

/** A smaller learning rate. */
export const SLOWER: Remedy = [{ kind: "smaller", option: "phases" }];

/** What a program calls options. */
export interface Words {
  /** An option by itself, or with a value: `--batch`, `--batch 8`. */
  readonly option: (name: string, value?: string | number) => string;
}

/** As settings in code. */
export const LIBRARY_WORDS: Words = {
  option: (name, value) => (value === undefined ? name : `${name}: ${JSON.stringify(value)}`),
};

/** Options that are advised about by what they hold. */
const QUANTITIES: Readonly<Record<string, string>> = { phases: "learning rate" };

const LEADS = { smaller: "a smaller ", other: "another ", set: "" } as const;

/** The remedy as a sentence: `Use a smaller --batch or --size.` */
export function remedyText(remedy: Remedy, { option }: Words): string {
  const uses: string[] = [];
  const others: string[] = [];
  for (const [i, advice] of remedy.entries()) {
    if (advice.kind === "see") {
      others.push(`see \`weft ${advice.command}\``);
      continue;
    }
    if (advice.kind === "without") {
      others.push(`leave ${option(advice.option)} out`);
      continue;
    }
    const lead = remedy[i - 1]?.kind === advice.kind ? "" : LEADS[advice.kind];
    const value = advice.kind === "set" ? advice.value : undefined;
    const word = option(advice.option, value);
    const quantity = QUANTITIES[advice.option];
    const named = quantity !== undefined && value === undefined ? `${quantity} (${word})` : word;
    const purpose = advice.kind === "set" && advice.purpose !== undefined ? ` ${advice.purpose}` : "";
    uses.push(`${lead}${named}${purpose}`);
  }
  const parts = [...(uses.length > 0 ? [`use ${uses.join(" or ")}`] : []), ...others];
  const text = parts.join(", or ");
  return text === "" ? "" : `${text[0]?.toUpperCase()}${text.slice(1)}.`;
}
