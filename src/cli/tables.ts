// Tables of losses and accuracies, for stdout.

import Table from "cli-table3";
import type { CountedHead } from "../models/heads.ts";
import type { EvaluationResult } from "../training/inference.ts";
import type { SetMetrics } from "../training/metrics.ts";
import type { EpochReport } from "../training/trainer.ts";
import { duration, grouped, rate, styleOf } from "./terminal.ts";

/** What stands for a loss and an accuracy where nothing is labelled. */
const NO_VALUE = "-";
const LOSS_DECIMALS = 4;
const ACCURACY_DECIMALS = 3;
const PADDING = 2;

const NO_LINES = {
  top: "",
  "top-mid": "",
  "top-left": "",
  "top-right": "",
  bottom: "",
  "bottom-mid": "",
  "bottom-left": "",
  "bottom-right": "",
  left: "",
  "left-mid": "",
  mid: "",
  "mid-mid": "",
  right: "",
  "right-mid": "",
  middle: "",
};

const loss = (value: number | null | undefined) => value?.toFixed(LOSS_DECIMALS) ?? NO_VALUE;
const accuracy = (value: number | null | undefined) => value?.toFixed(ACCURACY_DECIMALS) ?? NO_VALUE;

/** Aligned columns without lines: the first to the left, the others to the right. */
export function columns(rows: readonly (readonly string[])[]): string {
  const count = Math.max(...rows.map((row) => row.length));
  const table = new Table({
    chars: NO_LINES,
    style: { "padding-left": PADDING, "padding-right": 1, head: [], border: [], compact: true },
    colAligns: Array.from({ length: count }, (_, i) => (i === 0 ? "left" : "right")),
  });
  for (const row of rows) table.push([...row]);
  return table
    .toString()
    .split("\n")
    .map((line) => line.trimEnd())
    .join("\n");
}

/** The table after an epoch: training and validation side by side. */
export function epochTable(report: EpochReport, heads: readonly CountedHead[]): string {
  const { epoch, epochs, lr, seconds, imagesPerSecond, train, validation } = report;
  const { bold, dim, cyan } = styleOf(process.stdout);
  const facts = dim(`lr ${lr}, ${duration(seconds)}, ${rate(imagesPerSecond)} images/s`);
  const cells = (of: SetMetrics, name: string) => [loss(of.losses[name]), accuracy(of.accuracy[name])];
  const total = (of: SetMetrics) => [loss(of.loss), accuracy(of.weighted)].map(bold);
  const rows = [
    ["", "training", "", "validation", ""].map(dim),
    ["attribute", "loss", "accuracy", "loss", "accuracy"].map(dim),
    ...heads.map(({ name }) => [name, ...cells(train, name), ...cells(validation, name)]),
    [bold("total, weighted"), ...total(train), ...total(validation)],
  ];
  return `${bold(cyan(`Epoch ${epoch}/${epochs}`))}  ${facts}\n${columns(rows)}\n`;
}

/** The table of an evaluation. */
export function evaluationTable(result: EvaluationResult, heads: readonly CountedHead[]): string {
  const { metrics, labelledRows } = result;
  const { bold, dim } = styleOf(process.stdout);
  const labelled = Object.values(labelledRows).reduce((sum, count) => sum + count, 0);
  const rows = [
    ["attribute", "labels", "loss", "accuracy"].map(dim),
    ...heads.map(({ name }) => {
      return [
        name,
        grouped(labelledRows[name] ?? 0),
        loss(metrics.losses[name]),
        accuracy(metrics.accuracy[name]),
      ];
    }),
    ["total, weighted", grouped(labelled), loss(metrics.loss), accuracy(metrics.weighted)].map(bold),
  ];
  return columns(rows);
}

/** Heads with their classes and how many images are labelled: a line each, for a command's summary. */
export function headLines(rows: readonly { name: string; classes: number; labelled: number }[]): string[] {
  const { dim } = styleOf(process.stderr);
  const cells = rows.map(({ name, classes, labelled }) => {
    return [name, `${classes} classes`, `${grouped(labelled)} labelled`];
  });
  return columns(cells)
    .split("\n")
    .map((line) => dim(line.slice(PADDING)));
}
