// The host's side of a step.
import { expect, it } from "vitest";
import { encodingItems } from "../../../kernels-bench/networks/encoding.ts";
import { testDevice } from "../../device.ts";

it("encodes a step on the null backend, in fewer dispatches than its bar", async () => {
  const [item] = encodingItems();
  const device = await testDevice();
  const measured = await item?.measure({ device, onStage: () => {} });
  expect(measured?.case).toBe("encode/MobileNetV2_96");
  expect(measured?.dispatches).toBeLessThan(500);
  expect(measured?.timing.wallMs.every((ms) => ms > 0)).toBe(true);
});
