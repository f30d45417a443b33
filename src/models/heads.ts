// The heads of a multi-task classifier: one an attribute, named after it.

/** An attribute: the name of its head and the number of its classes. */
export interface Head {
  readonly name: string;
  readonly classes: number;
}

/** A head and what the labels have of it. */
export interface CountedHead extends Head {
  /** Rows of the label file that label it, which weight its accuracy; a row that repeats another counts too. */
  readonly rows: number;
  /** Classes that training images have, where some class has none: with fewer than two there is nothing to learn. */
  readonly seenClasses?: number | undefined;
}
