// Choices: an operator's kernels can often compute the same result in several ways (the number of splits, the tile).
// Its lowering names the candidates, its own guess first. A tuning table, measured on an adapter, may name another
// candidate under the node's key.

import { shapeText } from "../base/tensors.ts";
import type { Choices, DeviceFacts } from "../gpu/device.ts";
import type { GraphNode, Tensor } from "./graph.ts";

/** One choice of a node's lowering. */
export interface Choice {
  /** What is chosen, such as "splits". */
  readonly what: string;
  /** The candidates' names; the first is the operator's own guess. */
  readonly names: readonly string[];
  readonly chosen: string;
}

/** A node that had a choice, with what it chose. */
export interface NodeChoices {
  readonly key: string;
  readonly node: GraphNode;
  readonly choices: readonly Choice[];
}

/**
 * The key of a node in a tuning table: everything that decides which kernels are fastest on an adapter (operator,
 * attributes, shapes, kernel family). Nodes that differ only in the placement of their rows share a key.
 */
export function choiceKey({ operator, inputs, outputs, attrs }: GraphNode, facts: DeviceFacts): string {
  const tensors = [...Object.entries(inputs), ...Object.entries(outputs)].map(tensorText);
  const attributes = Object.entries(attrs)
    .filter(([name, value]) => value !== undefined && !operator.kernels?.factors?.includes(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const family = `${facts.family}${facts.subgroupSize ?? ""}`;
  return [operator.name, ...tensors, ...attributes, family].join(" ");
}

function tensorText([role, { shape, dtype }]: readonly [string, Tensor]): string {
  return `${role}${shapeText(shape)}${dtype === "f32" ? "" : dtype}`;
}

/** Makes and records the choices of one node. */
export class NodeChooser {
  private readonly made: Choice[] = [];
  private known: { readonly key: string; readonly entry: Choices | undefined } | undefined;

  constructor(
    private readonly node: GraphNode,
    private readonly facts: DeviceFacts,
  ) {}

  /** The candidate that the tuning table names, otherwise the first. */
  choose<T>(what: string, candidates: readonly T[], nameOf: (candidate: T) => string = String): T {
    const [first] = candidates;
    if (first === undefined) throw new Error(`${this.node.operator.name}: no candidates for ${what}`);
    if (candidates.length === 1) return first;
    this.known ??= this.lookUp();
    const names = candidates.map(nameOf);
    const index = Math.max(0, names.indexOf(this.known.entry?.[what] ?? ""));
    this.made.push({ what, names, chosen: names[index] ?? "" });
    return candidates[index] ?? first;
  }

  private lookUp() {
    const key = choiceKey(this.node, this.facts);
    return { key, entry: this.facts.tuning?.get(key) };
  }

  /** What was chosen; undefined if there was no choice. */
  get result(): NodeChoices | undefined {
    return this.known && { key: this.known.key, node: this.node, choices: this.made };
  }
}

/** The choices that a tuning table changed, by key. */
export function changedChoices(all: readonly NodeChoices[]): Readonly<Record<string, Choices>> {
  const changed: Record<string, Choices> = {};
  for (const { key, choices } of all) {
    const entries = choices.flatMap(({ what, names, chosen }): [string, string][] => {
      return chosen === names[0] ? [] : [[what, chosen]];
    });
    if (entries.length > 0) changed[key] = Object.fromEntries(entries);
  }
  return changed;
}
