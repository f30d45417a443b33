// What to do where no adapter is found, for each operating system.

import { readFileSync } from "node:fs";

export interface AdapterRemedy {
  /** One sentence. */
  readonly short: string;
  /** Lines, each a thing to do. */
  readonly steps: readonly string[];
}

const PACKAGED = "Or let npm bring SwiftShader: npm ci --include=optional (Linux on x64).";

const DEBIAN: AdapterRemedy = {
  short: "Install one: sudo apt install libvulkan1 mesa-vulkan-drivers (Debian 12: from bookworm-backports).",
  steps: [
    "GPU of Intel or AMD, or none: sudo apt install libvulkan1 mesa-vulkan-drivers",
    "Debian 12 has Mesa 22.3.6, whose lavapipe Dawn refuses: enable bookworm-backports, then " +
      "sudo apt install -t bookworm-backports mesa-vulkan-drivers",
    "NVIDIA: the proprietary driver (Debian: nvidia-driver, Ubuntu: ubuntu-drivers install) and libvulkan1",
    PACKAGED,
  ],
};

const FEDORA: AdapterRemedy = {
  short: "Install one: sudo dnf install vulkan-loader mesa-vulkan-drivers.",
  steps: [
    "GPU of Intel or AMD, or none: sudo dnf install vulkan-loader mesa-vulkan-drivers",
    "NVIDIA: akmod-nvidia of RPM Fusion, and vulkan-loader",
    PACKAGED,
  ],
};

const OTHER_LINUX: AdapterRemedy = {
  short:
    "Install the Vulkan loader (libvulkan.so.1) and your GPU's Vulkan driver, or Mesa's lavapipe (24 or newer).",
  steps: [
    "The Vulkan loader and a driver: Arch has vulkan-icd-loader with vulkan-radeon, vulkan-intel, nvidia-utils " +
      "or vulkan-swrast; Alpine does not work (webgpu needs glibc)",
    PACKAGED,
  ],
};

const MAC: AdapterRemedy = {
  short: "weft needs a Mac with Metal and a session that may use the GPU.",
  steps: [
    "Every Mac since 2012 on macOS 11 or newer has Metal: update macOS",
    "In a virtual machine or over a bare service account there may be no Metal device: run on the Mac itself",
  ],
};

const WINDOWS: AdapterRemedy = {
  short: "Update the graphics driver: weft needs Direct3D 12.",
  steps: [
    "Install the current driver from NVIDIA, AMD or Intel (Direct3D 12, Windows 10 or newer)",
    "Without a GPU: Windows' own WARP adapter stands in; Windows Server may lack it",
  ],
};

/** The remedy for an operating system, by default this one. `release` is the text of /etc/os-release. */
export function adapterRemedy(
  system: NodeJS.Platform = process.platform,
  release: string = system === "linux" ? readRelease() : "",
): AdapterRemedy {
  if (system === "darwin") return MAC;
  if (system === "win32") return WINDOWS;
  const family = /^ID(?:_LIKE)?=(.*)$/gm;
  const names = [...release.matchAll(family)].map(([, value]) => value).join(" ");
  if (/debian|ubuntu/.test(names)) return DEBIAN;
  if (/fedora|rhel|centos/.test(names)) return FEDORA;
  return OTHER_LINUX;
}

function readRelease(): string {
  try {
    return readFileSync("/etc/os-release", "utf8");
  } catch {
    return "";
  }
}
