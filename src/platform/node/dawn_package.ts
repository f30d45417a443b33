// Which implementation of WebGPU Node has: the npm package that brings Dawn.

import { createRequire } from "node:module";

/** Name and version: `webgpu 0.6.2`. */
export function dawnPackage(): string {
  const content: unknown = createRequire(import.meta.url)("webgpu/package.json");
  const version =
    typeof content === "object" && content !== null && "version" in content ? content.version : "";
  return `webgpu ${String(version)}`;
}
