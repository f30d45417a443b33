// Which software adapters this machine can have, for tests that need one of them.

import { driverManifests, driverName } from "../../src/platform/node/vulkan.ts";

export const hasLavapipe =
  process.platform === "linux" && driverManifests().some((path) => driverName(path) === "lavapipe");
export const canHaveSwiftShader = process.platform === "linux" && process.arch === "x64";
