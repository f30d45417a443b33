// What text from files may do to a terminal: nothing.

import { join } from "node:path";
import { afterEach, describe, expect, it, vi } from "vitest";
import { faultLine } from "../../src/cli/faults.ts";
import { escapeLines, escapeName, styleOf } from "../../src/cli/terminal.ts";
import { writeSafetensors } from "../../src/formats/safetensors.ts";
import { temporaryFolder, writeIn } from "./tiny_data.ts";
import { runWeft } from "./weft.ts";

const TERMINAL = { isTTY: true };
const PIPE = { isTTY: false };

afterEach(() => vi.unstubAllEnvs());

describe("escaping", () => {
  it("writes control characters as JSON does", () => {
    expect(escapeName("a\u001b[2Jb\u0007\r\n\u009b\u007f\u202ec\u2028")).toBe(
      "a\\u001b[2Jb\\u0007\\u000d\\u000a\\u009b\\u007f\\u202ec\\u2028",
    );
    const plain = "Straße, 日本, é, 👩‍👩‍👧, a\u0301";
    expect(escapeName(plain)).toBe(plain);
    expect(JSON.parse(escapeLines(JSON.stringify({ name: "a\u009b\u202e" }), PIPE))).toEqual({
      name: "a\u009b\u202e",
    });
  });

  it("leaves lines, tabs and weft's own styles", () => {
    vi.stubEnv("NO_COLOR", "");
    vi.stubEnv("FORCE_COLOR", "1");
    const { red, bold } = styleOf(TERMINAL);
    const styled = `${red(`one ${bold("two")}`)}\n\tthree`;
    expect(escapeLines(styled, TERMINAL)).toBe(styled);
    expect(escapeLines("\u001b[2J\u001b[999C\u001b]0;title\u0007", TERMINAL)).toBe(
      "\\u001b[2J\\u001b[999C\\u001b]0;title\\u0007",
    );
    vi.stubEnv("NO_COLOR", "1");
    expect(escapeLines("\u001b[31mred", TERMINAL)).toBe("\\u001b[31mred");
  });

  it("keeps a fault on its line, in its own colour", () => {
    expect(faultLine("a\u001b[32m.h5: no such\n file\u0000")).toBe(
      "weft: a\\u001b[32m.h5: no such file\\u0000",
    );
  });
});

describe("names out of files", () => {
  const folder = temporaryFolder();
  const name = "conv\u001b[2J\u001b]0;x\u0007\nnext/kernel";
  const path = join(folder, "esc.safetensors");
  writeIn("", path, writeSafetensors([[name, { dtype: "F32", shape: [1], data: Float32Array.of(1) }]]));
  // Control characters but for the ends of lines.
  const controls = /(?!\n)\p{Cc}/u;

  it.each([[[]], [["--json"]], [["--for", "MobileNetV2"]]])("weft weights %j", async (more) => {
    const { stdout, errors } = await runWeft(["weights", path, ...more]);
    expect(`${stdout}${errors.join("\n")}`).not.toMatch(controls);
    expect(stdout).toContain("conv\\u001b[2J\\u001b]0;x\\u0007");
  });

  it("a path", async () => {
    const { errors } = await runWeft(["weights", join(folder, "no\u001b[2J.h5")]);
    expect(errors).toEqual([`weft: ${folder}/no\\u001b[2J.h5: no such file or folder`]);
  });
});
