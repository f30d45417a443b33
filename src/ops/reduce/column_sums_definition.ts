// sumRows in float64: y[c] = Σ x[…, c].

import type { Elements } from "../common/definition.ts";

/** The sum of each column of x [rows, columns]. */
export function columnSums(x: ArrayLike<number>, columns: number): Elements {
  return (column) => {
    let [value, magnitude] = [0, 0];
    for (let at = column; at < x.length; at += columns) {
      value += x[at] ?? 0;
      magnitude += Math.abs(x[at] ?? 0);
    }
    return { value, magnitude };
  };
}
