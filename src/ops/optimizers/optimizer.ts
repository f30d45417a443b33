// An optimizer: an operator that updates a tensor of parameters (a whole arena of them in training) and its moments, in
// place. `defineOptimizer` implements what all optimizers share.

import { WeftError } from "../../base/errors.ts";
import { byteSize, elementCount, sameShape, shapeText } from "../../base/tensors.ts";
import type { UniformValues } from "../../gpu/shader_linking.ts";
import type { AttributeReader } from "../../graph/attributes.ts";
import {
  type DispatchRequest,
  defineOperator,
  type KernelUse,
  type Lowering,
  type Operator,
  typeOf,
} from "../../graph/operator.ts";

/** Attributes that every optimizer has. */
export interface UpdateAttributes {
  /** Used if the input learningRate is absent. */
  readonly lr: number;
  /** Used if the input stepCount is absent; counts from 1. */
  readonly step?: number;
}

/** An optimizer: its operator, and what it keeps between steps. */
export interface Optimizer<A extends UpdateAttributes = UpdateAttributes> {
  /** Updates `param` by `grad` and the moments; its attributes are the optimizer's constants. */
  readonly operator: Operator<A>;
  /** Whether it needs the number of the step, which is then counted on the GPU. */
  readonly countsSteps: boolean;
  /** The moments that it keeps with these constants: inputs of the operator; they start at zero. */
  moments(attrs: A): readonly string[];
}

/** What is an optimizer's own. */
export interface OptimizerDefinition<A extends UpdateAttributes> {
  /** Keras' name in camelCase; its shader is `shaders/optimizers/<name>.wesl`. */
  readonly name: string;
  readonly shader: string;
  /** Inputs and storage variables of the shader, each laid out like `param`. */
  readonly moments: readonly string[];
  /** The moments that the constants require; all of them by default. */
  used?(attrs: A): readonly string[];
  readonly countsSteps?: boolean;
  attributes(read: AttributeReader): A;
  /** Uniforms besides `count`. */
  uniforms(attrs: A): UniformValues;
  readonly flopsPerParameter: number;
}

/** The output that replaces an input: `velocity` → `newVelocity`. */
export const renewed = (role: string) => `new${role.charAt(0).toUpperCase()}${role.slice(1)}`;

/** How a kernel takes the verdict of loss scaling, if there is one: see mixed_precision/loss_scale.ts. */
export function scaledBy(l: Pick<Lowering<object>, "hasInput" | "input">): {
  readonly use: Pick<KernelUse, "conditions">;
  readonly tensors: DispatchRequest["tensors"];
} {
  if (!l.hasInput("verdict")) return { use: {}, tensors: {} };
  return { use: { conditions: { scaled: true } }, tensors: { verdict: l.input("verdict") } };
}

/** Builds an optimizer from its own definition. A thread of its shader updates 4 neighbouring parameters. */
export function defineOptimizer<A extends UpdateAttributes>(
  definition: OptimizerDefinition<A>,
): Optimizer<A> {
  const { name, moments, countsSteps = false, used = () => moments } = definition;
  const optional = (role: string) => !moments.includes(role) || definition.used !== undefined;
  const present = (has: (role: string) => boolean) => moments.filter((role) => !optional(role) || has(role));
  const operator = defineOperator<A>({
    name,
    inputs: [
      "param",
      "grad",
      ...moments.map((role) => (optional(role) ? `${role}?` : role)),
      "learningRate?",
      ...(countsSteps ? ["stepCount?"] : []),
      "verdict?",
    ],
    inPlace: Object.fromEntries(["param", ...moments].map((role) => [renewed(role), role])),
    attributes: definition.attributes,
    infer(inputs, attrs) {
      const param = typeOf(inputs, "param");
      const needed = used(attrs);
      for (const role of ["grad", ...needed]) {
        const type = inputs[role];
        if (!type) throw new WeftError(`${name}: needs an input ${role}`);
        if (sameShape(type.shape, param.shape)) continue;
        throw new WeftError(
          `${name}: param is ${shapeText(param.shape)} but ${role} is ${shapeText(type.shape)}`,
        );
      }
      return Object.fromEntries(["param", ...needed].map((role) => [renewed(role), param]));
    },
    lower(l) {
      const { attrs } = l;
      const param = l.output("newParam");
      const count = elementCount(param.shape);
      const kept = present((role) => used(attrs).includes(role));
      l.dispatch(
        { name: `optimizers/${name}`, source: definition.shader, ...conditionsOf(l, moments, kept) },
        {
          tensors: {
            ...scaledBy(l).tensors,
            grad: l.input("grad"),
            learning_rate: l.hasInput("learningRate")
              ? l.input("learningRate")
              : l.constant("lr", [attrs.lr], "f32"),
            ...(countsSteps && {
              step: l.hasInput("stepCount")
                ? l.input("stepCount")
                : l.constant("step", [attrs.step ?? 1], "f32"),
            }),
            param,
            ...Object.fromEntries(kept.map((role) => [role, l.output(renewed(role))])),
          },
          uniforms: { count, ...definition.uniforms(attrs) },
          workgroups: Math.ceil(count / 256),
        },
      );
    },
    cost(inputs, _outputs, attrs) {
      const param = typeOf(inputs, "param");
      const { flopsPerParameter } = definition;
      const passes = 3 + 2 * used(attrs).length; // grad and param are read, the moments are read and written
      return { flops: flopsPerParameter * elementCount(param.shape), bytes: passes * byteSize(param) };
    },
  });
  return { operator, countsSteps, moments: used };
}

/** `scaled` with loss scaling; the name of a moment that may be absent, if it is present. */
function conditionsOf(
  l: Pick<Lowering<object>, "hasInput" | "input">,
  moments: readonly string[],
  kept: readonly string[],
): Pick<KernelUse, "conditions"> {
  const { use } = scaledBy(l);
  if (kept.length === moments.length) {
    return use;
  }
  const absent = moments.filter((role) => !kept.includes(role)).map((role) => [`no_${role}`, true] as const);
  return { conditions: { ...use.conditions, ...Object.fromEntries(absent) } };
}
