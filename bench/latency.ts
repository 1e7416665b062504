// deno-lint-ignore-file no-console -- a program that talks to its user
/**
 * `deno task bench`: how long a message takes from when it was due to every receiver, with
 * nothing lost, doubled or out of order. bench/README.md tells how to read it.
 *
 * @module
 */

import { ProgressBar } from "@std/cli/unstable-progress-bar";
import { reasonOf } from "../src/protocol/errors.ts";
import { CsvFile, DELIVERY_COLUMNS, writeCsv } from "./csv_files.ts";
import { Interrupt } from "./interrupt.ts";
import { LATENCY_HELP, type LatencySettings, parseLatencyFlags } from "./latency_flags.ts";
import { latencyReport } from "./latency_report.ts";
import { measure } from "./measure.ts";
import { percent } from "./numbers.ts";
import { makeFolder } from "./out_folder.ts";
import { parley, ServerProcess, storeFlags } from "./server_process.ts";
import {
  type RunResult,
  SUMMARY_COLUMNS,
  summaryJson,
  summaryRow,
  summaryText,
} from "./summary.ts";
import { UsageError } from "./usage_error.ts";

/** The most problems of a run that are printed. */
const MOST_PROBLEMS = 20;

/** Runs the benchmark and returns the exit code: 0 where everything came as it should. */
async function main(args: string[]): Promise<number> {
  try {
    const settings = parseLatencyFlags(args);
    if (settings === "help") {
      console.log(LATENCY_HELP);
      return 0;
    }
    return await bench(settings);
  } catch (error) {
    console.error(reasonOf(error));
    return error instanceof UsageError ? 2 : 1;
  }
}

async function bench(settings: LatencySettings): Promise<number> {
  const { quiet, json, repeat } = settings;
  const folder = await makeFolder(settings.out);
  using interrupt = new Interrupt();
  const { signal } = interrupt;
  const results: RunResult[] = [];
  for (let run = 1; run <= repeat && !signal.aborted; run++) {
    const result = await benchOnce(settings, { run, folder, signal });
    results.push(result);
    // After each run, so that those there are survive one that fails.
    await writeCsv(`${folder}/summary.csv`, SUMMARY_COLUMNS, results.map(summaryRow));
    if (json) console.log(JSON.stringify(summaryJson(result)));
    else if (!quiet) console.log(summaryText(result));
    printProblems(result.counts.problems);
  }
  await Deno.writeTextFile(`${folder}/report.html`, latencyReport(results, new Date()));
  if (!quiet && !json) console.log(`Results are in ${folder}`);
  return results.every(({ status }) => status === "ok") ? 0 : 1;
}

/** The first problems; where a server died there is one for every pair of clients. */
function printProblems(problems: readonly string[]): void {
  for (const problem of problems.slice(0, MOST_PROBLEMS)) console.error(problem);
  const more = problems.length - MOST_PROBLEMS;
  if (more > 0) console.error(`… and ${more} more`);
}

/** One run against a fresh server, or the one at `--url`. */
async function benchOnce(
  settings: LatencySettings,
  { run, folder, signal }: { run: number; folder: string; signal: AbortSignal },
): Promise<RunResult> {
  const suffix = run === 1 ? "" : `_${run}`;
  const rows = await CsvFile.create(`${folder}/latency_results${suffix}.csv`, DELIVERY_COLUMNS);
  try {
    await using server = settings.url === undefined
      ? await ServerProcess.start(parley(undefined, storeFlags(settings.store)))
      : undefined;
    await using progress = showProgress(settings, run);
    return await measure(settings, {
      run,
      url: settings.url ?? server?.url ?? "",
      pid: server?.pid,
      rows,
      signal,
      progress: (done) => progress.show(done),
    });
  } finally {
    await rows.close();
  }
}

/** A line on a terminal that says how far the run is; nothing where nobody looks. */
function showProgress({ quiet, json, repeat }: LatencySettings, run: number) {
  if (quiet || json || !Deno.stderr.isTerminal()) {
    return { show: () => {}, [Symbol.asyncDispose]: () => Promise.resolve() };
  }
  const bar = new ProgressBar({
    max: 100,
    clear: true,
    interval: 200,
    formatter: ({ styledTime, progressBar, value }) =>
      `Run ${run} of ${repeat} ${styledTime} [${progressBar}] ${percent(value / 100)}`,
  });
  return {
    show: (done: number) => {
      bar.value = 100 * done;
    },
    [Symbol.asyncDispose]: () => bar.stop(),
  };
}

if (import.meta.main) Deno.exit(await main(Deno.args));
