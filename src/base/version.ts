// The version of weft, as package.json has it (a test compares the two).

/** The version of weft, as package.json has it. */
export const VERSION = "0.1.0";
