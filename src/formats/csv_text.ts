// The text of a CSV file. weft reads UTF-8. For a file in another encoding the error names the encoding that it seems
// to have and the first line that shows it.

import { WeftError } from "../base/errors.ts";

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const SHOWN_CHARACTERS = 80;

/** First bytes of files that are not text, and what these files are. */
const FOREIGN: readonly (readonly [readonly number[], string])[] = [
  [[0x50, 0x4b, 0x03, 0x04], "an Excel workbook or another zip archive; export the sheet as CSV (UTF-8)"],
  [[0xd0, 0xcf, 0x11, 0xe0], "an old Excel workbook; export the sheet as CSV (UTF-8)"],
  [[0x1f, 0x8b], "compressed by gzip; unpack it with gunzip"],
];

/** Byte order marks of encodings other than UTF-8, longer ones first. */
const MARKS: readonly (readonly [readonly number[], string])[] = [
  [[0xff, 0xfe, 0, 0], "UTF-32LE"],
  [[0, 0, 0xfe, 0xff], "UTF-32BE"],
  [[0xff, 0xfe], "UTF-16LE"],
  [[0xfe, 0xff], "UTF-16BE"],
];

/** An encoding of bytes: for people, for iconv, and for TextDecoder. */
interface Encoding {
  readonly name: string;
  readonly iconv: string;
  readonly label: string;
}

const LATIN: Encoding = {
  name: "Windows-1252 or ISO-8859-1 (Latin-1)",
  iconv: "WINDOWS-1252",
  label: "windows-1252",
};
const CYRILLIC: Encoding = { name: "Windows-1251 (Cyrillic)", iconv: "WINDOWS-1251", label: "windows-1251" };
const CHINESE: Encoding = { name: "GBK (or else Big5 or EUC-KR)", iconv: "GB18030", label: "gb18030" };
const JAPANESE: Encoding = { name: "Shift_JIS", iconv: "SHIFT_JIS", label: "shift_jis" };

const beginsWith = (bytes: Uint8Array, head: readonly number[]) => head.every((b, i) => bytes[i] === b);

/**
 * The text of a file's bytes; a string is returned unchanged.
 * @param path named in messages
 * @throws WeftError `path:line: …` if the bytes are not UTF-8
 */
export function decodeCsvText(content: string | Uint8Array, path: string): string {
  if (typeof content === "string") return content;
  const foreign = FOREIGN.find(([head]) => beginsWith(content, head));
  if (foreign) throw new WeftError(`${path}: expected a CSV file but it is ${foreign[1]}`);
  const wide = MARKS.find(([mark]) => beginsWith(content, mark))?.[1] ?? unmarkedUtf16(content);
  if (wide !== undefined) {
    throw new WeftError(
      `${path}:1: the file seems to be in ${wide}, such as Excel's "Unicode Text"; ${remedy(wide, path)}`,
    );
  }
  const zero = content.indexOf(0);
  if (zero >= 0) {
    throw new WeftError(`${path}:${lineAt(content, zero)}: there is a zero byte; is this a text file?`);
  }
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(content);
  } catch {
    throw foreignEncoding(content, path);
  }
}

function remedy(iconv: string, path: string): string {
  const name = path.slice(path.lastIndexOf("/") + 1);
  return `expected UTF-8. Save it as "CSV UTF-8", or run: iconv -f ${iconv} -t UTF-8 ${name} > utf8.csv`;
}

const LOOKED_AT_BYTES = 4096;
const ZERO_SHARE = 0.2;

/** UTF-16 without a byte order mark: there are zero bytes, almost all at even or almost all at odd positions. */
function unmarkedUtf16(bytes: Uint8Array): string | undefined {
  const head = bytes.subarray(0, LOOKED_AT_BYTES);
  const zeros = [0, 0];
  for (let i = 0; i < head.length; i++) if (head[i] === 0) zeros[i % 2] = (zeros[i % 2] ?? 0) + 1;
  const [even = 0, odd = 0] = zeros;
  if (even + odd < (ZERO_SHARE * head.length) / 2) return undefined;
  if (odd > 10 * even) return "UTF-16LE";
  return even > 10 * odd ? "UTF-16BE" : undefined;
}

/** The line, counted from 1, that the byte at `end` is in; lines end in LF, CRLF or CR. */
function lineAt(bytes: Uint8Array, end: number): number {
  let line = 1;
  for (let i = 0; i < end; i++) {
    if (bytes[i] === LINE_FEED || (bytes[i] === CARRIAGE_RETURN && bytes[i + 1] !== LINE_FEED)) line++;
  }
  return line;
}

/** The lines of a file as ranges of bytes, without their line ends. */
function* linesOf(bytes: Uint8Array): Generator<Uint8Array> {
  let start = 0;
  for (let i = 0; i <= bytes.length; i++) {
    const isCrLf = bytes[i] === CARRIAGE_RETURN && bytes[i + 1] === LINE_FEED;
    if (isCrLf || (i < bytes.length && bytes[i] !== LINE_FEED && bytes[i] !== CARRIAGE_RETURN)) continue;
    yield bytes.subarray(start, i);
    start = i + 1;
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

function foreignEncoding(bytes: Uint8Array, path: string): WeftError {
  let line = 0;
  for (const content of linesOf(bytes)) {
    line++;
    if (isUtf8(content)) continue;
    const { name, iconv, label } = suspectedEncoding(bytes);
    const text = new TextDecoder(label).decode(content).trim().slice(0, SHOWN_CHARACTERS);
    return new WeftError(
      `${path}:${line}: the line is not UTF-8; the file seems to be in ${name}, where the line reads "${text}"; ` +
        remedy(iconv, path),
    );
  }
  return new WeftError(`${path}: the file is not UTF-8`);
}

/** Runs of bytes from 0x80 on. */
function highRuns(bytes: Uint8Array): Uint8Array[] {
  const runs: Uint8Array[] = [];
  for (let i = 0; i < bytes.length; i++) {
    if ((bytes[i] ?? 0) < 0x80) continue;
    const start = i;
    while ((bytes[i] ?? 0) >= 0x80) i++;
    runs.push(bytes.subarray(start, i));
  }
  return runs;
}

/**
 * Guesses the encoding of bytes that are not UTF-8 from the shape of their runs above ASCII: single letters in western
 * languages, whole words of 0xC0–0xFF in Cyrillic, pairs in East Asian languages. In pairs the first byte distinguishes
 * kana (0x82, 0x83) from Chinese characters (0xB0–0xD7 are the common ones of GBK).
 */
function suspectedEncoding(bytes: Uint8Array): Encoding {
  const runs = highRuns(bytes);
  const leads = runs.flatMap((run) => [...run].filter((_, i) => i % 2 === 0));
  const shareOf = (isSuch: (byte: number) => boolean) => leads.filter(isSuch).length / leads.length;
  if (shareOf((byte) => byte === 0x82 || byte === 0x83) > 0.5) return JAPANESE;
  if (runs.filter(({ length }) => length === 1).length > runs.length / 2) return LATIN;
  const words = runs.filter(({ length }) => length > 1);
  if (words.every((run) => run.every((byte) => byte >= 0xc0)) && shareOf((byte) => byte >= 0xe0) > 0.5) {
    return CYRILLIC;
  }
  return CHINESE;
}
