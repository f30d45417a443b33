// `weft summary`: the layers of a network with shapes, parameters and connections.

import { Command } from "commander";
import { layerGraph } from "../nn/layer_graph.ts";
import { type LayerRow, layerRows, layerTable, totalLines } from "./layer_table.ts";
import { jsonOption } from "./options.ts";
import {
  addNetworkOptions,
  type ShownNetwork,
  type ShownNetworkOptions,
  shownNetwork,
} from "./shown_network.ts";
import { print, styleOf } from "./terminal.ts";

interface SummaryOptions extends ShownNetworkOptions {
  readonly json?: boolean;
}

/** The `summary` subcommand. */
export function summaryCommand(): Command {
  return addNetworkOptions(
    new Command("summary").description("list the layers of a run's network or of a backbone"),
  )
    .addOption(jsonOption("a line a layer"))
    .action(summary);
}

async function summary(options: SummaryOptions): Promise<void> {
  const network = await shownNetwork(options);
  const rows = withPreprocessing(layerRows(layerGraph(network.records, [network.input])), network);
  if (options.json) {
    for (const row of rows) print(JSON.stringify(jsonOf(row)));
    return;
  }
  const { stdout } = process;
  const style = styleOf(stdout);
  const width = stdout.isTTY ? stdout.columns : undefined;
  print(style.bold(`Model: ${network.name}`));
  for (const line of layerTable(rows, width, style)) print(line);
  for (const line of totalLines(rows)) print(line);
}

/** A run takes pixels of 0 to 255: they come first, and their preprocessing where the network's input was. */
function withPreprocessing(rows: readonly LayerRow[], { preprocessing }: ShownNetwork): readonly LayerRow[] {
  const [input, ...layers] = rows;
  if (preprocessing === undefined || !input) return rows;
  const name = "preprocessing";
  const converted: LayerRow = { ...input, layer: name, class: preprocessing, connectedTo: [input.layer] };
  return [
    input,
    converted,
    ...layers.map((row) => ({
      ...row,
      connectedTo: row.connectedTo.map((reads) => (reads === input.layer ? name : reads)),
    })),
  ];
}

function jsonOf({ layer, class: className, outputShape, parameters, connectedTo }: LayerRow): object {
  const { total, trainable, nonTrainable } = parameters;
  return { layer, class: className, outputShape, parameters: total, trainable, nonTrainable, connectedTo };
}
