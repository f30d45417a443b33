// What happens to pending waits when the device is lost. After a loss Dawn rejects maps with an empty message and
// resolves everything else as if it were done; a hanging driver resolves nothing. So every wait ends when the device is
// lost, whichever comes first. weft records when it destroys the device itself, because the reason that WebGPU gives
// does not tell ("destroyed" has other causes as well).

import { WeftError } from "../base/errors.ts";

/** The GPU is lost, with everything on it. */
export class DeviceLostError extends WeftError {}

/** The message of a lost device may arrive a moment after its maps fail. */
const LOSS_NOTICE_MS = 200;

export class DeviceLoss {
  private fault: DeviceLostError | undefined;
  private isMeant = false;
  /** Waits in progress. Racing against one promise that lives as long as the device would keep every result alive. */
  private readonly waiting = new Set<(fault: DeviceLostError) => void>();

  constructor(raw: GPUDevice, name: string) {
    void raw.lost.then(({ reason, message }) => {
      if (this.isMeant) return;
      this.fault = new DeviceLostError(lossText(name, reason, message), {
        remedy: [
          { kind: "smaller", option: "batch" },
          { kind: "other", option: "adapter" },
        ],
      });
      for (const end of this.waiting) end(this.fault);
    });
  }

  /** The device is about to be destroyed by weft. */
  expect(): void {
    this.isMeant = true;
  }

  /** @throws DeviceLostError if the device was lost */
  throwIfLost(): void {
    if (this.fault) throw this.fault;
  }

  /**
   * Waits for a promise of the device.
   * @param wait how the platform waits
   * @throws DeviceLostError once the device is lost, whatever becomes of the promise
   */
  async guard<T>(promise: Promise<T>, wait: (promise: Promise<T>) => Promise<T>): Promise<T> {
    let end: (fault: DeviceLostError) => void = () => {};
    const lost = new Promise<never>((_, reject) => {
      end = reject;
    });
    this.waiting.add(end);
    try {
      if (this.fault) end(this.fault);
      const value = await wait(Promise.race([promise, lost]));
      this.throwIfLost();
      return value;
    } catch (thrown) {
      if (!this.fault && !this.isMeant) await new Promise((resolve) => setTimeout(resolve, LOSS_NOTICE_MS));
      this.throwIfLost();
      throw thrown;
    } finally {
      this.waiting.delete(end);
    }
  }
}

function lossText(name: string, reason: string, message: string): string {
  const told = [reason === "unknown" ? "" : reason, message].filter((part) => part !== "").join(": ");
  return (
    `the GPU device ${name} was lost (${told.replace(/\s+/g, " ") || "no reason given"}): its driver was reset, ` +
    "the GPU was removed, or it ran out of memory. The system's log (dmesg, Event Viewer) may tell which. " +
    "Start again; if it happens again, ask less of it, or another one."
  );
}
