// Reads Keras' files in a worker thread each, within bounds of time and memory: the HDF5 library may run for
// ever on a damaged file, and nothing can stop it but the end of its thread.

import { Worker } from "node:worker_threads";
import { WeftError } from "../../base/errors.ts";
import type { KerasReader } from "../../formats/keras_file.ts";
import type { KerasReply, KerasRequest } from "../../formats/keras_worker.ts";
import { WorkBudget } from "./work_budget.ts";

/** Bounds of one file's reading. */
export interface ReadingLimits {
  /** Of processor time; of time on the clock, three times as much. */
  readonly seconds: number;
  /** Of the HDF5 library's memory, beside the file's own bytes. */
  readonly mostWasmBytes: number;
}

/** InceptionResNetV2's 218 MB take about 1 s of processor time and 23 MB. */
function limitsFor(fileBytes: number): ReadingLimits {
  const most = 384 * 2 ** 20 + 2 * fileBytes;
  return { seconds: 2 + fileBytes / 10e6, mostWasmBytes: Math.min(2 ** 31, most) };
}

/** Of what JavaScript itself takes: descriptions of models, lists of names. */
const MOST_HEAP_MB = 512;

/** The worker's code lies beside this module in dist/. Sources, as tests run them, take it from there. */
const WORKER = import.meta.url.endsWith(".ts") ? "../../../dist/keras_worker.js" : "./keras_worker.js";

/** Opens Keras' files in worker threads. The bytes go to the worker: `bytes` is empty afterwards. */
export const openKerasInWorker: KerasReader = (bytes, path) =>
  openWithin(limitsFor(bytes.byteLength), bytes, path);

/** As `openKerasInWorker`, within given bounds. */
export async function openWithin(
  limits: ReadingLimits,
  bytes: Uint8Array,
  path: string,
): ReturnType<KerasReader> {
  const thread = new ReaderThread(path, limits);
  try {
    await thread.started;
    const whole = bytes.byteLength === bytes.buffer.byteLength ? bytes : bytes.slice();
    const opened = await thread.ask({ kind: "open", bytes: whole, path }, [whole.buffer as ArrayBuffer]);
    if (opened.kind !== "opened") throw new Error(`the reader answered ${opened.kind} to open`);
    const { form, modelConfig, tensors } = opened.file;
    const load = async (tensor: number) => {
      const loaded = await thread.ask({ kind: "load", tensor });
      if (loaded.kind !== "loaded") throw new Error(`the reader answered ${loaded.kind} to load`);
      return loaded.values;
    };
    return {
      path,
      form,
      modelConfig,
      tensors: tensors.map((tensor, index) => ({ ...tensor, load: () => load(index) })),
      close: () => thread.end(),
    };
  } catch (thrown) {
    thread.end();
    throw thrown;
  }
}

interface Question {
  readonly resolve: (reply: KerasReply) => void;
  readonly reject: (fault: Error) => void;
}

/** A worker, the questions that it has not answered yet, and what it has used of its budget. */
class ReaderThread {
  readonly started: Promise<KerasReply>;
  private readonly worker: Worker;
  private readonly budget: WorkBudget;
  private readonly questions: Question[] = [];
  private ending: Error | undefined;

  constructor(
    private readonly path: string,
    private readonly limits: ReadingLimits,
  ) {
    this.worker = new Worker(new URL(WORKER, import.meta.url), {
      workerData: { mostWasmBytes: limits.mostWasmBytes },
      resourceLimits: { maxOldGenerationSizeMb: MOST_HEAP_MB },
      // The library's own words go nowhere; what matters of them is in faults.
      stdout: true,
      stderr: true,
    });
    this.worker.on("message", (reply: KerasReply) => this.settle(reply));
    this.worker.on("error", (fault) => this.fail(this.faultOf(fault)));
    this.worker.on("exit", () => this.fail(new Error(`${path}: the thread that read this file has ended`)));
    this.budget = new WorkBudget(limits.seconds, () => this.fail(this.timeFault()));
    this.started = this.wait();
  }

  /** Asks the worker; its answers come in the order of the questions. */
  ask(request: KerasRequest, transfer: ArrayBuffer[] = []): Promise<KerasReply> {
    if (this.ending) return Promise.reject(this.ending);
    this.budget.start();
    this.worker.postMessage(request, transfer);
    return this.wait();
  }

  end(): void {
    this.fail(new Error(`${this.path}: the file is closed`));
  }

  private wait(): Promise<KerasReply> {
    return new Promise((resolve, reject) => {
      this.questions.push({ resolve, reject });
      this.worker.ref();
    });
  }

  private settle(reply: KerasReply): void {
    const question = this.questions.shift();
    if (this.questions.length === 0) this.rest();
    if (reply.kind !== "fault") question?.resolve(reply);
    else if (reply.blame === "memory") question?.reject(this.memoryFault());
    else question?.reject(reply.blame === "file" ? new WeftError(reply.message) : new Error(reply.message));
  }

  /** An idle worker neither uses its budget up nor keeps the process alive. */
  private rest(): void {
    this.budget.stop();
    this.worker.unref();
  }

  private fail(fault: Error): void {
    if (this.ending) return;
    this.ending = fault;
    this.budget.stop();
    void this.worker.terminate();
    for (const question of this.questions.splice(0)) question.reject(fault);
  }

  private faultOf(fault: unknown): Error {
    const code = fault instanceof Error && "code" in fault ? fault.code : undefined;
    if (code === "ERR_WORKER_OUT_OF_MEMORY") return this.memoryFault();
    return fault instanceof Error ? fault : new Error(String(fault));
  }

  private timeFault(): WeftError {
    const seconds = Math.round(this.limits.seconds);
    return new WeftError(`${this.path}: this file could not be read within ${seconds} s. Is it damaged?`);
  }

  private memoryFault(): WeftError {
    const megabytes = Math.round(this.limits.mostWasmBytes / 2 ** 20);
    return new WeftError(`${this.path}: reading this file takes more than ${megabytes} MB. Is it damaged?`);
  }
}
