// WebGPU for libraries that expect a browser: Dawn's globals and `navigator.gpu`, on the same adapter as weft.

import { constants } from "node:os";
import { create, globals } from "webgpu";

/** The toggles that weft sets for its own Dawn. */
const SWITCHES = {
  fast: [
    "enable-dawn-features=allow_unsafe_apis,disable_robustness,disable_workgroup_init," +
      "disable_polyfills_on_integer_div_and_mod,vulkan_enable_f16_on_nvidia",
    "disable-dawn-features=timestamp_quantization",
  ],
  portable: [],
};

/** Loads a Vulkan loader permanently: Dawn finds it by its name if the system has none. */
function loadVulkan(path) {
  const { RTLD_NOW, RTLD_GLOBAL } = constants.dlopen;
  const noDelete = 0x1000;
  try {
    process.dlopen({ exports: {} }, path, RTLD_NOW | RTLD_GLOBAL | noDelete);
  } catch (thrown) {
    // It is not a Node addon, and is loaded all the same.
    if (!String(thrown).includes("self-register")) throw thrown;
  }
}

/**
 * Defines the globals of a browser that has WebGPU.
 * @param {{ tier: "fast" | "portable", loader?: string }} request `loader`: a Vulkan loader to use
 * @returns the adapter's description
 */
export async function becomeBrowser({ tier, loader }) {
  if (loader) loadVulkan(loader);
  Object.assign(globalThis, globals);
  const gpu = create(SWITCHES[tier]);
  const requestAdapter = gpu.requestAdapter.bind(gpu);
  const navigator = {
    userAgent: "node",
    hardwareConcurrency: 2,
    gpu: {
      wgslLanguageFeatures: gpu.wgslLanguageFeatures,
      getPreferredCanvasFormat: () => "bgra8unorm",
      async requestAdapter(options) {
        const adapter = await requestAdapter(options);
        return adapter && withFlatFeatures(adapter);
      },
    },
  };
  Object.defineProperty(globalThis, "navigator", { value: navigator, configurable: true });
  const { vendor, architecture, device: chip, description } = (await requestAdapter()).info;
  return [vendor, architecture, chip, description].join(" ");
}

/** tfjs asks for features as a list within a list, which browsers turn into text by themselves. */
function withFlatFeatures(adapter) {
  const requestDevice = adapter.requestDevice.bind(adapter);
  adapter.requestDevice = (descriptor = {}) =>
    requestDevice({ ...descriptor, requiredFeatures: [...(descriptor.requiredFeatures ?? [])].flat() });
  return adapter;
}
