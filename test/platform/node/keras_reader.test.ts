// Reading Keras' files in a thread of its own: the same tensors, and an end where there would be none.

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { WeftError } from "../../../src/base/errors.ts";
import { buildKerasWorker, isStale } from "../../../src/cli/build.mjs";
import { openKerasFile } from "../../../src/formats/keras_file.ts";
import { openKerasInWorker, openWithin } from "../../../src/platform/node/keras_reader.ts";
import { addLayers, type Tensors, writeH5 } from "../../formats/h5_files.ts";

const FILES = join(import.meta.dirname, "../../golden/keras_files");
const readBytes = (name: string) => Uint8Array.from(readFileSync(join(FILES, name)));

/** A damaged file on which the HDF5 library never ends: a string of the global heap is said to be longer. */
function endlessFile(): Uint8Array {
  const bytes = readBytes("every_kind_legacy_weights.h5");
  expect(bytes[3241]).toBe(0);
  bytes[3241] = 4;
  return bytes;
}

beforeAll(async () => {
  if (isStale("keras_worker.js")) await buildKerasWorker();
});

async function faultOf(reading: Promise<unknown>): Promise<string> {
  const thrown = await reading.catch((fault: unknown) => fault);
  expect(thrown).toBeInstanceOf(WeftError);
  return (thrown as WeftError).message;
}

describe("openKerasInWorker", () => {
  it.each(["every_kind.h5", "every_kind.weights.h5", "every_kind.keras", "every_kind_legacy_weights.h5"])(
    "%s: what the thread at hand reads",
    async (name) => {
      const here = await openKerasFile(readBytes(name), name);
      const there = await openKerasInWorker(readBytes(name), name);
      expect([there.path, there.form, there.modelConfig]).toEqual([here.path, here.form, here.modelConfig]);
      expect(there.tensors.length).toBe(here.tensors.length);
      for (const [index, tensor] of here.tensors.entries()) {
        const { load, ...facts } = there.tensors[index] ?? tensor;
        expect({ ...facts, load: tensor.load }).toEqual(tensor);
        expect(await load()).toEqual(await tensor.load());
      }
      here.close();
      there.close();
    },
  );

  it("gives many tensors at once, and none after the end", async () => {
    const file = await openKerasInWorker(readBytes("every_kind.h5"), "f.h5");
    const all = await Promise.all(file.tensors.map((tensor) => tensor.load()));
    expect(all.map(({ length }) => length)).toEqual(
      file.tensors.map(({ shape }) => shape.reduce((product, extent) => product * extent, 1)),
    );
    const late = file.tensors[0]?.load();
    file.close();
    await expect(late).rejects.toThrow("f.h5: the file is closed");
    await expect(file.tensors[0]?.load()).rejects.toThrow("f.h5: the file is closed");
  });

  it("passes faults on as they are", async () => {
    const cut = readBytes("every_kind.h5").slice(0, 50_000);
    expect(await faultOf(openKerasInWorker(cut, "f.h5"))).toMatch(
      /^f\.h5: truncated: the HDF5 file has 50000/,
    );
    const text = await writeH5((root) => root.create_dataset({ name: "x", data: ["one"] }));
    expect(await faultOf(openKerasInWorker(text, "f.h5"))).toMatch(
      /^f\.h5: an HDF5 file, but not one of Keras/,
    );
  });

  it("ends a reading without end, while this thread goes on", async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 10);
    const limits = { seconds: 0.3, mostWasmBytes: 2 ** 28 };
    const fault = await faultOf(openWithin(limits, endlessFile(), "f.h5"));
    clearInterval(timer);
    expect(fault).toBe("f.h5: this file could not be read within 0 s. Is it damaged?");
    expect(turns).toBeGreaterThan(5);
  });

  it("ends a reading that takes too much memory", async () => {
    const count = 5_000_000; // 20 MB; the library begins with 19, most of them free
    const kernel = { kernel: [[count], new Float32Array(count).fill(3)] } satisfies Tensors;
    const bytes = await writeH5((root) => addLayers(root, { a: kernel }));
    const limits = { seconds: 60, mostWasmBytes: 20 * 2 ** 20 };
    const file = await openWithin(limits, bytes.slice(), "f.h5");
    expect(await faultOf(Promise.resolve(file.tensors[0]?.load()))).toBe(
      "f.h5: reading this file takes more than 20 MB. Is it damaged?",
    );
    file.close();
    const enough = await openWithin({ seconds: 60, mostWasmBytes: 2 ** 28 }, bytes, "f.h5");
    const values = await enough.tensors[0]?.load();
    expect([values?.length, values?.at(-1)]).toEqual([count, 3]);
    enough.close();
  });
});
