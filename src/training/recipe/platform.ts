// What a training needs of the machine it runs on. `weft/node` has it for Node; a page hands in what it has.

import type { FileSystem, FolderSystem } from "../../base/platform.ts";
import type { ImageDecoder, ImageInspector } from "../../data/images.ts";
import type { KerasReader } from "../../formats/keras_file.ts";
import type { AdapterDescription } from "../../gpu/adapters.ts";
import type { GpuDevice } from "../../gpu/device.ts";
import type { PlanLayout } from "../../graph/plan_layout.ts";
import type { StoredTuning } from "../../tune/tuning_store.ts";
import type { WantedImagenet } from "../published_weights.ts";

/** A device and what is known of it. */
export interface TrainingEngine {
  readonly device: GpuDevice;
  readonly description?: AdapterDescription;
  /** Bytes that all buffers together may take, where that is known: software adapters have the machine's memory. */
  readonly budgetBytes?: number | undefined;
}

/** What ends work of the platform's, and whom it tells. */
export interface WorkHooks {
  readonly signal: AbortSignal | undefined;
  /** Told what went otherwise than it should, where the work goes on. */
  readonly onWarning: (text: string) => void;
}

/** How kernels are chosen by measurement. */
export interface KernelTuning {
  /** Lets the device use what is stored for its adapter. */
  readonly load: (engine: TrainingEngine) => Promise<StoredTuning>;
  /** Measures what the layouts can choose and lets the device use it. */
  readonly measure: (
    engine: TrainingEngine,
    layouts: readonly PlanLayout[],
    options: WorkHooks & { readonly budgetSeconds: number },
  ) => Promise<void>;
}

/** Where runs are written. */
export interface RunFolders {
  readonly folders: FolderSystem;
  /** The folder for runs that cannot be written to their own. */
  readonly rescueFolder: string;
}

/** The machine. Only a device is indispensable: without files, data and images come from the caller. */
export interface TrainingPlatform {
  /** A device, which stays open, or what opens one, which is closed with the training's result. */
  readonly device: GpuDevice | (() => Promise<TrainingEngine>);
  /** Decodes the images, unless the caller's own decoder does; one that can inspect lets all be looked at first. */
  readonly decoder?: ImageDecoder & Partial<ImageInspector>;
  /** Data folders, images and weights files. */
  readonly files?: FileSystem;
  /** Without it nothing is written. */
  readonly runs?: RunFolders;
  /** Reads Keras' files, by default in this thread. */
  readonly openKeras?: KerasReader;
  /** The path of a backbone's ImageNet weights, wherever they come from. */
  readonly imagenetFile?: (network: WantedImagenet, hooks: WorkHooks) => Promise<string>;
  readonly kernels?: KernelTuning;
  /** The file that remembers a data folder's good images. */
  readonly imageChecksFile?: (dataFolder: string) => Promise<string>;
}

/** Whether a decoder can look at files without decoding them. */
export function canInspect(
  decoder: ImageDecoder & Partial<ImageInspector>,
): decoder is ImageDecoder & ImageInspector {
  return decoder.inspect !== undefined && decoder.trust !== undefined && decoder.maxPixels !== undefined;
}
