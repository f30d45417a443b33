import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import sharp, { type Sharp } from "sharp";
import { afterAll, describe, expect, it } from "vitest";
import { WeftError } from "../../../src/base/errors.ts";
import { enlargeBilinear } from "../../../src/data/images.ts";
import { createNodeImageDecoder } from "../../../src/platform/node/images.ts";

const FOLDER = mkdtempSync(join(tmpdir(), "weft-images-"));
afterAll(() => rmSync(FOLDER, { recursive: true }));

const decoder = createNodeImageDecoder();
const WIDTH = 97;
const HEIGHT = 61;

/** A smooth picture with some texture, RGB. */
const PICTURE = Uint8Array.from({ length: WIDTH * HEIGHT * 3 }, (_, i) => {
  const c = i % 3;
  const x = Math.floor(i / 3) % WIDTH;
  const y = Math.floor(i / 3 / WIDTH);
  return 128 + 60 * Math.sin(x / (5 + c)) + 40 * Math.cos(y / 4) + 20 * ((x + y + c) % 2);
});

function picture(): Sharp {
  return sharp(PICTURE, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
}

/** The plain reference: the triangle filter, widened when shrinking, in float64, as PIL's BILINEAR. */
function resizeAxis(source: Float64Array, [before, length, after]: [number, number, number], target: number) {
  const out = new Float64Array(before * target * after);
  const scale = length / target;
  const support = Math.max(1, scale);
  for (let i = 0; i < target; i++) {
    const centre = (i + 0.5) * scale;
    const weights = Array.from({ length }, (_, j) => Math.max(0, 1 - Math.abs((j + 0.5 - centre) / support)));
    const sum = weights.reduce((total, weight) => total + weight, 0);
    for (let b = 0; b < before; b++) {
      for (let a = 0; a < after; a++) {
        let value = 0;
        for (let j = 0; j < length; j++) {
          value += ((weights[j] ?? 0) / sum) * (source[(b * length + j) * after + a] ?? 0);
        }
        out[(b * target + i) * after + a] = value;
      }
    }
  }
  return out;
}

function reference(width: number, height: number): Float64Array {
  const wide = resizeAxis(Float64Array.from(PICTURE), [HEIGHT, WIDTH, 3], width);
  return resizeAxis(wide, [1, HEIGHT, width * 3], height);
}

function meanDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  expect(a.length).toBe(b.length);
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs((a[i] ?? 0) - (b[i] ?? 0));
  return sum / a.length;
}

function meanColour(rgb: Uint8Array): number[] {
  const sums = [0, 0, 0];
  for (let i = 0; i < rgb.length; i++) sums[i % 3] = (sums[i % 3] ?? 0) + (rgb[i] ?? 0);
  return sums.map((sum) => sum / (rgb.length / 3));
}

function plain(red: number, green: number, blue: number): Sharp {
  return sharp({ create: { width: 16, height: 8, channels: 3, background: { r: red, g: green, b: blue } } });
}

async function faultOf(action: Promise<unknown>): Promise<string> {
  try {
    await action;
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(WeftError);
    return (thrown as WeftError).message;
  }
  throw new Error("nothing was thrown");
}

it("a size that cannot be is the caller's fault, not the image's", async () => {
  const picture = await sharp({ create: { width: 4, height: 4, channels: 3, background: "red" } })
    .png()
    .toBuffer();
  for (const [width, height] of [
    [0, 8],
    [8, 1e9],
    [8, 2.5],
  ] as const) {
    await expect(decoder.decode(picture, width, height)).rejects.toThrow(RangeError);
  }
});

describe("decode: resizing", () => {
  it.each([
    [97, 61, 0.01],
    [40, 25, 0.6],
    [33, 60, 0.6],
    [13, 9, 2], // libvips averages boxes before the filter where it shrinks by more than four
    [150, 100, 0.6],
    [50, 100, 0.6],
    [130, 30, 0.6],
  ])("to %d x %d stays near the antialiased triangle filter", async (width, height, allowed) => {
    const pixels = await decoder.decode(await picture().png().toBuffer(), width, height);
    expect(pixels.byteLength).toBe(width * height * 3);
    expect(meanDifference(pixels, reference(width, height))).toBeLessThan(allowed);
  });

  it("applies the EXIF orientation before it resizes", async () => {
    const upright = await picture().resize(40, 20, { fit: "fill" }).png().toBuffer();
    // Orientation 6 says: turn by 90 degrees clockwise to show.
    const lying = await sharp(upright).rotate(270).withMetadata({ orientation: 6 }).png().toBuffer();
    expect((await sharp(lying).metadata()).orientation).toBe(6);
    const expected = await decoder.decode(upright, 40, 20);
    expect(meanDifference(await decoder.decode(lying, 40, 20), expected)).toBe(0);
    expect(
      meanDifference(await decoder.decode(lying, 16, 12), await decoder.decode(upright, 16, 12)),
    ).toBeLessThan(0.6);
  });
});

describe("decode: kinds of files", () => {
  it.each([
    ["JPEG", (image: Sharp) => image.jpeg({ quality: 95 })],
    ["progressive JPEG", (image: Sharp) => image.jpeg({ quality: 95, progressive: true })],
    ["CMYK JPEG", (image: Sharp) => image.toColourspace("cmyk").jpeg({ quality: 95 })],
    ["PNG", (image: Sharp) => image.png()],
    ["16-bit PNG", (image: Sharp) => image.toColourspace("rgb16").png()],
    ["palette PNG", (image: Sharp) => image.png({ palette: true })],
    ["WebP", (image: Sharp) => image.webp({ quality: 95 })],
  ])("%s becomes RGB bytes of the same colour", async (kind, encode) => {
    const bytes = await encode(plain(180, 90, 60)).toBuffer();
    const pixels = await decoder.decode(bytes, 10, 10);
    expect(pixels.byteLength).toBe(300);
    for (const [channel, value] of meanColour(pixels).entries()) {
      const allowed = kind === "CMYK JPEG" ? 25 : 8; // it goes through colour profiles, into ink and back
      expect(Math.abs(value - ([180, 90, 60][channel] ?? 0)), `channel ${channel}`).toBeLessThan(allowed);
    }
  });

  it("takes a CMYK and a 16-bit file for what they are", async () => {
    const cmyk = await plain(180, 90, 60).toColourspace("cmyk").jpeg().toBuffer();
    expect((await sharp(cmyk).metadata()).space).toBe("cmyk");
    const deep = await plain(180, 90, 60).toColourspace("rgb16").png().toBuffer();
    expect((await sharp(deep).metadata()).depth).toBe("ushort");
  });

  it.each([
    ["greyscale JPEG", (image: Sharp) => image.toColourspace("b-w").jpeg()],
    ["16-bit greyscale PNG", (image: Sharp) => image.toColourspace("grey16").png()],
  ])("%s becomes RGB with equal channels", async (_, encode) => {
    const bytes = await encode(plain(120, 120, 120).greyscale()).toBuffer();
    expect((await sharp(bytes).metadata()).channels).toBe(1);
    for (const value of await decoder.decode(bytes, 5, 5))
      expect(Math.abs(value - 120)).toBeLessThanOrEqual(1);
  });

  it("takes the first picture of an animation", async () => {
    const frames = [plain(200, 10, 10), plain(10, 200, 10), plain(10, 10, 200)];
    const files = await Promise.all(frames.map((frame) => frame.png().toBuffer()));
    const bytes = await sharp(files, { join: { animated: true } })
      .webp({ lossless: true, loop: 0, delay: 100 })
      .toBuffer();
    expect((await sharp(bytes).metadata()).pages).toBe(3);
    expect(meanColour(await decoder.decode(bytes, 8, 8))).toEqual([200, 10, 10]);
  });

  it("puts transparent parts on white", async () => {
    const colour = { r: 200, g: 0, b: 0, alpha: 0.5 };
    const bytes = await sharp({ create: { width: 8, height: 8, channels: 4, background: colour } })
      .png()
      .toBuffer();
    const [red = 0, green = 0, blue = 0] = meanColour(await decoder.decode(bytes, 4, 4));
    expect(Math.abs(red - 227)).toBeLessThan(2);
    expect(Math.abs(green - 127)).toBeLessThan(2);
    expect(Math.abs(blue - 127)).toBeLessThan(2);
  });
});

/** CRC-32, as PNG has it behind each chunk. */
function crc32(bytes: Uint8Array): number {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

describe("decode: broken files", () => {
  it("names a missing file, a folder and a text file called .jpg", async () => {
    const missing = join(FOLDER, "missing.jpg");
    expect(await faultOf(decoder.decode(missing, 4, 4))).toBe(`${missing}: no such file or folder`);
    expect(await faultOf(decoder.decode(FOLDER, 4, 4))).toBe(
      `${FOLDER}: cannot be decoded as a JPEG, PNG or WebP image (it is a folder; expected a regular file)`,
    );
    const text = join(FOLDER, "text.jpg");
    writeFileSync(text, "this is not a picture\n");
    const fault = await faultOf(decoder.decode(text, 4, 4));
    expect(fault).toBe(`${text}: cannot be decoded as a JPEG, PNG or WebP image (it is text)`);
    expect(await faultOf(decoder.decode(new TextEncoder().encode("no"), 4, 4))).toMatch(
      /^image: cannot be decoded/,
    );
  });

  it("refuses a file cut off anywhere, in one line", async () => {
    const path = join(FOLDER, "cut.jpg");
    const kinds = [
      picture().jpeg(),
      picture().jpeg({ progressive: true }),
      picture().png(),
      picture().webp(),
    ];
    for (const [kind, encoder] of kinds.entries()) {
      const whole = await encoder.toBuffer();
      for (const share of [0, 0.05, 0.4, 0.9]) {
        writeFileSync(path, whole.subarray(0, Math.floor(whole.length * share)));
        const fault = await faultOf(decoder.decode(path, 20, 20));
        expect(fault.startsWith(`${path}: cannot be decoded`), `kind ${kind}, ${share}: ${fault}`).toBe(true);
        expect(fault).not.toContain("\n");
        if (share > 0.1) expect(fault, `kind ${kind}, ${share}`).toMatch(/\(truncated: the file ends after/);
      }
    }
  });

  it("names damage in the middle of an interlaced PNG, of which sharp says Unknown error", async () => {
    const path = join(FOLDER, "damaged.png");
    const bytes = await picture().png({ progressive: true }).toBuffer();
    bytes.fill(0x5a, bytes.length >> 1, (bytes.length >> 1) + 40);
    writeFileSync(path, bytes);
    expect(await faultOf(decoder.decode(path, 20, 20))).toBe(
      `${path}: cannot be decoded as a JPEG, PNG or WebP image (its picture data is truncated or damaged)`,
    );
  });

  it("says what has become of a file that was good when it was inspected", async () => {
    const path = join(FOLDER, "changing.jpg");
    const bytes = await picture().jpeg().toBuffer();
    writeFileSync(path, bytes);
    await decoder.inspect(path);
    writeFileSync(path, bytes.subarray(0, 900));
    expect(await faultOf(decoder.decode(path, 20, 20))).toMatch(
      /changing\.jpg: .* \(truncated: .* 900 bytes/,
    );
    rmSync(path);
    expect(await faultOf(decoder.decode(path, 20, 20))).toBe(`${path}: no such file or folder`);
  });
});

describe.skipIf(process.platform === "win32")("what is no regular file does not block", () => {
  it.each([
    ["a named pipe", (path: string) => execFileSync("mkfifo", [path])],
    ["a socket", (path: string) => void createServer().listen(path).unref()],
    ["a device", (path: string) => symlinkSync("/dev/zero", path)],
    ["a folder", (path: string) => mkdirSync(path)],
  ])("%s", async (kind, make) => {
    const path = join(FOLDER, `${kind.replaceAll(" ", "_")}.jpg`);
    make(path);
    await new Promise((resolve) => setTimeout(resolve, 20)); // the socket appears
    const expected = `${path}: cannot be decoded as a JPEG, PNG or WebP image (it is ${kind}; expected a regular file)`;
    expect(await faultOf(decoder.decode(path, 4, 4))).toBe(expected);
    expect(await faultOf(decoder.inspect(path))).toBe(expected);
  });

  it("a link that leads nowhere or to itself", async () => {
    const dangling = join(FOLDER, "dangling.jpg");
    symlinkSync(join(FOLDER, "nothing"), dangling);
    expect(await faultOf(decoder.inspect(dangling))).toBe(`${dangling}: no such file or folder`);
    const loop = join(FOLDER, "loop.jpg");
    symlinkSync(loop, loop);
    expect(await faultOf(decoder.inspect(loop))).toBe(`${loop}: a link that leads back to itself`);
  });
});

describe("large images", () => {
  it("are refused from their header, whatever their format, and allowed on demand", async () => {
    const small = createNodeImageDecoder({ maxPixels: WIDTH * HEIGHT - 1 });
    for (const encoder of [picture().jpeg(), picture().png({ progressive: true }), picture().webp()]) {
      const bytes = await encoder.toBuffer();
      expect(await faultOf(small.decode(bytes, 4, 4))).toBe(
        "image: 97 x 61 are 5,917 pixels; more than 5,916 pixels are refused. Use maxPixels to allow more.",
      );
      const enough = createNodeImageDecoder({ maxPixels: WIDTH * HEIGHT });
      expect(await enough.decode(bytes, 4, 4)).toHaveLength(48);
    }
  });

  it("of more than 100 megapixels are refused, in no time and no memory", async () => {
    const path = join(FOLDER, "huge.png");
    const strip = await sharp({ create: { width: 1, height: 1, channels: 3, background: "#000000" } })
      .png()
      .toBuffer();
    strip.writeUInt32BE(16_380, 16);
    strip.writeUInt32BE(16_380, 20);
    strip[28] = 1; // interlaced
    strip.writeUInt32BE(crc32(strip.subarray(12, 29)), 29);
    writeFileSync(path, strip);
    expect(await faultOf(decoder.inspect(path))).toBe(
      `${path}: 16380 x 16380 are 268,304,400 pixels; more than 100 megapixels are refused. Use maxPixels to allow more.`,
    );
  });

  it("are decoded one after the other where they do not fit the bytes in flight together", async () => {
    const bytes = await picture().png({ progressive: true }).toBuffer();
    const one = createNodeImageDecoder({ bytesInFlight: 1 });
    const many = await Promise.all(Array.from({ length: 5 }, () => one.decode(bytes, 30, 20)));
    for (const pixels of many) expect(pixels).toEqual(await decoder.decode(bytes, 30, 20));
  });
});

describe("decode: enlarging", () => {
  it.each([
    [150, 100],
    [97, 300],
    [331, 61],
    [299, 299],
  ])("to %d x %d gives the pixels of enlargeBilinear, to 1 of 255", async (width, height) => {
    const noise = Uint8Array.from(PICTURE, (value, i) => value ^ (((i * 7919) >> 3) % 256));
    const bytes = await sharp(noise, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } })
      .png()
      .toBuffer();
    const pixels = await decoder.decode(bytes, width, height);
    const expected = enlargeBilinear(noise, [WIDTH, HEIGHT], [width, height]);
    expect(meanDifference(pixels, expected)).toBeLessThan(0.05);
    expect(pixels.every((value, i) => Math.abs(value - (expected[i] ?? 0)) <= 1)).toBe(true);
  });

  it("of one pixel, of a strip that is narrow and long, and of an image that one side shrinks", async () => {
    const dot = await plain(10, 200, 90).resize(1, 1).png().toBuffer();
    const pixels = await decoder.decode(dot, 64, 64);
    expect(meanColour(pixels)).toEqual([10, 200, 90]);
    const strip = await plain(10, 200, 90).resize(1, 20_000, { fit: "fill" }).png().toBuffer();
    expect(meanColour(await decoder.decode(strip, 32, 32))).toEqual([10, 200, 90]);
    expect(
      meanDifference(await decoder.decode(await picture().png().toBuffer(), 130, 61), reference(130, 61)),
    ).toBeLessThan(0.6);
  });

  it("leaves the main thread free", async () => {
    const bytes = await picture().png().toBuffer();
    await decoder.decode(bytes, 331, 331);
    const before = performance.eventLoopUtilization();
    const startedAt = process.cpuUsage();
    for (let i = 0; i < 10; i++) await decoder.decode(bytes, 331, 331);
    const { active } = performance.eventLoopUtilization(before);
    const { user, system } = process.cpuUsage(startedAt);
    expect(active).toBeLessThan(((user + system) / 1000) * 0.6);
  });
});
