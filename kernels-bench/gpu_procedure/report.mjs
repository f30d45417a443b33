// A report of the procedure's measurements: convolutions as shares of what PyTorch's matrix product reaches in fp32,
// and training steps next to PyTorch's.

import { existsSync, readFileSync } from "node:fs";

/** The objects of a file of JSON lines; none if there is no such file. */
export function linesOf(path) {
  if (!existsSync(path)) return [];
  return readFileSync(path, "utf8")
    .split("\n")
    .flatMap((line) => objectOf(line) ?? []);
}

/** The object of a line of JSON; undefined for any other line, including a truncated one. */
export function objectOf(line) {
  if (!line.startsWith("{")) return undefined;
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

const isWeft = (row) => row.engine === undefined && row.medianMs !== undefined;

const percent = (share) => `${(100 * share).toFixed(0)}%`;

function meanOf(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/** The faster of PyTorch's memory layouts. */
function fastest(rows, name, pass, precision) {
  const found = rows.filter((row) => {
    return row.case === `pytorch/${name}` && row.pass === pass && row.precision === precision;
  });
  return found.toSorted((a, b) => a.medianMs - b.medianMs)[0];
}

function convolutionLines(rows) {
  const ceiling = rows.findLast((row) => row.case === "pytorch/matmul")?.gflops;
  const own = rows.filter((row) => isWeft(row) && row.case.startsWith("conv2d/"));
  const lines = own.map((row) => {
    const peer = fastest(rows, row.case, row.pass, "f32");
    const share = ceiling ? `, ${percent(row.gflops / ceiling)} of PyTorch's fp32 matmul` : "";
    const beside = peer ? `, PyTorch ${peer.medianMs.toFixed(3)} ms` : "";
    return `${row.case} ${row.pass} b${row.batch}: ${row.medianMs.toFixed(3)} ms, ${row.gflops.toFixed(0)} GFLOP/s${share}${beside}`;
  });
  if (!ceiling || own.length === 0) return lines;
  const shares = own.map((row) => row.gflops / ceiling);
  const least = percent(Math.min(...shares));
  return [
    ...lines,
    `${own.length} convolution passes: ${percent(meanOf(shares))} of the ceiling as a geometric mean, least ${least}`,
  ];
}

const NETWORK_ROW = /^(?<name>.*?)(?<mixed>_mixed)?$/;

function networkLines(rows) {
  const own = rows.filter((row) => isWeft(row) && row.pass === "train");
  return own.map((row) => {
    const { name, mixed } = NETWORK_ROW.exec(row.case).groups;
    const peer = fastest(rows, name, "train", mixed ? "amp" : "f32");
    const beside = peer
      ? `; PyTorch ${peer.imagesPerSecond.toFixed(1)} (${peer.layout}), weft at ${percent(row.imagesPerSecond / peer.imagesPerSecond)}`
      : "";
    const how = row.tuned ? ", tuned" : "";
    return `${row.case} b${row.batch}${how}: ${row.imagesPerSecond.toFixed(1)} images/s, ${row.medianMs.toFixed(1)} ms${beside}`;
  });
}

function goldenLines(rows) {
  return rows
    .filter((row) => row.pass === "golden")
    .map((row) => `${row.case}: ${row.passed} passed, ${row.failed} failed, ${row.skipped} skipped`);
}

/** Lines about rows of one or more runs, adapter by adapter, without dry runs. */
export function report(rows) {
  const groups = new Map();
  for (const row of rows) {
    const key = JSON.stringify([row.adapter, row.isDry === true]);
    groups.set(key, [...(groups.get(key) ?? []), row]);
  }
  return [...groups.values()].flatMap((group) => [...heading(group), ...groupLines(group)]);
}

/** The adapter, and PyTorch's if it ran on another. */
function heading(rows) {
  const [{ adapter, isDry }] = rows;
  if (!adapter && !isDry) return [];
  const others = new Set(rows.map(({ engineAdapter }) => engineAdapter ?? adapter));
  others.delete(adapter);
  const peers = others.size > 0 ? `, PyTorch on ${[...others].join(", ")}` : "";
  return [`${adapter ?? "no adapter"}${peers}${isDry ? ", dry run" : ""}:`];
}

/** If several rows have the same name, the last one counts. */
function groupLines(rows) {
  const latest = new Map();
  for (const row of rows) {
    const { case: name, pass, batch, precision, layout, tuned, engine } = row;
    latest.set(JSON.stringify([name, pass, batch, precision, layout, tuned, engine]), row);
  }
  const kept = [...latest.values()];
  return [...goldenLines(kept), ...convolutionLines(kept), ...networkLines(kept)];
}
