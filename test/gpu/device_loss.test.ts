// A lost device ends every wait with a message that names it, whatever becomes of the promises.

import { expect, it } from "vitest";
import { DeviceLoss, DeviceLostError } from "../../src/gpu/device_loss.ts";
import { VariableStore } from "../../src/gpu/variables.ts";
import { openDevice } from "../../src/platform/node/device.ts";

const plainly = <T>(promise: Promise<T>) => promise;

/** A device that is lost when the test says so. */
function fakeLoss() {
  let lose: (info: { reason: string; message: string }) => void = () => {};
  const lost = new Promise<{ reason: string; message: string }>((resolve) => {
    lose = resolve;
  });
  return { loss: new DeviceLoss({ lost } as unknown as GPUDevice, "Some GPU"), lose };
}

it("ends waits that would never end, those in progress and later ones", async () => {
  const { loss, lose } = fakeLoss();
  const waits = [1, 2].map(() => loss.guard(new Promise(() => {}), plainly));
  lose({ reason: "unknown", message: "VK_ERROR_DEVICE_LOST\nat somewhere" });
  for (const wait of [...waits, loss.guard(new Promise(() => {}), plainly)]) {
    await expect(wait).rejects.toThrow(
      /^the GPU device Some GPU was lost \(VK_ERROR_DEVICE_LOST at somewhere\): .*dmesg.*smaller batch/,
    );
  }
  expect(() => loss.throwIfLost()).toThrow(DeviceLostError);
});

it("is told where promises fail or succeed before the news of it arrives", async () => {
  const { loss, lose } = fakeLoss();
  const failing = loss.guard(Promise.reject(new Error("")), plainly);
  lose({ reason: "destroyed", message: "" });
  await expect(failing).rejects.toThrow(/ was lost \(destroyed\)/);
  await expect(loss.guard(Promise.resolve(1), plainly)).rejects.toThrow(DeviceLostError);
});

it("leaves other faults as they are, and a loss that was meant", async () => {
  const { loss, lose } = fakeLoss();
  await expect(loss.guard(Promise.reject(new Error("of its own")), plainly)).rejects.toThrow("of its own");
  loss.expect();
  lose({ reason: "destroyed", message: "" });
  await expect(loss.guard(Promise.reject(new Error("aborted")), plainly)).rejects.toThrow("aborted");
  expect(() => loss.throwIfLost()).not.toThrow();
});

it("ends reads, plain waits and error scopes of a real device that somebody else destroyed", async () => {
  const device = await openDevice({ adapter: process.env.WEFT_TEST_ADAPTER ?? "auto" });
  const store = new VariableStore(device);
  store.declare({ name: "x", shape: [4], dtype: "f32" });
  const reading = store.read(["x"]);
  const idling = device.idle();
  device.raw.destroy();
  await expect(reading).rejects.toThrow(DeviceLostError);
  await expect(idling).rejects.toThrow(DeviceLostError);
  await expect(device.checked("nothing", () => 1)).rejects.toThrow(DeviceLostError);
  await expect(store.read(["x"])).rejects.toThrow(/ was lost \(destroyed/);
  device.destroy();
});
