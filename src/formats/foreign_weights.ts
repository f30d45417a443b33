// Recognises weights of other programs by their first bytes or by their names, so that the message about them does not
// call the file damaged.

/** The formats that weft reads, for messages. */
const ACCEPTED =
  "weft takes weights from Keras' .h5, .weights.h5 and .keras files, and from .safetensors with Keras' names";

/** One line about a file of another kind. */
export function foreignMessage(path: string, kind: string): string {
  return `${path}: this is ${kind}; ${ACCEPTED}`;
}

/** How many bytes of a file are examined. */
const HEAD_BYTES = 4096;

const PYTORCH = "a file of PyTorch";
const NUMPY = "a file of NumPy";
const TFJS = "a model of TensorFlow.js (JSON)";
const SAVED_MODEL = "a SavedModel of TensorFlow";

/** Kinds by the bytes at an offset. */
const SIGNATURES: readonly (readonly [offset: number, bytes: string, kind: string])[] = [
  [4, "TFL3", "a TFLite model"],
  [0, "\x93NUMPY", NUMPY],
  [0, "GGUF", "a GGUF file"],
  [0, "MATLAB ", "a file of MATLAB"],
  [0, "version https://git-lfs", "a pointer of Git LFS, not the file itself (git lfs pull fetches it)"],
  [0, "\x1f\x8b", "a gzip archive (unpack it first)"],
  [0, "BZh", "a bzip2 archive (unpack it first)"],
  [0, "\xfd7zXZ", "an xz archive (unpack it first)"],
  [0, "7z\xbc\xaf", "a 7z archive (unpack it first)"],
  [0, "\x28\xb5\x2f\xfd", "a zstd archive (unpack it first)"],
  [257, "ustar", "a tar archive (unpack it first)"],
  [0, "%PDF", "a PDF"],
  [0, "\x89PNG", "a PNG picture"],
  [0, "\xff\xd8\xff", "a JPEG picture"],
];

/** Pickles of protocols 2 to 5 begin like this; PyTorch's before 1.6 begin with a magic number of their own. */
const isPickle = (bytes: Uint8Array) => bytes[0] === 0x80 && isWithin(bytes[1], 2, 5);
const PYTORCH_MAGIC = "\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19";

/**
 * Protocol buffers begin with a field's number; for ONNX that is the version, then producer, domain, graph or opset.
 */
const isOnnx = (bytes: Uint8Array) =>
  bytes[0] === 0x08 && isWithin(bytes[1], 1, 31) && [0x12, 0x1a, 0x22, 0x3a, 0x42].includes(bytes[2] ?? 0);

const isWithin = (value: number | undefined, least: number, most: number) =>
  value !== undefined && value >= least && value <= most;

/** Kinds by file name extension; used for files whose content is not recognised. */
const ENDINGS: readonly (readonly [RegExp, string])[] = [
  [/\.onnx$/i, "an ONNX model"],
  [/\.tflite$/i, "a TFLite model"],
  [/\.(pt|pth)$/i, PYTORCH],
  [/\.(npy|npz)$/i, NUMPY],
  [/(^|[\\/])saved_model\.pb(txt)?$/i, SAVED_MODEL],
  [/\.(pb|pbtxt)$/i, "a graph of TensorFlow"],
  [/(\.ckpt(-\d+)?(\.(index|meta))?|\.data-\d{5}-of-\d{5}|\.index|(^|[\\/])checkpoint)$/i, "a checkpoint"],
  [/(^|[\\/])group\d+-shard\d+of\d+(\.bin)?$/i, "a part of a TensorFlow.js model"],
  [/\.(pkl|pickle|joblib)$/i, "a pickle of Python"],
  [/\.(pdparams|pdmodel)$/i, "a model of PaddlePaddle"],
  [/\.(caffemodel|prototxt)$/i, "a model of Caffe"],
  [/\.mlmodel$/i, "a model of Core ML"],
  [/\.msgpack$/i, "a file of Flax"],
  [/\.params$/i, "a file of MXNet"],
  [/\.gguf$/i, "a GGUF file"],
  [/\.(csv|txt|md|ya?ml)$/i, "text"],
];

/** The program that a file belongs to; undefined if it is not recognised. */
export function foreignKind(bytes: Uint8Array, path: string): string | undefined {
  const head = String.fromCharCode(...bytes.subarray(0, HEAD_BYTES));
  const signed = SIGNATURES.find(([offset, text]) => head.startsWith(text, offset));
  if (signed) return signed[2];
  if (isPickle(bytes)) {
    return head.includes(PYTORCH_MAGIC) || /\.(pt|pth|bin)$/i.test(path) ? PYTORCH : "a pickle of Python";
  }
  const text = head.replace(/^\xef\xbb\xbf/, "").trimStart();
  if (text.startsWith("{")) return kindOfJson(text);
  if (/^<(!doctype html|html)/i.test(text))
    return "a page of HTML: something else than the file was downloaded";
  if (isSafetensors(bytes)) return undefined;
  return isOnnx(bytes) ? "an ONNX model" : ENDINGS.find(([ending]) => ending.test(path))?.[1];
}

function kindOfJson(text: string): string {
  if (/"(modelTopology|weightsManifest)"|"format"\s*:\s*"(layers|graph)-model"/.test(text)) return TFJS;
  if (/"weight_map"/.test(text)) return "an index of several safetensors files (JSON)";
  if (/"class_name"/.test(text)) return "a model's description (JSON) without its weights";
  return "JSON";
}

/** Whether bytes begin as safetensors do: the length of a header, and the header's brace. */
function isSafetensors(bytes: Uint8Array): boolean {
  if (bytes.byteLength < 9) return false;
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  return length <= BigInt(bytes.byteLength - 8) && bytes[8] === 0x7b;
}

/** The kind of a zip archive with these files; undefined if it is not recognised. */
export function foreignArchive(names: readonly string[]): string | undefined {
  const has = (pattern: RegExp) => names.some((name) => pattern.test(name));
  if (has(/(^|\/)(data|constants)\.pkl$/)) return PYTORCH;
  if (has(/(^|\/)saved_model\.pb$/)) return SAVED_MODEL;
  if (has(/\.npy$/)) return NUMPY;
  if (has(/(^|\/)model\.json$/)) return TFJS;
  if (has(/\.mlmodel$/)) return "a model of Core ML";
  if (has(/\.(h5|keras|safetensors|onnx|tflite)$/) && !has(/^model\.weights\.h5$/))
    return "a zip archive (unpack it first)";
  return undefined;
}

/** Folders of weights, recognised by a file in them. */
export const FOREIGN_FOLDERS: readonly (readonly [file: string, kind: string])[] = [
  ["saved_model.pb", SAVED_MODEL],
  ["model.json", TFJS],
  ["pytorch_model.bin", "a folder of a PyTorch model"],
  ["Manifest.json", "a model of Core ML"],
];
