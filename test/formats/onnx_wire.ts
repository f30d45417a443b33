// Reads an ONNX file by the protobuf wire format alone: field numbers are written here once more, so that a
// wrong number in weft's own description of the messages does not go unnoticed.
import { strict as assert } from "node:assert";

export interface WireTensor {
  readonly name: string;
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

export interface WireNode {
  readonly name: string;
  readonly opType: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, number | readonly number[]>;
}

export interface WireValue {
  readonly name: string;
  readonly shape: readonly (number | string)[];
}

export interface WireModel {
  readonly irVersion: number;
  readonly opset: number;
  readonly producer: string;
  readonly graphName: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly inputs: readonly WireValue[];
  readonly outputs: readonly WireValue[];
  readonly nodes: readonly WireNode[];
  readonly initializers: readonly WireTensor[];
}

type FieldValue = number | Uint8Array;

/** The fields of one message by number, in the order of the file; numbers are varints or floats. */
class Fields {
  private readonly values = new Map<number, FieldValue[]>();

  constructor(bytes: Uint8Array) {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = 0;
    const varint = () => {
      let value = 0n;
      for (let shift = 0n; ; shift += 7n) {
        const byte = view.getUint8(at++);
        value |= BigInt(byte & 0x7f) << shift;
        if (byte < 0x80) return Number(BigInt.asIntN(64, value));
      }
    };
    while (at < bytes.byteLength) {
      const tag = varint();
      const values = this.values.get(tag >> 3) ?? [];
      this.values.set(tag >> 3, values);
      if ((tag & 7) === 0) values.push(varint());
      else if ((tag & 7) === 5) {
        values.push(view.getFloat32(at, true));
        at += 4;
      } else {
        assert.equal(tag & 7, 2, `wire type of field ${tag >> 3}`);
        const length = varint();
        assert.ok(at + length <= bytes.byteLength, `field ${tag >> 3} is longer than its message`);
        values.push(bytes.subarray(at, at + length));
        at += length;
      }
    }
  }

  /** @throws where the message has other fields than these. */
  only(...known: number[]): this {
    for (const id of this.values.keys()) assert.ok(known.includes(id), `unexpected field ${id}`);
    return this;
  }

  bytes(id: number): Uint8Array[] {
    return (this.values.get(id) ?? []).filter((value) => value instanceof Uint8Array);
  }

  messages(id: number): Fields[] {
    return this.bytes(id).map((bytes) => new Fields(bytes));
  }

  texts(id: number): string[] {
    return this.bytes(id).map((bytes) => new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  }

  /** Numbers, one a field or packed as varints. */
  numbers(id: number): number[] {
    return (this.values.get(id) ?? []).flatMap((value) => {
      return value instanceof Uint8Array ? new Fields(packedAsFields(value)).numbers(1) : [value];
    });
  }

  text(id: number): string {
    return this.texts(id)[0] ?? "";
  }

  number(id: number): number {
    return this.numbers(id)[0] ?? 0;
  }
}

/** Varints without tags, each put behind the tag of field 1. */
function packedAsFields(bytes: Uint8Array): Uint8Array {
  let starts = true;
  const tagged: number[] = [];
  for (const byte of bytes) {
    if (starts) tagged.push(1 << 3);
    tagged.push(byte);
    starts = byte < 0x80;
  }
  return Uint8Array.from(tagged);
}

/** @throws where the file is not what weft should write. */
export function readOnnx(file: Uint8Array): WireModel {
  const model = new Fields(file).only(1, 2, 3, 7, 8, 14);
  const [graph, ...more] = model.messages(7);
  const [opset] = model.messages(8);
  assert.ok(graph && opset && more.length === 0);
  graph.only(1, 2, 5, 11, 12);
  return {
    irVersion: model.number(1),
    opset: opset.number(2),
    producer: `${model.text(2)} ${model.text(3)}`,
    graphName: graph.text(2),
    metadata: Object.fromEntries(model.messages(14).map((entry) => [entry.text(1), entry.text(2)])),
    inputs: graph.messages(11).map(readValue),
    outputs: graph.messages(12).map(readValue),
    nodes: graph.messages(1).map(readNode),
    initializers: graph.messages(5).map(readTensor),
  };
}

function readValue(value: Fields): WireValue {
  const [tensor] = value.only(1, 2).messages(2)[0]?.messages(1) ?? [];
  assert.equal(tensor?.number(1), 1, "elements are float32");
  const dims = tensor.messages(2)[0]?.messages(1) ?? [];
  return { name: value.text(1), shape: dims.map((dim) => dim.texts(2)[0] ?? dim.number(1)) };
}

function readNode(node: Fields): WireNode {
  node.only(1, 2, 3, 4, 5);
  const attributes = node.messages(5).map((attribute): [string, number | number[]] => {
    const byType: Record<number, number | number[]> = {
      1: attribute.number(2),
      2: attribute.number(3),
      7: attribute.numbers(8),
    };
    const value = byType[attribute.number(20)];
    assert.ok(value !== undefined, `the type of ${attribute.text(1)}`);
    return [attribute.text(1), value];
  });
  return {
    name: node.text(3),
    opType: node.text(4),
    inputs: node.texts(1),
    outputs: node.texts(2),
    attributes: new Map(attributes),
  };
}

function readTensor(tensor: Fields): WireTensor {
  const [raw] = tensor.only(1, 2, 8, 9).bytes(9);
  const type = tensor.number(2);
  assert.ok(raw && (type === 1 || type === 7), `the type of ${tensor.text(8)}`);
  const own = raw.slice().buffer;
  const data =
    type === 1
      ? Float64Array.from(new Float32Array(own))
      : Float64Array.from(new BigInt64Array(own), (value) => Number(value));
  const shape = tensor.numbers(1);
  assert.equal(
    data.length,
    shape.reduce((product, size) => product * size, 1),
    tensor.text(8),
  );
  return { name: tensor.text(8), shape, data };
}
