// A worker's side of reading Keras' files: one file per worker, opened by the first request. Messages are plain values;
// the elements of tensors are transferred without a copy.

import { messageOf, WeftError } from "../base/errors.ts";
import { prepareHdf } from "./hdf5.ts";
import { type KerasFile, type KerasTensor, openKerasFile } from "./keras_file.ts";

/** A request to a worker. */
export type KerasRequest =
  | { readonly kind: "open"; readonly bytes: Uint8Array; readonly path: string }
  | { readonly kind: "load"; readonly tensor: number };

/** A worker's description of a file. */
export type ListedFile = Pick<KerasFile, "form" | "modelConfig"> & {
  readonly tensors: readonly Omit<KerasTensor, "load">[];
};

/** A reply of a worker. */
export type KerasReply =
  | { readonly kind: "ready" }
  | { readonly kind: "opened"; readonly file: ListedFile }
  | { readonly kind: "loaded"; readonly values: Float32Array }
  | { readonly kind: "fault"; readonly message: string; readonly blame: "file" | "memory" | "weft" };

/** Answers requests about one file, in order. */
export class KerasFileServer {
  private file: KerasFile | undefined;

  /** Loads the library, so that the first request takes no longer than reading the file. */
  async prepare(): Promise<KerasReply> {
    await prepareHdf();
    return { kind: "ready" };
  }

  async answer(request: KerasRequest): Promise<KerasReply> {
    try {
      return await (request.kind === "open" ? this.open(request) : this.load(request.tensor));
    } catch (thrown) {
      return {
        kind: "fault",
        message: messageOf(thrown),
        blame: thrown instanceof WeftError ? "file" : "weft",
      };
    }
  }

  private async open({ bytes, path }: KerasRequest & { kind: "open" }): Promise<KerasReply> {
    this.file = await openKerasFile(bytes, path);
    const { form, modelConfig } = this.file;
    const tensors = this.file.tensors.map(({ load: _, ...listed }) => listed);
    return { kind: "opened", file: { form, modelConfig, tensors } };
  }

  private async load(index: number): Promise<KerasReply> {
    const tensor = this.file?.tensors[index];
    if (!tensor) throw new Error(`no tensor ${index} to load`);
    return { kind: "loaded", values: await tensor.load() };
  }
}

/** The memory of a reply that is transferred with it. */
export function transferred(reply: KerasReply): ArrayBuffer[] {
  const buffer = reply.kind === "loaded" ? reply.values.buffer : undefined;
  return buffer instanceof ArrayBuffer ? [buffer] : [];
}
