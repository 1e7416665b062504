/**
 * Makes `docs/benchmark.svg` from the results of `deno task bench:peers` that are kept in
 * `bench/results/peers.csv`.
 *
 * @module
 */

import { parse } from "@std/csv/parse";
import { COMPARISON_COLUMNS } from "../bench/comparison_text.ts";
import { readmeChart } from "../bench/readme_chart.ts";

const RESULTS = new URL("../bench/results/peers.csv", import.meta.url);
const TARGET = new URL("../docs/benchmark.svg", import.meta.url);

/** The chart of those results. */
export async function benchPicture(): Promise<string> {
  const text = await Deno.readTextFile(RESULTS);
  const rows = parse(text, { skipFirstRow: true, columns: COMPARISON_COLUMNS });
  return readmeChart(rows.map(({ server, shape, status, deliveries_per_cpu_second }) => ({
    server,
    shape,
    // Whatever else it says does not count either.
    status: status === "ok" ? "ok" : "void",
    perCpuSecond: Number(deliveries_per_cpu_second),
  })));
}

if (import.meta.main) await Deno.writeTextFile(TARGET, await benchPicture());
