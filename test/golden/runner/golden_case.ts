// A golden case: a safetensors file whose metadata say what to run and whose tensors say on what, and
// what must come out.

import { WeftError } from "../../../src/base/errors.ts";
import { readSafetensors } from "../../../src/formats/safetensors.ts";
import { toFloat32 } from "../../../src/formats/tensor_values.ts";
import type { RawAttributes } from "../../../src/graph/attributes.ts";
import type { HostTensor } from "./run_operator.ts";

/** |got - want| <= atol + rtol · max|want| for every element. */
export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

const DEFAULT_TOLERANCE: Tolerance = { rtol: 2e-5, atol: 1e-6 };

interface CommonFields {
  readonly tolerance: Tolerance;
  /** Adapter features without which the case is skipped. */
  readonly requires: readonly string[];
  readonly tensors: ReadonlyMap<string, HostTensor>;
}

export interface OperatorCase extends CommonFields {
  readonly kind: "op";
  readonly op: string;
  readonly attrs: RawAttributes;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly grads: readonly string[];
}

/** Where a network's weights come from. */
export type WeightSource = { readonly procedural: number } | { readonly file: string };

export interface NetworkConfig {
  readonly inputShape: readonly number[] | undefined;
  readonly alpha: number | undefined;
  readonly includeTop: boolean;
  readonly pooling: "avg" | "max" | null;
  readonly classes: number | undefined;
}

export interface ModelCase extends CommonFields {
  readonly kind: "model";
  readonly backbone: string;
  readonly config: NetworkConfig;
  readonly weights: WeightSource;
  readonly training: boolean;
  readonly taps: readonly string[];
  readonly grads: readonly string[];
}

export interface TrainingCase extends CommonFields {
  readonly kind: "training";
  readonly backbone: string;
  readonly config: NetworkConfig;
  readonly weights: WeightSource;
  readonly heads: readonly { readonly name: string; readonly classes: number }[];
  readonly steps: number;
  readonly optimizer: Readonly<Record<string, unknown>>;
  readonly dropout: number;
}

export type GoldenCase = OperatorCase | ModelCase | TrainingCase;

/**
 * Reads a case.
 * @throws WeftError naming the file where it is no golden case.
 */
export function parseGoldenCase(bytes: Uint8Array, path: string): GoldenCase {
  const file = readSafetensors(bytes, path);
  const text = file.metadata.case;
  if (text === undefined) throw new WeftError(`${path}: no golden case; its metadata have no key "case"`);
  let fields: Fields;
  try {
    fields = new Fields(path, asRecord(JSON.parse(text)) ?? {});
  } catch (thrown) {
    if (thrown instanceof WeftError) throw thrown;
    throw new WeftError(`${path}: the metadata's "case" is not JSON`);
  }
  const tensors = new Map<string, HostTensor>();
  for (const [name, tensor] of file.tensors)
    tensors.set(name, { shape: tensor.shape, data: toFloat32(tensor) });
  const tolerance = fields.record("tolerance", {});
  const common: CommonFields = {
    tolerance: {
      rtol: typeof tolerance.rtol === "number" ? tolerance.rtol : DEFAULT_TOLERANCE.rtol,
      atol: typeof tolerance.atol === "number" ? tolerance.atol : DEFAULT_TOLERANCE.atol,
    },
    requires: fields.names("requires"),
    tensors,
  };
  const kind = fields.text("kind");
  if (kind === "op") {
    return {
      ...common,
      kind,
      op: fields.text("op"),
      attrs: fields.record("attrs", {}),
      inputs: fields.names("inputs"),
      outputs: fields.names("outputs"),
      grads: fields.names("grads"),
    };
  }
  if (kind !== "model" && kind !== "training") throw new WeftError(`${path}: unknown kind of case ${kind}`);
  const network = {
    backbone: fields.text("backbone"),
    config: networkConfig(fields),
    weights: fields.weights(),
  };
  if (kind === "model") {
    const training = fields.raw.training === true;
    return {
      ...common,
      kind,
      ...network,
      training,
      taps: fields.names("taps"),
      grads: fields.names("grads"),
    };
  }
  const heads = Object.entries(fields.record("heads")).map(([name, classes]) => ({
    name,
    classes: Number(classes),
  }));
  return {
    ...common,
    kind,
    ...network,
    heads,
    steps: fields.number("steps"),
    optimizer: fields.record("optimizer"),
    dropout: fields.number("dropout", 0),
  };
}

const CONFIG_KEYS = ["inputShape", "alpha", "includeTop", "pooling", "classes"];

function networkConfig(fields: Fields): NetworkConfig {
  const config = fields.record("config", {});
  const unknown = Object.keys(config).find((key) => !CONFIG_KEYS.includes(key));
  if (unknown !== undefined) throw fields.wrong(`config has no ${unknown}; it has ${CONFIG_KEYS.join(", ")}`);
  const { inputShape, alpha, includeTop = true, pooling = null, classes } = config;
  if (pooling !== null && pooling !== "avg" && pooling !== "max") {
    throw fields.wrong(`pooling expects "avg", "max" or null, received ${JSON.stringify(pooling)}`);
  }
  return {
    inputShape: Array.isArray(inputShape) ? inputShape.map(Number) : undefined,
    alpha: typeof alpha === "number" ? alpha : undefined,
    includeTop: includeTop === true,
    pooling,
    classes: typeof classes === "number" ? classes : undefined,
  };
}

function asRecord(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return undefined;
  return Object.fromEntries(Object.entries(value));
}

/** Typed access to a case's JSON. */
class Fields {
  constructor(
    private readonly path: string,
    readonly raw: Readonly<Record<string, unknown>>,
  ) {}

  wrong(message: string): WeftError {
    return new WeftError(`${this.path}: ${message}`);
  }

  text(name: string): string {
    const value = this.raw[name];
    if (typeof value !== "string") throw this.wrong(`the case needs a text ${name}`);
    return value;
  }

  number(name: string, fallback?: number): number {
    const value = this.raw[name] ?? fallback;
    if (typeof value !== "number") throw this.wrong(`the case needs a number ${name}`);
    return value;
  }

  names(name: string): readonly string[] {
    const value = this.raw[name] ?? [];
    if (!Array.isArray(value)) throw this.wrong(`${name} expects a list of names`);
    return value.map(String);
  }

  record(name: string, fallback?: Record<string, unknown>): Readonly<Record<string, unknown>> {
    const value = asRecord(this.raw[name]) ?? fallback;
    if (!value) throw this.wrong(`the case needs an object ${name}`);
    return value;
  }

  weights(): WeightSource {
    const { procedural, file } = this.record("weights");
    if (typeof procedural === "number") return { procedural };
    if (typeof file === "string") return { file };
    throw this.wrong('weights expects {"procedural": seed} or {"file": "name.h5"}');
  }
}
