import { describe, expect, it } from "vitest";
import type { AttributeDataset } from "../../src/data/dataset.ts";
import { ImageChecks } from "../../src/data/image_checks.ts";
import { surveyImages } from "../../src/data/image_survey.ts";
import type { ImageInspector } from "../../src/data/images.ts";
import { ImageFault, type ImageHeader } from "../../src/formats/image_source.ts";
import { memoryFiles } from "./memory_files.ts";

const CHECKS_FILE = "cache/checks.json";

function datasetOf(paths: readonly string[], labelFile = "Annotations/label.csv"): AttributeDataset {
  const images = paths.map((path, i) => ({ path, line: i + 1, labels: [] }));
  return { folder: "data", labelFile, heads: [], images, badRows: [], notes: [] };
}

/** Finds every image good, but for those that it is told about. */
class FakeInspector implements ImageInspector {
  readonly inspected: string[] = [];
  readonly trusted: string[] = [];
  mostRunning = 0;
  private running = 0;

  constructor(
    private readonly faults: Readonly<Record<string, ImageFault>> = {},
    readonly maxPixels = 1e8,
  ) {}

  async inspect(path: string): Promise<ImageHeader> {
    this.inspected.push(path);
    this.mostRunning = Math.max(this.mostRunning, ++this.running);
    await new Promise((resolve) => setImmediate(resolve));
    this.running--;
    const fault = this.faults[path];
    if (fault) throw fault;
    return { format: "JPEG", width: 40, height: 30, decodeBytes: 3600 };
  }

  trust(path: string): void {
    this.trusted.push(path);
  }
}

const faults = {
  "data/b.jpg": new ImageFault("missing", "data/b.jpg: no such file or folder"),
  "data/c.jpg": new ImageFault("truncated", "data/c.jpg: cannot be decoded (truncated)"),
};

describe("surveyImages", () => {
  it("finds every bad image, by its line, and keeps the order of the good ones", async () => {
    const files = memoryFiles({});
    const dataset = datasetOf(["a.jpg", "b.jpg", "c.jpg", "d.jpg"]);
    const done: number[] = [];
    const { good, bad } = await surveyImages(dataset, [3, 2, 1, 0], {
      files,
      inspector: new FakeInspector(faults),
      onImages: (count) => done.push(count),
    });
    expect(good).toEqual([3, 0]);
    expect(bad).toEqual([
      {
        index: 1,
        path: "b.jpg",
        kind: "missing",
        message: "Annotations/label.csv:2: b.jpg: no such file; expected it in data",
      },
      {
        index: 2,
        path: "c.jpg",
        kind: "truncated",
        message: "Annotations/label.csv:3: c.jpg: cannot be decoded (truncated)",
      },
    ]);
    expect(done).toEqual([1, 2, 3, 4]);
  });

  it("names images by their paths where no file lists them", async () => {
    const dataset = { ...datasetOf(["data/b.jpg"], ""), folder: "" };
    const { bad } = await surveyImages(dataset, [0], {
      files: memoryFiles({}),
      inspector: new FakeInspector(faults),
    });
    expect(bad.map(({ message }) => message)).toEqual(["data/b.jpg: no such file or folder"]);
  });

  it("looks at many images at once, but not at all", async () => {
    const paths = Array.from({ length: 500 }, (_, i) => `${i}.jpg`);
    const inspector = new FakeInspector();
    await surveyImages(datasetOf(paths), [...paths.keys()], { files: memoryFiles({}), inspector });
    expect(inspector.inspected).toHaveLength(500);
    expect(inspector.mostRunning).toBeGreaterThan(8);
    expect(inspector.mostRunning).toBeLessThanOrEqual(64);
  });

  it("passes on faults that are no image's", async () => {
    const inspector = new FakeInspector();
    inspector.inspect = () => Promise.reject(new TypeError("a bug"));
    const tools = { files: memoryFiles({}), inspector };
    await expect(surveyImages(datasetOf(["a.jpg"]), [0], tools)).rejects.toThrow(TypeError);
  });
});

describe("surveyImages with earlier checks", () => {
  const contents = { "data/a.jpg": "aaaa", "data/b.jpg": "bb", "data/c.jpg": "cc" };
  const dataset = datasetOf(["a.jpg", "b.jpg", "c.jpg"]);

  async function survey(files: ReturnType<typeof memoryFiles>, inspector: ImageInspector) {
    const checks = await ImageChecks.open(files, CHECKS_FILE);
    const found = await surveyImages(dataset, [0, 1, 2], { files, inspector, checks });
    expect(await checks.save()).toBeUndefined();
    return found;
  }

  it("does not look again at good images that are as they were, and does at bad or changed ones", async () => {
    const files = memoryFiles(contents);
    const first = new FakeInspector({ "data/c.jpg": faults["data/c.jpg"] });
    expect((await survey(files, first)).good).toEqual([0, 1]);
    const second = new FakeInspector();
    await survey(files, second);
    expect(second.inspected).toEqual(["data/c.jpg"]);
    expect(second.trusted).toEqual(["data/a.jpg", "data/b.jpg"]);
    await files.writeFile("data/b.jpg", "longer");
    const third = new FakeInspector(faults);
    expect((await survey(files, third)).bad.map(({ index }) => index)).toEqual([1]);
    expect(third.inspected).toEqual(["data/b.jpg"]);
  });

  it("looks again at what is now larger than allowed", async () => {
    const files = memoryFiles(contents);
    await survey(files, new FakeInspector());
    const strict = new FakeInspector({}, 40 * 30 - 1);
    await survey(files, strict);
    expect(strict.inspected.sort()).toEqual(["data/a.jpg", "data/b.jpg", "data/c.jpg"]);
  });

  it("starts afresh from a file that is damaged or of another version", async () => {
    const good = memoryFiles(contents);
    await survey(good, new FakeInspector());
    const saved = new TextDecoder().decode(await good.readFile(CHECKS_FILE));
    const entry = '["a.jpg",[4,0,"JPEG",40,30,3600]]';
    for (const content of [
      saved.slice(0, -9),
      saved.replace('"version":1', '"version":999'),
      "[]",
      '{"version":1,"images":{}}',
      `{"version":1,"images":[${entry},7]}`,
      `{"version":1,"images":[${entry.replace("40", '"40"')}]}`,
      `{"version":1,"images":[${entry.replace("JPEG", "GIF")}]}`,
      "\0\0\0",
    ]) {
      const inspector = new FakeInspector();
      await survey(memoryFiles({ ...contents, [CHECKS_FILE]: content }), inspector);
      expect(inspector.inspected, content).toHaveLength(3);
    }
  });

  it("keeps what other surveys of the folder found, and writes nothing where nothing is new", async () => {
    const files = memoryFiles(contents);
    await survey(files, new FakeInspector());
    const checks = await ImageChecks.open(files, CHECKS_FILE);
    await files.writeFile("data/d.jpg", "new");
    const tools = { files, inspector: new FakeInspector(), checks };
    await surveyImages(datasetOf(["d.jpg"]), [0], tools);
    await checks.save();
    const later = new FakeInspector();
    await survey(files, later);
    expect(later.inspected).toEqual([]);
    const unwritable = { ...files, writeFile: () => Promise.reject(new Error("no space left")) };
    const unchanged = await ImageChecks.open(unwritable, CHECKS_FILE);
    await surveyImages(dataset, [0], { files, inspector: later, checks: unchanged });
    expect(await unchanged.save()).toBeUndefined();
    const changed = await ImageChecks.open(unwritable, "other.json");
    await surveyImages(dataset, [0], { files, inspector: later, checks: changed });
    expect(await changed.save()).toBe("no space left");
  });
});
