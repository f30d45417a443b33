// How runs end, and what is left of them then: by real processes that are stopped, killed and started at once.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { splitImages } from "../../src/data/dataset.ts";
import { readSafetensors } from "../../src/formats/safetensors.ts";
import { drawTinyData, temporaryFolder, writeIn } from "./tiny_data.ts";
import { type Outcome, type RunOptions, runWeft, signalAt } from "./weft.ts";

const SMALL = ["--alpha", "0.35", "--size", "32", "--batch", "8", "--json"];
/** The seconds of epochs differ; the rest of two equal runs is equal. */
const RUN_FILES = ["config.json", "metrics.jsonl", "weights.safetensors"];

let data: string;
let finished: string;
beforeAll(async () => {
  data = await drawTinyData();
  finished = newOut();
  expect((await train(finished, "1@1e-3")).code).toBe(0);
});

function train(
  out: string | undefined,
  phases: string,
  more: readonly string[] = [],
  options: RunOptions = {},
) {
  const place = out === undefined ? [] : ["--out", out];
  return runWeft(["train", ...SMALL, "--data", data, "--phases", phases, ...place, ...more], options);
}

const newOut = () => join(temporaryFolder(), "run");
const bytesOf = (folder: string) => RUN_FILES.map((name) => readFileSync(join(folder, name), "latin1"));
const tensorsIn = (folder: string) =>
  readSafetensors(readFileSync(join(folder, "weights.safetensors")), "weights").tensors.size;
const epochsOf = ({ stdout }: Outcome) => stdout.trimEnd().split("\n").length;

/** A whole run of one epoch. */
function finishedRun(): string {
  const out = newOut();
  cpSync(finished, out, { recursive: true });
  return out;
}

describe("signals", () => {
  it.each([
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("%s stops after the step, keeps the weights, and exits with %i", async (signal, expected) => {
    const out = newOut();
    const outcome = await train(out, "500@1e-3", [], { actions: [signalAt(/"epoch":2/, signal)] });
    expect(outcome.code).toBe(expected);
    expect(outcome.errors.at(-1)).toMatch(
      /^interrupted; the weights so far are in .*run\/weights\.safetensors \(from within epoch \d+\)$/,
    );
    expect(tensorsIn(out)).toBe(264);
    expect(outcome.stdout).toBe(readFileSync(join(out, "metrics.jsonl"), "utf8"));
    expect(readdirSync(out).sort()).toEqual(RUN_FILES);
  });

  it("SIGTERM while kernels are measured ends the run, not the measuring alone", async () => {
    const out = newOut();
    const outcome = await train(out, "500@1e-3", ["--tune", "60"], {
      variables: { WEFT_CACHE: temporaryFolder() },
      actions: [signalAt(/measuring kernels/, "SIGTERM")],
    });
    expect(outcome.code).toBe(143);
    expect(outcome.errors.join("\n")).toContain("no more tuning");
    expect(existsSync(out)).toBe(false);
  });

  it("a second one ends at once, and leaves no lock and nothing half-written", async () => {
    const out = newOut();
    const outcome = await train(out, "500@1e-3", [], {
      actions: [signalAt(/"epoch":2/, "SIGTERM"), signalAt(/stopping after this step/, "SIGINT")],
    });
    expect([143, 130]).toContain(outcome.code); // the step may be done before the second signal comes
    expect(readdirSync(out).sort()).toEqual(RUN_FILES);
  });

  it("end a start before its first step without a trace", async () => {
    const out = newOut();
    const outcome = await train(out, "1@1e-3", [], { actions: [signalAt(/GPU memory/, "SIGTERM")] });
    expect(outcome.code).toBe(143);
    // Either the compilation was stopped or, on a fast machine, the training.
    if (existsSync(out)) expect(readdirSync(out).sort()).toEqual(RUN_FILES);
    expect(outcome.errors.join("\n")).not.toContain("bug in weft");
  });

  it("of a terminal that is gone: the weights are saved all the same", async () => {
    const out = newOut();
    const act: RunOptions["actions"] = [
      {
        at: /"epoch":1/,
        act: (child) => {
          child.stdout?.destroy();
          child.stderr?.destroy();
          setTimeout(() => child.kill("SIGHUP"), 1000);
        },
      },
    ];
    expect((await train(out, "500@1e-3", [], { actions: act })).code).toBe(129);
    expect(tensorsIn(out)).toBe(264);
    expect(readdirSync(out).sort()).toEqual(RUN_FILES);
    expect(readFileSync(join(out, "metrics.jsonl"), "utf8").trimEnd().split("\n").length).toBeGreaterThan(1);
  });

  it.each([
    ["SIGTERM", 143],
    ["SIGHUP", 129],
  ] as const)("%s ends another command at once with %i", async (signal, expected) => {
    const folder = temporaryFolder();
    const args = ["demo", "--out", join(folder, "demo"), "--images", "4000"];
    const outcome = await runWeft(args, {
      actions: [signalAt(/drawing the demo set/, signal), signalAt(/stopping/, signal)],
    });
    expect(outcome.code).toBe(expected);
  });
});

describe("an earlier run", () => {
  it("is not touched without --overwrite, nor are other people's files with it", async () => {
    const out = finishedRun();
    const before = bytesOf(out);
    const refused = await train(out, "1@1e-3");
    expect(refused.errors).toEqual([
      `weft: ${out} is not empty. Use another --out or --overwrite to replace the run in it.`,
    ]);
    expect(refused.code).toBe(1);
    writeIn(out, "notes.txt", "dear");
    const foreign = await train(out, "1@1e-3", ["--overwrite"]);
    expect(foreign.errors).toHaveLength(1);
    expect(foreign.errors[0]).toMatch(
      /this folder holds notes\.txt, which is no file of a run\. Use another --out\.$/,
    );
    expect(bytesOf(out)).toEqual(before);
    expect(readFileSync(join(out, "notes.txt"), "utf8")).toBe("dear");
  });

  it("is refused before the data are read", async () => {
    const out = finishedRun();
    const args = ["train", ...SMALL, "--data", "/nowhere", "--out", out];
    expect((await runWeft(args)).errors[0]).toMatch(/is not empty\. Use another --out/);
  });

  it("is replaced at the end, and a run with the wrong data replaces nothing", async () => {
    const out = finishedRun();
    const before = bytesOf(out);
    const broken = await drawTinyData();
    writeIn(broken, "Annotations/label.csv", "a,b\n");
    const failed = await runWeft(["train", ...SMALL, "--data", broken, "--out", out, "--overwrite"]);
    expect(failed.code).toBe(1);
    expect(bytesOf(out)).toEqual(before);
    let during: string[] = [];
    const outcome = await train(out, "3@1e-3", ["--overwrite", "--seed", "9"], {
      actions: [{ at: /"epoch":2/, act: () => (during = bytesOf(out)) }],
    });
    expect(outcome.code).toBe(0);
    expect(during).toEqual(before);
    expect(readFileSync(join(out, "metrics.jsonl"), "utf8")).toBe(outcome.stdout);
    expect(readdirSync(join(out, "..")).sort()).toEqual(["run"]);
    expect(readdirSync(out).sort()).toEqual(RUN_FILES);
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8")).training.seed).toBe(9);
  });

  it("survives the death of the one that was to replace it; the next start tells what that left", async () => {
    const out = finishedRun();
    const before = bytesOf(out);
    const killed = await train(out, "500@1e-3", ["--overwrite"], {
      actions: [signalAt(/"epoch":2/, "SIGKILL")],
    });
    expect(killed.code).toBe(null);
    expect(bytesOf(out)).toEqual(before);
    const next = await train(out, "1@1e-3", ["--overwrite", "--seed", "8"]);
    expect(next.code).toBe(0);
    expect(next.errors.join("\n")).toMatch(
      /run\.new-[0-9a-f]{8} holds a run that did not come to replace .*run; it stays/,
    );
    expect(next.errors.join("\n")).toMatch(/took over from process \d+ on .*, which is gone/);
    expect(JSON.parse(readFileSync(join(out, "config.json"), "utf8")).training.seed).toBe(8);
    expect(readdirSync(join(out, "..")).filter((name) => name !== "run")).toHaveLength(1);
  });

  it("stays where the new one is stopped in its first epoch, which is kept beside it", async () => {
    const out = finishedRun();
    const before = bytesOf(out);
    const act = signalAt(/first step done/, "SIGINT");
    const outcome = await train(out, "500@1e-3", ["--overwrite", "--batch", "1"], { actions: [act] });
    expect(outcome.code).toBe(130);
    if (epochsOf(outcome) > 1) return; // a fast machine was through with the epoch
    expect(outcome.errors.at(-1)).toMatch(
      /are in .*run\.new-.* \(from within epoch 1\); the earlier run stays in /,
    );
    expect(bytesOf(out)).toEqual(before);
  });
});

describe("two runs at once", () => {
  it("in one folder: one trains, the other is told who does", async () => {
    const out = newOut();
    const outcomes = await Promise.all([train(out, "5@1e-3"), train(out, "5@1e-3")]);
    const [won, lost] = outcomes.sort((a, b) => (a.code ?? 0) - (b.code ?? 0));
    expect([won?.code, lost?.code]).toEqual([0, 1]);
    expect(lost?.errors).toHaveLength(1);
    expect(lost?.errors[0]).toMatch(
      /process \d+ on \S+ is writing a run here|is not empty\. Use another --out/,
    );
    expect(readFileSync(join(out, "metrics.jsonl"), "utf8")).toBe(won?.stdout);
    expect(readdirSync(out).sort()).toEqual(RUN_FILES);
  });

  it("without --out: each has a folder and a configuration of its own", async () => {
    const cwd = temporaryFolder();
    const seeds = ["1", "2", "3"];
    const outcomes = await Promise.all(
      seeds.map((seed) => train(undefined, "1@1e-3", ["--seed", seed], { cwd })),
    );
    expect(outcomes.map(({ code }) => code)).toEqual([0, 0, 0]);
    const names = readdirSync(join(cwd, "runs"));
    expect(names).toHaveLength(3);
    for (const name of names) expect(name).toMatch(/^\d{4}-\d\d-\d\d_\d\d-\d\d-\d\d-[0-9a-f]{4}$/);
    const found = names.map((name) => {
      expect(tensorsIn(join(cwd, "runs", name))).toBe(264);
      return JSON.parse(readFileSync(join(cwd, "runs", name, "config.json"), "utf8")).training.seed;
    });
    expect(found.sort()).toEqual([1, 2, 3]);
  });

  it("on another host: the message names the lock and what to do", async () => {
    const out = newOut();
    writeIn(out, "run.lock", "node7 123 0123abcd 89abcdef.42");
    const { code, errors } = await train(out, "1@1e-3");
    expect(code).toBe(1);
    expect(errors).toHaveLength(1);
    expect(errors[0]).toMatch(
      /process 123 on node7 writes a run here.* delete .*run\/run\.lock\. Use another --out/,
    );
  });
});

describe("what a killed process left", () => {
  it("is no obstacle where it had no weights yet, and goes", async () => {
    const out = newOut();
    const killed = await train(out, "1@1e-3", [], { actions: [signalAt(/GPU memory/, "SIGKILL")] });
    expect(killed.code).toBe(null);
    expect(readdirSync(out)).toContain("run.lock");
    rmSync(join(out, "weights.safetensors"), { force: true });
    writeFileSync(join(out, "metrics.jsonl"), "");
    const [space, pid] = readFileSync(join(out, "run.lock"), "utf8").split(" ").slice(1, 3).reverse();
    writeIn(out, `weights.safetensors.${space}-${pid}--0123abcd.partial`, "half");
    const cache = temporaryFolder();
    for (const name of [`swiftshader-1.${space}-${pid}--0123abcd.partial`, "imagenet"]) {
      mkdirSync(join(cache, name));
    }
    writeIn(cache, `imagenet/a.h5.lock`, readFileSync(join(out, "run.lock")));
    const next = await train(out, "1@1e-3", [], { variables: { WEFT_CACHE: cache } });
    expect(next.code).toBe(0);
    expect(readdirSync(out).sort()).toEqual(RUN_FILES);
    expect(readdirSync(cache).filter((name) => name.startsWith("swiftshader"))).toEqual([]);
    expect(readdirSync(join(cache, "imagenet"))).toEqual([]);
  });
});

describe("a fault in mid-run", () => {
  it("saves what there is, says where, and exits with 1", async () => {
    const folder = await drawTinyData();
    const out = newOut();
    const [image = 0] = splitImages(20, { seed: 1, limit: undefined }).validation;
    // Gone after the data set was checked, and before the first validation asks for it.
    const act = () => rmSync(join(folder, `Images/train${image}.jpg`));
    const args = ["train", ...SMALL, "--data", folder, "--phases", "9@1e-3", "--seed", "1", "--out", out];
    const { code, errors } = await runWeft(args, { actions: [{ at: /GPU memory/, act }] });
    expect(code).toBe(1);
    expect(errors.at(-1)).toMatch(
      new RegExp(`^Annotations/label\\.csv:\\d+: Images/train${image}\\.jpg: no such file`),
    );
    expect(errors.at(-2)).toBe(`the weights from within epoch 1 are in ${out}/weights.safetensors`);
    expect(tensorsIn(out)).toBe(264);
    expect(readdirSync(out).sort()).toEqual(RUN_FILES);
  });
});
