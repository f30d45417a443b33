// Settings given in code: checked by the table that flags come from, in the library's words.

import { describe, expect, it } from "vitest";
import { WeftError } from "../../../src/base/errors.ts";
import { FLAG_WORDS } from "../../../src/cli/flag_words.ts";
import { trainFlags } from "../../../src/cli/train_flags.ts";
import { mobileNetV2 } from "../../../src/models/mobilenet_v2.ts";
import { resNet50 } from "../../../src/models/resnet50.ts";
import { TRAIN_OPTION_LIST } from "../../../src/training/recipe/schema.ts";
import { checkSettings, recordedSettings, trainerFields } from "../../../src/training/recipe/settings.ts";

const faultOf = (settings: object): WeftError => {
  try {
    checkSettings(settings);
  } catch (thrown) {
    if (thrown instanceof WeftError) return thrown;
  }
  throw new Error("these settings were taken");
};

describe("settings in code", () => {
  it("are what they are, with the table's defaults beside them", () => {
    const phases = [{ epochs: 2, learningRate: 1e-3 }];
    expect(checkSettings({ backbone: "resnet50", phases, batch: 4, limit: undefined })).toEqual({
      ...{ backbone: resNet50, phases, batch: 4, seed: 1, augment: true, optimizer: "adam" },
      ...{ recompute: "nothing", precision: "f32", overwrite: false, skipBad: false },
    });
    expect(checkSettings({ phases: "2@1e-3" })).toMatchObject({ backbone: mobileNetV2, phases });
  });

  it.each([
    [{ batch: 0 }, "batch expects a whole number from 1, received 0", "--batch expects a whole number"],
    [{ batch: "8" }, 'batch expects a whole number from 1, received "8"', "--batch"],
    [{ batch: Number.NaN }, "received NaN", "received NaN"],
    [{ bnMomentum: 1 }, "bnMomentum expects a number from 0 to below 1, received 1", "--bn-momentum expects"],
    [{ freeze: "heads" }, 'freeze expects "backbone", received "heads"', "--freeze"],
    [{ optimizer: "lion" }, 'optimizer expects "adam" or ', "--optimizer"],
    [{ augment: "no" }, 'augment expects true or false, received "no"', "--augment"],
    [{ phases: [] }, "phases expects epochs@rate,… such as 2@1e-4,3@1e-5, received []", "--phases"],
    [{ phases: [{ epochs: 1 }] }, 'received [{"epochs":1}]', "--phases"],
    [{ phases: "1@2@3" }, 'received "1@2@3"', "--phases"],
    [{ out: "" }, 'out expects a path, received ""', "--out"],
    [{ backbone: null }, "backbone expects the name of a backbone, received null", "--backbone"],
    [{ backbone: "AlexNet" }, "unknown backbone AlexNet; weft has MobileNetV2", "unknown backbone"],
    [{ bacth: 8 }, "there is no option bacth; a training has backbone, alpha, size", "no option bacth"],
  ])("%j are refused, in the words of the caller", (settings, message, onTheCommandLine) => {
    expect(faultOf(settings).message).toContain(message);
    expect(faultOf(settings).messageIn(FLAG_WORDS)).toContain(onTheCommandLine);
  });
});

describe("the table", () => {
  it("is where flags come from", () => {
    const flags = trainFlags().map(({ flags: text }) => text);
    expect(flags).toContain("--bn-momentum <m>");
    expect(flags).toContain("--recompute [what]");
    expect(flags).toContain("--no-augment");
    expect(flags).toContain("--skip-bad");
    expect(flags).toHaveLength(TRAIN_OPTION_LIST.length + 1);
  });

  it("says what goes to the trainer and what is recorded", () => {
    const settled = {
      ...checkSettings({ freeze: "backbone", seed: 7 }),
      ...{ size: 64, phases: [{ epochs: 1, learningRate: 1e-3 }], batch: 8, dropout: 0.1, bnMomentum: 0.9 },
    };
    expect(trainerFields(settled)).toEqual({
      ...{ phases: settled.phases, batchSize: 8, seed: 7, dropout: 0.1, augment: true },
      ...{ batchNormMomentum: 0.9, recompute: "nothing", precision: "f32" },
    });
    expect(recordedSettings(settled)).toEqual({
      ...{ weights: null, phases: "1@0.001", batchSize: 8, seed: 7, dropout: 0.1, limit: null },
      ...{ freeze: "backbone", augment: true, batchNormMomentum: 0.9, precision: "f32" },
    });
  });
});
