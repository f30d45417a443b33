// The data pipeline: decoding and resizing photographs, and the upload of a batch of bytes.

import sharp from "sharp";
import { WeftError } from "../../src/base/errors.ts";
import { RandomStream } from "../../src/base/random.ts";
import { createNodeImageDecoder } from "../../src/platform/node/images.ts";
import type { BenchContext, BenchItem } from "../measuring/bench_item.ts";
import type { Measurement } from "../measuring/rows.ts";
import { timeSamples } from "../measuring/timing.ts";

const PHOTOGRAPH = { width: 400, height: 533, quality: 90 } as const;
/** As the batch loader does. */
const DECODES_AT_ONCE = 4;
const SIZES = [224, 299] as const;
const UPLOAD_BATCH = 32;

/** A JPEG of smooth colours with some grain, about as hard to decode as a photograph. */
async function drawPhotograph(): Promise<Uint8Array> {
  const { width, height, quality } = PHOTOGRAPH;
  const stream = new RandomStream(4, "bench photograph");
  const rgb = new Uint8Array(width * height * 3);
  for (let y = 0, at = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++, at++) {
        const wave = Math.sin(x / (17 + 5 * c)) + Math.cos(y / (23 - 4 * c)) + Math.sin((x + y) / 61);
        rgb[at] = 128 + 36 * wave + stream.between(-9, 9);
      }
    }
  }
  const image = sharp(rgb, { raw: { width, height, channels: 3 } });
  return image.jpeg({ quality, mozjpeg: false }).toBuffer();
}

async function measureDecoding(name: string, size: number): Promise<Measurement> {
  const decoder = createNodeImageDecoder();
  const jpeg = await drawPhotograph();
  const decoded = await decoder.decode(jpeg, size, size);
  if (decoded.length !== size * size * 3) {
    throw new WeftError(`decoding gave ${decoded.length} bytes instead of ${size * size * 3}`);
  }
  const timing = await timeSamples(async (repetitions) => {
    const started = performance.now();
    for (let i = 0; i < repetitions; i++) {
      await Promise.all(Array.from({ length: DECODES_AT_ONCE }, () => decoder.decode(jpeg, size, size)));
    }
    return { wallMs: performance.now() - started, gpuMs: undefined };
  });
  return {
    case: name,
    pass: "decode",
    batch: DECODES_AT_ONCE,
    images: DECODES_AT_ONCE,
    timing,
    bytes: decoded.length * DECODES_AT_ONCE,
  };
}

async function measureUpload({ device }: BenchContext, name: string, size: number): Promise<Measurement> {
  const bytes = UPLOAD_BATCH * size * size * 3;
  const batch = new Uint8Array(bytes).map((_, i) => (i * 31) % 256);
  const buffer = device.createStorage("upload", bytes);
  try {
    const timing = await timeSamples(async (repetitions) => {
      const started = performance.now();
      for (let i = 0; i < repetitions; i++) {
        device.raw.queue.writeBuffer(buffer, 0, batch);
        await device.idle();
      }
      return { wallMs: performance.now() - started, gpuMs: undefined };
    });
    return {
      case: name,
      pass: "upload",
      batch: UPLOAD_BATCH,
      images: UPLOAD_BATCH,
      timing,
      bytes,
      peakGpuBytes: device.allocatedBytes,
    };
  } finally {
    device.destroyBuffer(buffer);
  }
}

/** Decoding at both sizes and the upload of one batch. */
export function dataItems(): BenchItem[] {
  const { width, height } = PHOTOGRAPH;
  const common = { op: "data", usesCeilings: false };
  const decoding = SIZES.map((size): BenchItem => {
    const name = `data/jpeg_${width}x${height}_to_${size}`;
    return {
      ...common,
      case: name,
      pass: "decode",
      isQuick: size === 299,
      measure: () => measureDecoding(name, size),
    };
  });
  const upload = `data/bytes_${SIZES[1]}`;
  return [
    ...decoding,
    {
      ...common,
      case: upload,
      pass: "upload",
      isQuick: true,
      measure: (context) => measureUpload(context, upload, SIZES[1]),
    },
  ];
}
