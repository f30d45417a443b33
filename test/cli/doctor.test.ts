// `weft doctor`: the diagnosis and how it reads.

import { describe, expect, it } from "vitest";
import { diagnose, describe as inWords } from "../../src/cli/doctor.ts";
import { openAdapter } from "../../src/platform/node/adapters.ts";
import { canHaveSwiftShader } from "../platform/available_adapters.ts";

describe("weft doctor", () => {
  it("names the adapter that every command would open", async () => {
    const diagnosis = await diagnose("auto");
    expect(diagnosis.adapter).toEqual((await openAdapter()).description);
    expect(diagnosis.remedy).toEqual([]);
    for (const { refused } of diagnosis.refused) expect(refused).toMatch(/^\S.*$/);
    const text = inWords(diagnosis);
    expect(text).toMatch(/^✓ \S.* \((hardware|software)\): /);
    for (const word of ["driver", "storage binding", "workgroup memory", "shader-f16", "cache folder"]) {
      expect(text).toContain(word);
    }
    for (const other of [...diagnosis.others, ...diagnosis.refused])
      expect(text).toContain(`  ${other.name}`);
  });

  it.skipIf(!canHaveSwiftShader)("follows --adapter (Linux on x64)", async () => {
    const { adapter, reason } = await diagnose("swiftshader");
    expect(adapter?.name).toBe("swiftshader");
    expect(reason).toBe("the first that fits --adapter swiftshader");
  });

  it("says so where no adapter has the name, and what there is", async () => {
    const diagnosis = await diagnose("no-such-gpu");
    expect(diagnosis).toMatchObject({ adapter: null, reason: 'no adapter is called "no-such-gpu"' });
    expect(inWords(diagnosis)).toMatch(/^✗ no adapter is called "no-such-gpu"\n(.*\n)*Also here/);
  });

  it("ends in the remedy where there is nothing", async () => {
    const { others: _, ...diagnosis } = await diagnose("no-such-gpu");
    const text = inWords({ ...diagnosis, others: [], remedy: ["first step", "second step"] });
    expect(text).toMatch(/What to do:\n {2}• first step\n {2}• second step\n$/);
  });
});
