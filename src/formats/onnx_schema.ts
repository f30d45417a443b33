// ONNX files: the messages of onnx.proto that weft writes (their names, numbers and types are the format's),
// and a model as bytes. https://onnx.ai/onnx/repo-docs/IR.html

import protobuf from "protobufjs/light.js";
import { WeftError } from "../base/errors.ts";
import type { Shape } from "../base/tensors.ts";
import { VERSION } from "../base/version.ts";

/** Version of the file format, and version of the operators that the nodes use. */
const ONNX_IR_VERSION = 8;
const ONNX_OPSET = 17;

/** Codes of TensorProto.DataType. */
const FLOAT = 1;
const INT64 = 7;

/** The size limit of a message: its size is a signed 32-bit number. */
const MAX_FILE_BYTES = 2 ** 31 - 1;

const one = (type: string, id: number) => ({ type, id });
const many = (type: string, id: number) => ({ rule: "repeated", type, id });

/** For `protobuf.Root.fromJSON`. */
export const ONNX_MESSAGES = {
  nested: {
    ModelProto: {
      fields: {
        irVersion: one("int64", 1),
        producerName: one("string", 2),
        producerVersion: one("string", 3),
        graph: one("GraphProto", 7),
        opsetImport: many("OperatorSetIdProto", 8),
        metadataProps: many("StringStringEntryProto", 14),
      },
    },
    OperatorSetIdProto: { fields: { domain: one("string", 1), version: one("int64", 2) } },
    StringStringEntryProto: { fields: { key: one("string", 1), value: one("string", 2) } },
    GraphProto: {
      fields: {
        node: many("NodeProto", 1),
        name: one("string", 2),
        initializer: many("TensorProto", 5),
        input: many("ValueInfoProto", 11),
        output: many("ValueInfoProto", 12),
      },
    },
    NodeProto: {
      fields: {
        input: many("string", 1),
        output: many("string", 2),
        name: one("string", 3),
        opType: one("string", 4),
        attribute: many("AttributeProto", 5),
      },
    },
    AttributeProto: {
      fields: {
        name: one("string", 1),
        f: one("float", 2),
        i: one("int64", 3),
        ints: many("int64", 8),
        type: one("int32", 20),
      },
    },
    TensorProto: {
      fields: {
        dims: many("int64", 1),
        dataType: one("int32", 2),
        name: one("string", 8),
        rawData: one("bytes", 9),
      },
    },
    ValueInfoProto: { fields: { name: one("string", 1), type: one("TypeProto", 2) } },
    TypeProto: { fields: { tensorType: one("TensorTypeProto", 1) } },
    TensorTypeProto: { fields: { elemType: one("int32", 1), shape: one("TensorShapeProto", 2) } },
    TensorShapeProto: { fields: { dim: many("DimensionProto", 1) } },
    DimensionProto: { fields: { dimValue: one("int64", 1), dimParam: one("string", 2) } },
  },
};

/** A number that is an integer in the operator's definition, one that is not, or a list of integers. */
export type OnnxAttribute =
  | { readonly int: number }
  | { readonly float: number }
  | { readonly ints: readonly number[] };

export interface OnnxNode {
  readonly name: string;
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** A constant tensor, row-major. */
export interface OnnxTensor {
  readonly name: string;
  readonly dims: Shape;
  readonly data: Float32Array | BigInt64Array;
}

/** An input or output of the model, in float32; dimensions with a name are free. */
export interface OnnxValue {
  readonly name: string;
  readonly dims: readonly (number | string)[];
}

export interface OnnxModel {
  readonly name: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  /** Each after the nodes that it reads. */
  readonly nodes: readonly OnnxNode[];
  readonly initializers: readonly OnnxTensor[];
  readonly metadata: Readonly<Record<string, string>>;
}

/** @throws WeftError if the tensors have more bytes than one file can hold. */
export function requireOnnxSize(bytes: number): void {
  if (bytes <= MAX_FILE_BYTES) return;
  throw new WeftError(
    `an ONNX file holds at most 2 GB and this network has ${(bytes / 1e9).toFixed(1)} GB of weights; ` +
      "export it as h5, keras or safetensors",
  );
}

/**
 * The file in pieces. They include the tensors' own bytes, uncopied, so that no second copy of a large network is made.
 * @throws WeftError if the file would be larger than the format allows.
 */
export function encodeOnnx(model: OnnxModel): Uint8Array[] {
  const root = protobuf.Root.fromJSON(ONNX_MESSAGES);
  const encode = (message: string, value: object) => root.lookupType(message).encode(value).finish();
  const { name, inputs, outputs, nodes, initializers, metadata } = model;
  const graph = [
    encode("GraphProto", {
      node: nodes.map(nodeMessage),
      name,
      input: inputs.map(valueMessage),
      output: outputs.map(valueMessage),
    }),
    ...initializers.flatMap((tensor) => field(5, tensorPieces(tensor, encode))),
  ];
  const pieces = [
    encode("ModelProto", {
      irVersion: ONNX_IR_VERSION,
      producerName: "weft",
      producerVersion: VERSION,
      opsetImport: [{ domain: "", version: ONNX_OPSET }],
      metadataProps: Object.entries(metadata).map(([key, value]) => ({ key, value })),
    }),
    ...field(7, graph),
  ];
  requireOnnxSize(totalBytes(pieces));
  return pieces;
}

const totalBytes = (pieces: readonly Uint8Array[]) =>
  pieces.reduce((sum, piece) => sum + piece.byteLength, 0);

/** A field of bytes or of a message: its number with the wire type, its length, its content. */
function field(id: number, content: readonly Uint8Array[]): Uint8Array[] {
  const LENGTH_DELIMITED = 2;
  const bytes = totalBytes(content);
  requireOnnxSize(bytes);
  const head = protobuf.Writer.create().uint32((id << 3) | LENGTH_DELIMITED);
  return [head.uint32(bytes).finish(), ...content];
}

// On a big-endian host the elements would be swapped; no platform with WebGPU is big-endian.
function tensorPieces(
  { name, dims, data }: OnnxTensor,
  encode: (message: string, value: object) => Uint8Array,
): Uint8Array[] {
  const dataType = data instanceof Float32Array ? FLOAT : INT64;
  const raw = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return [encode("TensorProto", { dims, dataType, name }), ...field(9, [raw])];
}

function nodeMessage({ name, opType, inputs, outputs, attributes }: OnnxNode): object {
  const attribute = Object.entries(attributes).map(([key, value]) => ({ name: key, ...typed(value) }));
  return { input: inputs, output: outputs, name, opType, attribute };
}

/** An attribute's value under the name and with the code of its type. */
function typed(value: OnnxAttribute): object {
  if ("float" in value) return { f: value.float, type: 1 };
  return "int" in value ? { i: value.int, type: 2 } : { ints: value.ints, type: 7 };
}

function valueMessage({ name, dims }: OnnxValue): object {
  const dim = dims.map((size) => (typeof size === "number" ? { dimValue: size } : { dimParam: size }));
  return { name, type: { tensorType: { elemType: FLOAT, shape: { dim } } } };
}
