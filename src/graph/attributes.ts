// Reads an operator's attributes, from a layer function's options or from a golden file's JSON. It fills in defaults
// and gives a clear message if an attribute is missing, unknown or of the wrong kind.

import { WeftError } from "../base/errors.ts";
import type { Shape } from "../base/tensors.ts";

/** Amounts for each side: [[top, bottom], [left, right]]. */
export type SidePadding = readonly [readonly [number, number], readonly [number, number]];

/** Zero padding: Keras' words, or amounts for each side. */
export type Padding = "valid" | "same" | SidePadding;

/** Attributes as they come: by name, of any kind. */
export type RawAttributes = Readonly<Record<string, unknown>>;

/**
 * An operator's attributes as callers give them: an attribute with a default may be absent, and one number stands for a
 * pair of equal numbers. The reader checks what the types cannot express.
 */
export type GivenAttributes<A extends object> = {
  readonly [Name in keyof A]?:
    | (readonly [number, number] extends A[Name] ? A[Name] | number : A[Name])
    | undefined;
};

/** Returns attributes one by one and remembers which ones were read. */
export class AttributeReader {
  private readonly asked = new Set<string>();

  constructor(
    private readonly operator: string,
    private readonly raw: RawAttributes,
  ) {}

  private take(name: string): unknown {
    this.asked.add(name);
    return this.raw[name];
  }

  private wrong(name: string, expected: string, value: unknown): WeftError {
    return new WeftError(
      `${this.operator}: ${name} expects ${expected}, received ${JSON.stringify(value) ?? value}`,
    );
  }

  /** A number; without a default it must be given. */
  number(name: string, fallback?: number): number {
    const value = this.take(name) ?? fallback;
    if (typeof value !== "number" || Number.isNaN(value)) throw this.wrong(name, "a number", value);
    return value;
  }

  boolean(name: string, fallback?: boolean): boolean {
    const value = this.take(name) ?? fallback;
    if (typeof value !== "boolean") throw this.wrong(name, "true or false", value);
    return value;
  }

  /** One of a fixed set of words. */
  choice<T extends string>(name: string, choices: readonly T[], fallback?: T): T {
    const value = this.take(name) ?? fallback;
    const found = choices.find((choice) => choice === value);
    if (found === undefined) throw this.wrong(name, choices.join(" or "), value);
    return found;
  }

  /** Two whole numbers of at least `least` (rows, columns); one number stands for both, as in Keras. */
  pair(name: string, fallback?: readonly [number, number], least = 1): readonly [number, number] {
    const value = this.take(name) ?? fallback;
    const list: unknown[] = Array.isArray(value) ? value : [value, value];
    const [a, b] = list;
    if (list.length !== 2 || !isWhole(a, least) || !isWhole(b, least)) {
      throw this.wrong(name, `two whole numbers of at least ${least}`, value);
    }
    return [a, b];
  }

  /** A list of whole numbers, none below `least`. */
  wholeNumbers(name: string, fallback?: readonly number[], least = 1): readonly number[] {
    const value = this.take(name) ?? fallback;
    if (!Array.isArray(value) || !value.every((item): item is number => isWhole(item, least))) {
      throw this.wrong(name, `a list of whole numbers of at least ${least}`, value);
    }
    return value;
  }

  numbers(name: string, fallback?: readonly number[]): readonly number[] {
    const value = this.take(name) ?? fallback;
    if (!Array.isArray(value) || !value.every((item): item is number => typeof item === "number")) {
      throw this.wrong(name, "a list of numbers", value);
    }
    return value;
  }

  /** A list of shapes. */
  shapes(name: string, fallback?: readonly Shape[]): readonly Shape[] {
    const value = this.take(name) ?? fallback;
    const isShape = (item: unknown): item is Shape =>
      Array.isArray(item) && item.every((size) => isWhole(size, 0));
    if (!Array.isArray(value) || !value.every(isShape)) throw this.wrong(name, "a list of shapes", value);
    return value;
  }

  whole(name: string, fallback?: number, least = 0): number {
    const value = this.take(name) ?? fallback;
    if (!isWhole(value, least)) throw this.wrong(name, `a whole number of at least ${least}`, value);
    return value;
  }

  /** `valid`, `same`, or [[top, bottom], [left, right]]. */
  padding(name: string, fallback?: Padding): Padding {
    const value = this.take(name) ?? fallback;
    if (value === "valid" || value === "same") return value;
    return this.sides(name, value);
  }

  /** [[top, bottom], [left, right]]; one number, or one per axis, stands for both sides. */
  amounts(name: string): SidePadding {
    return this.sides(name, this.take(name));
  }

  private sides(name: string, value: unknown): SidePadding {
    const axes: unknown[] = Array.isArray(value) ? value : [value, value];
    const both = axes.map((axis: unknown): unknown[] => (Array.isArray(axis) ? axis : [axis, axis]));
    const [[top, bottom] = [], [left, right] = []] = both;
    const wellFormed = both.length === 2 && both.every((axis) => axis.length === 2);
    if (!wellFormed || !isWhole(top, 0) || !isWhole(bottom, 0) || !isWhole(left, 0) || !isWhole(right, 0)) {
      throw this.wrong(name, "[[top, bottom], [left, right]]", value);
    }
    return [
      [top, bottom],
      [left, right],
    ];
  }

  /** @throws WeftError for an attribute that nothing asked for. */
  finish(): void {
    const unknown = Object.keys(this.raw).find((name) => !this.asked.has(name));
    if (unknown !== undefined) {
      throw new WeftError(
        `${this.operator} has no attribute ${unknown}; it has ${[...this.asked].join(", ") || "none"}`,
      );
    }
  }
}

function isWhole(value: unknown, least: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= least;
}
