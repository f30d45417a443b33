// TensorFlow.js: single operators. Gradients run the kernels that tfjs' own gradients run.

import { readFloats, writeFloats } from "./protocol.mjs";

/** An explicit padding of two dimensions in the form of tfjs. */
export const paddingOf = (padding) => (typeof padding === "string" ? padding : [[0, 0], ...padding, [0, 0]]);

/** @returns a function that computes the operator's result once. */
function computation(tf, spec, { x, w, dy }) {
  const { op, pass, strides, size } = spec;
  const pad = paddingOf(spec.padding);
  const common = { strides, pad, dimRoundingMode: undefined };
  const kernel = (name, inputs, attributes) => () =>
    tf.engine().runKernel(name, inputs, { ...common, ...attributes });
  const dataFormat = "NHWC";
  const inputShape = spec.x;
  const filterShape = spec.w;
  const dilations = [1, 1];
  const filterSize = size;
  switch (`${op} ${pass}`) {
    case "conv2d forward":
      return () => tf.conv2d(x, w, strides, pad);
    case "conv2d dataGradient":
      return kernel("Conv2DBackpropInput", { dy, filter: w }, { dataFormat, inputShape });
    case "conv2d weightGradient":
      return kernel("Conv2DBackpropFilter", { x, dy }, { dataFormat, filterShape });
    case "depthwiseConv2d forward":
      return () => tf.depthwiseConv2d(x, w, strides, pad);
    case "depthwiseConv2d dataGradient":
      return kernel("DepthwiseConv2dNativeBackpropInput", { dy, filter: w }, { dilations, inputShape });
    case "depthwiseConv2d weightGradient":
      return kernel("DepthwiseConv2dNativeBackpropFilter", { x, dy }, { dilations, filterShape });
    case "maxPool2d forward":
      return () => tf.maxPool(x, size, strides, pad);
    case "maxPool2d gradient": {
      const output = tf.maxPool(x, size, strides, pad);
      return kernel("MaxPoolGrad", { dy, input: x, output }, { filterSize });
    }
    case "avgPool2d forward":
      return () => tf.avgPool(x, size, strides, pad);
    case "avgPool2d gradient":
      return kernel("AvgPoolGrad", { dy, input: x }, { filterSize });
    default:
      throw new Error(`tfjs has no ${op} ${pass}`);
  }
}

/** Prepares an operator and writes its result. */
export async function prepareOperator({ tf, wait, read }, spec) {
  const scope = tf.engine().startScope;
  scope.call(tf.engine());
  const tensor = (path, shape) => path && tf.tensor(readFloats(path), shape);
  const { files } = spec;
  const compute = computation(tf, spec, {
    x: tensor(files.x, spec.x),
    w: tensor(files.w, spec.w),
    dy: tensor(files.dy, spec.dy),
  });
  const result = compute();
  writeFloats(spec.output, await read(result));
  result.dispose();
  return {
    async run(repeats) {
      for (let i = 0; i < repeats; i++) compute().dispose();
      await wait();
    },
    release: () => tf.engine().endScope(),
  };
}
