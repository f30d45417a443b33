import sharp, { type Sharp } from "sharp";
import { describe, expect, it } from "vitest";
import { readImageHeader } from "../../src/formats/image_header.ts";
import { type ByteSource, ImageFault, type ImageHeader } from "../../src/formats/image_source.ts";

const WIDTH = 97;
const HEIGHT = 61;

function picture(): Sharp {
  const rgb = Uint8Array.from(
    { length: WIDTH * HEIGHT * 3 },
    (_, i) => 128 + 90 * Math.sin(i / 31) + (i % 7),
  );
  return sharp(rgb, { raw: { width: WIDTH, height: HEIGHT, channels: 3 } });
}

/** Counts reads, to see that a header costs few. */
function sourceOf(bytes: Uint8Array): ByteSource & { reads: number } {
  const source = {
    bytes: bytes.byteLength,
    reads: 0,
    read: async (start: number, length: number) => {
      source.reads++;
      return bytes.subarray(start, start + length);
    },
  };
  return source;
}

const headerOf = (bytes: Uint8Array): Promise<ImageHeader> => readImageHeader(sourceOf(bytes));

async function faultOf(bytes: Uint8Array): Promise<ImageFault> {
  const thrown: unknown = await headerOf(bytes).catch((fault: unknown) => fault);
  expect(thrown).toBeInstanceOf(ImageFault);
  return thrown as ImageFault;
}

const text = (content: string) => Uint8Array.from(content, (letter) => letter.charCodeAt(0));

/** A JPEG with a segment of the given marker and length put behind its start. */
function withSegment(jpeg: Uint8Array, marker: number, bytes: number): Uint8Array {
  const segment = Buffer.alloc(bytes + 4);
  segment.set([0xff, marker, (bytes + 2) >> 8, (bytes + 2) & 255]);
  return Buffer.concat([jpeg.subarray(0, 2), segment, jpeg.subarray(2)]);
}

const KINDS: [string, ImageHeader["format"], (image: Sharp) => Sharp][] = [
  ["a JPEG", "JPEG", (image) => image.jpeg()],
  ["a progressive JPEG", "JPEG", (image) => image.jpeg({ progressive: true })],
  ["a grey JPEG", "JPEG", (image) => image.toColourspace("b-w").jpeg()],
  ["a CMYK JPEG", "JPEG", (image) => image.toColourspace("cmyk").jpeg()],
  ["a PNG", "PNG", (image) => image.png()],
  ["an interlaced PNG", "PNG", (image) => image.png({ progressive: true })],
  ["a palette PNG", "PNG", (image) => image.png({ palette: true, colours: 4 })],
  ["a 16-bit PNG", "PNG", (image) => image.toColourspace("rgb16").png()],
  ["a lossy WebP", "WebP", (image) => image.webp()],
  ["a lossless WebP", "WebP", (image) => image.webp({ lossless: true })],
  ["a WebP with alpha", "WebP", (image) => image.ensureAlpha(0.4).webp()],
];

describe("readImageHeader", () => {
  it.each(KINDS)("reads the size of %s", async (_, format, encode) => {
    const header = await headerOf(await encode(picture()).toBuffer());
    expect(header).toMatchObject({ format, width: WIDTH, height: HEIGHT });
    expect(header.decodeBytes).toBeGreaterThanOrEqual(WIDTH * HEIGHT);
    const strip = await encode(picture().resize(1, 400, { fit: "fill" })).toBuffer();
    expect(await headerOf(strip)).toMatchObject({ format, width: 1, height: 400 });
  });

  it.each(KINDS)("tells %s that is cut off anywhere", async (_, format, encode) => {
    const whole = await encode(picture()).toBuffer();
    for (const bytes of [1, 3, 12, 40, Math.floor(whole.length / 2), whole.length - 70, whole.length - 30]) {
      const fault = await faultOf(whole.subarray(0, whole.length - bytes));
      expect(fault.kind, `${bytes} bytes less`).toBe("truncated");
      expect(fault.message).toMatch(/^truncated: the file ends after [\d,]+ bytes, /);
    }
    const lost = Buffer.from(whole);
    lost.fill(0, Math.floor(whole.length / 2));
    // A WebP's length is right all the same: its pixels tell when they are decoded.
    if (format !== "WebP") expect((await faultOf(lost)).kind).toBe("truncated");
  });

  it.each(KINDS)("lets bytes follow behind %s, few or many", async (_, _format, encode) => {
    const whole = await encode(picture()).toBuffer();
    for (const bytes of [1, 5000, 200_000]) {
      const longer = Buffer.concat([whole, Buffer.alloc(bytes, 0x55)]);
      expect(await headerOf(longer)).toMatchObject({ width: WIDTH, height: HEIGHT });
    }
  });

  it("reads a file in one piece, a large one in two", async () => {
    const small = sourceOf(await picture().jpeg().toBuffer());
    await readImageHeader(small);
    expect(small.reads).toBe(1);
    const noise = { type: "gaussian", mean: 128, sigma: 60 } as const;
    const large = await sharp({ create: { width: 600, height: 400, channels: 3, noise, background: "" } })
      .jpeg({ quality: 95 })
      .toBuffer();
    expect(large.byteLength).toBeGreaterThan(100_000);
    const source = sourceOf(large);
    expect(await readImageHeader(source)).toMatchObject({ width: 600, height: 400 });
    expect(source.reads).toBe(2);
  });

  it("finds a JPEG's frame behind long segments, fill bytes and garbage, and its end before another picture", async () => {
    let jpeg: Uint8Array = await picture().jpeg().toBuffer();
    for (const marker of [0xe1, 0xe2, 0xe2, 0xfe]) jpeg = withSegment(jpeg, marker, 65_000);
    expect(await headerOf(jpeg)).toMatchObject({ width: WIDTH, height: HEIGHT });
    const filled = Buffer.concat([jpeg.subarray(0, 2), Buffer.alloc(300, 0xff), jpeg.subarray(2)]);
    expect(await headerOf(filled)).toMatchObject({ width: WIDTH, height: HEIGHT });
    const second = (await picture().jpeg().toBuffer()).subarray(0, 900);
    expect(await headerOf(Buffer.concat([jpeg, second]))).toMatchObject({ width: WIDTH, height: HEIGHT });
  });

  it("does not take the end of an embedded thumbnail for the picture's", async () => {
    const thumbnail = await picture().resize(20, 20).jpeg().toBuffer();
    const whole = await picture().jpeg().toBuffer();
    const length = thumbnail.byteLength + 2;
    const segment = Buffer.concat([Buffer.of(0xff, 0xe1, length >> 8, length & 255), thumbnail]);
    const jpeg = Buffer.concat([whole.subarray(0, 2), segment, whole.subarray(2)]);
    expect(await headerOf(jpeg)).toMatchObject({ width: WIDTH, height: HEIGHT });
    expect((await faultOf(jpeg.subarray(0, segment.length + 30))).kind).toBe("truncated");
    const padded = Buffer.concat([jpeg.subarray(0, jpeg.length - 200), Buffer.alloc(200)]);
    expect((await faultOf(padded)).kind).toBe("truncated");
  });

  it("expects the whole image in memory of what is progressive or interlaced", async () => {
    const large = () => sharp({ create: { width: 3000, height: 2000, channels: 3, background: "#888888" } });
    const bytesOf = async (image: Sharp) => (await headerOf(await image.toBuffer())).decodeBytes / 6e6;
    expect(await bytesOf(large().jpeg())).toBeLessThan(1);
    expect(await bytesOf(large().png())).toBeLessThan(1.1);
    expect(await bytesOf(large().jpeg({ progressive: true }))).toBeGreaterThan(3);
    expect(await bytesOf(large().jpeg({ progressive: true, chromaSubsampling: "4:4:4" }))).toBeGreaterThan(6);
    expect(await bytesOf(large().png({ progressive: true }))).toBeGreaterThan(3);
    expect(await bytesOf(large().webp())).toBeGreaterThan(8);
  });
});

describe("readImageHeader: damage", () => {
  it("tells a wrong checksum, an unknown colour type and a side of 0", async () => {
    const png = await picture().png().toBuffer();
    const wrong = Buffer.from(png);
    wrong[18] = 1;
    expect((await faultOf(wrong)).message).toBe("damaged: the checksum of its header (IHDR) is wrong");
    const jpeg = await picture().jpeg().toBuffer();
    const frame = jpeg.indexOf(Buffer.of(0xff, 0xc0));
    const flat = Buffer.from(jpeg);
    flat.writeUInt16BE(0, frame + 5);
    expect((await faultOf(flat)).message).toBe(`damaged: its header says ${WIDTH} x 0 pixels`);
  });

  it("tells a JPEG of a process or depth that is not decoded", async () => {
    const jpeg = await picture().jpeg().toBuffer();
    const frame = jpeg.indexOf(Buffer.of(0xff, 0xc0));
    const lossless = Buffer.from(jpeg);
    lossless[frame + 1] = 0xc3;
    expect((await faultOf(lossless)).message).toMatch(/^it is a lossless or hierarchical JPEG; convert/);
    const deep = Buffer.from(jpeg);
    deep[frame + 4] = 12;
    expect((await faultOf(deep)).message).toMatch(/^it is a JPEG of 12 bits a channel; convert/);
  });

  it("tells an empty file, and headers that contradict themselves", async () => {
    expect(await faultOf(new Uint8Array())).toMatchObject({ kind: "empty", message: "it is empty" });
    const jpeg = await picture().jpeg().toBuffer();
    for (const [bytes, expected] of [
      [Buffer.concat([jpeg.subarray(0, 2), Buffer.of(0xff, 0xd9)]), /^damaged: it ends before its picture/],
      [Buffer.concat([jpeg.subarray(0, 2), jpeg]), /^damaged: a second picture begins/],
      [Buffer.concat([jpeg.subarray(0, 2), Buffer.of(0xff, 0xe0, 0, 1)]), /^damaged: a segment .* no length/],
      [Buffer.concat([Buffer.from("RIFF\x40\0\0\0WEBPXXXX"), Buffer.alloc(60)]), /^damaged: its first chunk/],
    ] as const) {
      expect((await faultOf(bytes)).message).toMatch(expected);
    }
  });
});

describe("readImageHeader: other formats by their content", () => {
  it.each([
    ["GIF", () => picture().gif().toBuffer(), /^it is a GIF image; convert it to PNG or JPEG$/],
    ["TIFF", () => picture().tiff().toBuffer(), /^it is a TIFF image or a camera's raw file; convert/],
    ["AVIF", () => picture().avif({ effort: 0 }).toBuffer(), /^it is an AVIF image; convert/],
    ["BMP", () => text("BM\x46\0\0\0\0\0"), /^it is a BMP image; convert/],
    ["HEIC", () => text("\0\0\0\x18ftypheic\0\0\0\0mif1heic"), /^it is a HEIC image; convert/],
    ["MP4", () => text("\0\0\0\x18ftypisom\0\0\0\0"), /^it is a video \(MP4, MOV\)$/],
    [
      "SVG",
      () => text('<?xml version="1.0"?>\n<svg xmlns="x" width="9"/>'),
      /^it is an SVG drawing; convert/,
    ],
    ["PNM", () => text("P6\n4 4\n255\n"), /^it is a PNM image; convert/],
    ["PDF", () => text("%PDF-1.7\n"), /^it is a PDF document$/],
    [
      "HTML",
      () => text("<!DOCTYPE html><html>404</html>"),
      /^it is an HTML page; was the download refused\?$/,
    ],
    [
      "LFS",
      () => text("version https://git-lfs.github.com/spec/v1\noid"),
      /^it is a pointer of Git LFS; git lfs pull/,
    ],
    ["WAV", () => text("RIFF\0\0\0\0WAVEfmt "), /^it is a RIFF file of the kind "WAVE", not WebP$/],
    ["text", () => text("no image at all\n"), /^it is text$/],
    ["zeros", () => new Uint8Array(5000), /^it is zero bytes only; was it ever written completely\?$/],
    ["noise", () => text("\x01\x02\x03\x9f\x05\x06\x07\x80\x09"), /bytes 01 02 03 9f 05 06 07 80$/],
  ])("names %s", async (_, draw, expected) => {
    const fault = await faultOf(await draw());
    expect(fault.kind).toBe("foreign");
    expect(fault.message).toMatch(expected);
  });
});
