// The demo set as commands use it: drawn once below the cache folder, where no data folder is named.

import { DEFAULT_DEMO, type DemoRecipe } from "../demo/demo_set.ts";
import { cacheFolder } from "../platform/node/cache_folder.ts";
import { demoFolderIn, ensureDemoSet } from "../platform/node/demo_folder.ts";
import { stoppable } from "./interrupt.ts";
import { Progress } from "./progress.ts";
import { say } from "./terminal.ts";

/** The data folder that was given, else the demo set's, drawn now where it is not there yet. */
export async function dataFolder(given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  const folder = demoFolderIn(cacheFolder(), DEFAULT_DEMO);
  await drawDemo(folder, DEFAULT_DEMO);
  return folder;
}

/**
 * Draws a demo set and shows how far it is.
 * @returns whether it was drawn now; false where it was there already
 */
export async function drawDemo(folder: string, recipe: DemoRecipe): Promise<boolean> {
  let progress: Progress | undefined;
  const onProgress = (drawn: number, total: number) => {
    if (!progress) {
      say(`drawing the demo set in ${folder}, once`);
      progress = new Progress({ label: "drawing", total, unit: "pictures" });
    }
    progress.update(drawn);
    if (drawn === total) progress.finish();
  };
  const stopping = () => say("\nstopping; what was drawn is removed");
  try {
    return await stoppable(stopping, (signal) => ensureDemoSet({ folder, ...recipe, onProgress, signal }));
  } finally {
    progress?.abandon();
  }
}
