import { describe, expect, it } from "vitest";
import { DEMO_ATTRIBUTES, drawPicture } from "../../src/demo/attributes.ts";
import { describeDemo, drawDemoSet } from "../../src/demo/demo_set.ts";
import { planDemoSet } from "../../src/demo/plan.ts";
import { parseLabelCsv, parseQuestionCsv } from "../../src/formats/label_csv.ts";
import { createNodeRenderer } from "../../src/platform/node/svg.ts";

/** The classes of the FashionAI data set. */
const CLASS_COUNTS = {
  coat_length: 8,
  collar_design: 5,
  lapel_design: 5,
  neck_design: 5,
  neckline_design: 10,
  pant_length: 6,
  skirt_length: 6,
  sleeve_length: 9,
};

async function drawInMemory(seed: number, lanes: number): Promise<Map<string, string | Uint8Array>> {
  const files = new Map<string, string | Uint8Array>();
  const write = async (path: string, content: string | Uint8Array) => {
    files.set(path, typeof content === "string" ? content : Uint8Array.from(content));
  };
  await drawDemoSet({ seed, images: 100, lanes, target: { write }, renderer: createNodeRenderer() });
  return files;
}

describe("drawPicture", () => {
  it("draws every class of the eight attributes", () => {
    const counts = DEMO_ATTRIBUTES.map(({ name, classes }) => [name, classes.length]);
    expect(Object.fromEntries(counts)).toEqual(CLASS_COUNTS);
    for (const attribute of DEMO_ATTRIBUTES) {
      const drawn = attribute.classes.map((_, i) => drawPicture(attribute, i, 1, "picture").svg);
      for (const svg of drawn) expect(svg).not.toMatch(/NaN|undefined|null|Infinity/);
      expect(new Set(drawn).size, attribute.name).toBe(attribute.classes.length);
    }
  });

  it("depends on seed and name alone", () => {
    for (const attribute of DEMO_ATTRIBUTES) {
      const picture = drawPicture(attribute, 1, 7, "a");
      expect(drawPicture(attribute, 1, 7, "a")).toEqual(picture);
      expect(drawPicture(attribute, 1, 8, "a").svg).not.toBe(picture.svg);
      expect(drawPicture(attribute, 1, 7, "b").svg).not.toBe(picture.svg);
    }
  });
});

describe("planDemoSet", () => {
  const { training, tests } = planDemoSet(3, 1600, 240);

  it("has as many pictures as asked for, each once, in training or in tests", () => {
    expect([training.length, tests.length]).toEqual([1600, 240]);
    expect(new Set([...training, ...tests].map(({ path }) => path)).size).toBe(1840);
  });

  it("has every class in both parts, in nearly equal numbers", () => {
    for (const part of [training, tests]) {
      for (const attribute of DEMO_ATTRIBUTES) {
        const counts = attribute.classes.map(
          (_, i) =>
            part.filter((picture) => picture.attribute === attribute && picture.classIndex === i).length,
        );
        expect(Math.min(...counts), attribute.name).toBeGreaterThan(0);
        const drawn = counts.slice(1);
        expect(Math.max(...drawn) - Math.min(...drawn), attribute.name).toBeLessThanOrEqual(1);
      }
    }
  });

  it("gives a fifth of the pictures a second row, of a garment that they do not show", () => {
    const twice = training.filter(({ absent }) => absent !== null);
    expect(twice.length).toBeGreaterThan(240);
    expect(twice.length).toBeLessThan(400);
    for (const { attribute, absent } of twice) expect(absent?.view).not.toBe(attribute.view);
  });
});

describe("drawDemoSet", () => {
  it("writes the FashionAI layout", async () => {
    const files = await drawInMemory(1, 2);
    const text = (path: string) => String(files.get(path));
    const labels = parseLabelCsv(text("Annotations/label.csv"), "label.csv");
    const answers = parseLabelCsv(text("Tests/answer.csv"), "answer.csv", { heads: labels.heads });
    const questions = parseQuestionCsv(text("Tests/question.csv"), "question.csv");

    const counts = labels.heads.map(({ name, classes }) => [name, classes]);
    expect(Object.fromEntries(counts)).toEqual(CLASS_COUNTS);
    expect([labels.images.length, answers.images.length]).toEqual([100, 15]);
    expect(questions.map(({ image, attribute }) => `${image},${attribute}_labels,`)).toEqual(
      text("Tests/question.csv").trimEnd().split("\n"),
    );
    expect(text("Tests/answer.csv").replaceAll(/,[ymn]+$/gm, ",")).toBe(text("Tests/question.csv"));

    const pictures = [...labels.images, ...answers.images].map(({ path }) => path);
    expect([...files.keys()].filter((path) => path.startsWith("Images/")).sort()).toEqual(pictures.sort());
    for (const path of pictures)
      expect(path).toMatch(/^Images\/[a-z]+_(length|design)_labels\/[0-9a-f]{32}\.jpg$/);
    expect(files.get("demo.json")).toBe(describeDemo({ seed: 1, images: 100 }));
  });

  it("writes m beside y only, in lengths only, and rarely", () => {
    const { training } = planDemoSet(1, 1600, 240);
    const maybes = training.filter(({ attribute, classIndex, path }) => {
      const { maybe } = drawPicture(attribute, classIndex, 1, path);
      if (maybe === null) return false;
      expect(attribute.name).toMatch(/_length$/);
      expect(Math.abs(maybe - classIndex)).toBe(1);
      expect(maybe).toBeGreaterThan(0);
      return true;
    });
    expect(maybes.length).toBeGreaterThan(30);
    expect(maybes.length).toBeLessThan(240);
  });

  it("gives the same bytes for the same seed, however many pictures are drawn at once", async () => {
    const [one, four, other] = [await drawInMemory(5, 1), await drawInMemory(5, 4), await drawInMemory(6, 4)];
    expect([...four.keys()].sort()).toEqual([...one.keys()].sort());
    for (const [path, content] of one) expect(four.get(path), path).toEqual(content);
    expect(other.get("Annotations/label.csv")).not.toEqual(one.get("Annotations/label.csv"));
  });

  it("refuses too few pictures and stops where it is told to", async () => {
    const options = {
      seed: 1,
      target: { write: async () => {} },
      renderer: createNodeRenderer(),
    };
    await expect(drawDemoSet({ ...options, images: 99 })).rejects.toThrow(
      "demo set: expected at least 100 pictures, a whole number; received 99",
    );
    const stop = new AbortController();
    let drawn = 0;
    const drawing = drawDemoSet({
      ...options,
      images: 100,
      signal: stop.signal,
      onProgress: (done) => {
        drawn = done;
        if (done === 5) stop.abort(new Error("stopped"));
      },
    });
    await expect(drawing).rejects.toThrow("stopped");
    expect(drawn).toBeLessThan(10);
  });
});
