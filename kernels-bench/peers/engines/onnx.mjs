// What onnxruntime's two builds share: a case as a session, its first result, and its timed runs. In timed runs of
// operators only the probe, one element, is read back from the GPU; the input stays there.

import { joinRows, readFloats, writeFloats } from "./protocol.mjs";

/**
 * Prepares a case.
 * @param engine `{ Tensor, create(path, options): session, isGpu }`
 */
export async function prepareOnnx(engine, spec) {
  if (!spec.files.onnx) throw new Error("ONNX has no such operator");
  return spec.kind === "operator" ? prepareOperator(engine, spec) : prepareNetwork(engine, spec);
}

async function prepareOperator({ Tensor, create, isGpu }, spec) {
  const { files, pass } = spec;
  const [path, dims] = pass === "dataGradient" ? [files.dy, spec.dy] : [files.x, spec.x];
  const input = new Tensor("float32", readFloats(path), dims);
  const checked = await create(files.onnx, {});
  const { result } = await checked.run({ input });
  writeFloats(spec.output, result.data);
  await checked.release();

  const copier = isGpu && (await create(files.copyOnnx, { preferredOutputLocation: "gpu-buffer" }));
  const there = copier ? (await copier.run({ input })).copy : input;
  const locations = isGpu && { preferredOutputLocation: { result: "gpu-buffer", probe: "cpu" } };
  const session = await create(files.onnx, { ...locations });
  return {
    async run(repeats) {
      for (let i = 0; i < repeats; i++) {
        const outputs = await session.run({ input: there });
        outputs.result.dispose();
      }
    },
    async release() {
      there.dispose();
      await session.release();
      if (copier) await copier.release();
    },
  };
}

async function prepareNetwork({ Tensor, create }, spec) {
  const session = await create(spec.files.onnx, {});
  const image = new Tensor("float32", readFloats(spec.files.image), spec.image);
  const first = await session.run({ image });
  const values = spec.outputs.map((name) => first[name].data);
  writeFloats(spec.output, joinRows(values, spec.image[0]));
  return {
    async run(repeats) {
      for (let i = 0; i < repeats; i++) await session.run({ image });
    },
    release: () => session.release(),
  };
}
