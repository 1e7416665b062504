// deno-lint-ignore-file no-console -- what the programs that compare have in common: they talk to their user
/**
 * The common part of `bench:throughput` and `bench:peers`: flags, rounds, files.
 *
 * @module
 */

import { reasonOf } from "../src/protocol/errors.ts";
import { compare, type Contender } from "./comparison.ts";
import {
  COMPARISON_COLUMNS,
  comparisonPage,
  comparisonRow,
  measurementLine,
} from "./comparison_text.ts";
import { CsvFile } from "./csv_files.ts";
import { type FlagSet, helpOf, parseFlags } from "./flags.ts";
import { Interrupt } from "./interrupt.ts";
import type { Measurement } from "./measurements.ts";
import { makeFolder } from "./out_folder.ts";
import { canPin } from "./server_process.ts";
import { type Shape, SHAPES, shapesNamed } from "./shapes.ts";
import { machine } from "./usage.ts";
import { UsageError } from "./usage_error.ts";

/** A program that compares servers. */
export interface ComparisonProgram {
  title: string;
  /** The first line of `--help`. */
  usage: string;
  /** The name of the CSV file it writes. */
  csv: string;
  rounds: number;
  /** Seconds that are measured in each run, and before that; 3 and 3 unless given. */
  seconds?: number;
  warmup?: number;
  /** The loads it can run; those of full load and of latency unless given. */
  shapes?: readonly Shape[];
  /** Makes the cards that its page shows instead of a ranking under each shape. */
  cards?(measurements: readonly Measurement[], servers: readonly string[]): string[];
  /** Things that are not equal between the servers. */
  notes: readonly string[];
  /** The servers; the first is ours, with that store. */
  contenders(store: string | undefined): Contender[];
  /** Switches of its own, with their help. */
  switches: Record<string, string>;
  /** Called before anything else where one of these switches is set; what it returns ends the program. */
  switched?(name: string): Promise<number>;
}

/** Runs the program and returns the exit code: 1 where any run failed or is void. */
export async function runComparison(program: ComparisonProgram, args: string[]): Promise<number> {
  try {
    const set = flagsOf(program);
    const flags = parseFlags(args, set);
    if (flags === "help") {
      console.log(helpOf(program.usage, set));
      return 0;
    }
    for (const name of Object.keys(program.switches)) {
      if (flags.switches[name]) return await program.switched?.(name) ?? 0;
    }
    return await run(program, flags);
  } catch (error) {
    console.error(reasonOf(error));
    return error instanceof UsageError ? 2 : 1;
  }
}

function flagsOf(
  { rounds, seconds: duration = 3, warmup = 3, shapes = SHAPES, switches }: ComparisonProgram,
) {
  const seconds = { least: 0.2, most: 3_600, fraction: true };
  return {
    numbers: {
      rounds: { value: rounds, least: 1, most: 1_000, help: "rounds, interleaved" },
      duration: { value: duration, ...seconds, help: "seconds that are measured in each run" },
      warmup: { value: warmup, ...seconds, help: "seconds before that" },
      payload: { value: 64, least: 20, most: 60_000, help: "bytes in a message" },
    },
    texts: {
      shapes: `some of ${shapes.map(({ name }) => name).join(",")}`,
      out: "folder for the results, instead of bench/data/<time>",
      store: "what keeps the rooms of Parley, as its server is told",
    },
    switches,
  } satisfies FlagSet<string, string, string>;
}

async function run(
  program: ComparisonProgram,
  { numbers, texts }: {
    numbers: Record<"rounds" | "duration" | "warmup" | "payload", number>;
    texts: Record<"shapes" | "out" | "store", string | undefined>;
  },
): Promise<number> {
  const shapes = shapesNamed(texts.shapes, program.shapes);
  const folder = await makeFolder(texts.out);
  const about = { deno: Deno.version.deno, machine: machine() };
  const contenders = program.contenders(texts.store);
  if (!canPin()) {
    console.error("Server and generator share cores: taskset or a second core is missing");
  }
  using interrupt = new Interrupt();
  const file = await CsvFile.create(`${folder}/${program.csv}`, COMPARISON_COLUMNS);
  try {
    const measurements = await compare({
      contenders,
      shapes,
      rounds: numbers.rounds,
      seconds: numbers.duration,
      warmup: numbers.warmup,
      payload: numbers.payload,
      signal: interrupt.signal,
      measured(measurement) {
        console.log(measurementLine(measurement));
        file.add(comparisonRow(measurement, about));
      },
    });
    const servers = contenders.map(({ name }) => name);
    const html = comparisonPage({
      title: program.title,
      measurements,
      shapes,
      servers,
      cards: program.cards?.(measurements, servers),
      now: new Date(),
      notes: program.notes,
      ...about,
    });
    await Deno.writeTextFile(`${folder}/report.html`, html);
    console.log(`Results are in ${folder}`);
    const whole = !interrupt.signal.aborted;
    return whole && measurements.every(({ status }) => status === "ok") ? 0 : 1;
  } finally {
    await file.close();
  }
}
