// deno-lint-ignore-file no-console -- this is a program
/**
 * Lets random stories happen in simulated worlds, and prints each that shows a fault, as short as it
 * can be: `deno task simulate --seed 7` repeats one, `--seeds 1000` runs as many from there on.
 * `docs/design/simulation.md` says how to read them.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { coverageTable, unseen } from "../tests/simulation/coverage.ts";
import { makeStory } from "../tests/simulation/generator.ts";
import { hunt, MUTANTS } from "../tests/simulation/mutants.ts";
import { shrink } from "../tests/simulation/shrink.ts";
import { parseStory, STORES, type Story, textOf } from "../tests/simulation/story.ts";
import { simulate } from "../tests/simulation/world.ts";

const USAGE = `Usage: deno task simulate [flags]

  --seed N       the seed, or the first of several
  --seeds N      the number of seeds, 1 unless given
  --steps N      the number of things that happen in a story, 150 unless given
  --nodes N      the number of servers, from 1 to 5
  --store NAME   ${STORES.join(", ")}
  --focus WHAT   something that happens ten times as often, like "net cut"
  --steer        have every other story focus on what was not seen in some state so far
  --story FILE   a story that was written down, instead of seeds
  --trace        print all that happens
  --first        stop at the first story with a fault, and leave it as long as it is
  --mutants      put known faults into copies of the code, and say which seeds find them
  --coverage     print how often what happened in which state`;

try {
  await main();
} catch (error) {
  if (!(error instanceof RangeError)) throw error;
  console.error(error.message);
  Deno.exit(2);
}

async function main(): Promise<void> {
  const flags = parseArgs(Deno.args, {
    string: ["seed", "seeds", "steps", "nodes", "store", "story", "focus"],
    boolean: ["trace", "coverage", "first", "mutants", "steer", "help"],
    unknown: (flag) => {
      throw new RangeError(`There is no ${flag}: see --help`);
    },
  });
  if (flags.help) return console.log(USAGE);
  const seed = whole("seed", flags.seed ?? `${Date.now() % 1_000_000_000}`, 0, 2 ** 32 - 1);
  const seeds = whole("seeds", flags.seeds ?? "1", 1, 10_000_000);
  const steps = whole("steps", flags.steps ?? "150", 10, 1_000_000);
  const nodes = whole("nodes", flags.nodes ?? "1", 1, 5);
  const store = STORES.find((name) => name === (flags.store ?? "memory"));
  if (store === undefined) throw new RangeError(`--store must be one of ${STORES.join(", ")}`);
  if (flags.mutants) return await huntAll(seed, flags.seeds === undefined ? 200 : seeds);
  const coverage = new Map<string, number>();
  let focus: string | undefined;
  const stories = flags.story === undefined
    ? Array.from({ length: seeds }, (_, i) => () => {
      focus = flags.steer && i % 2 === 1 ? unseen(coverage) : flags.focus;
      return makeStory(seed + i, { steps, nodes, store }, focus);
    })
    : [() => readStory(flags.story!)];

  let [simulatedMs, faults] = [0, 0];
  const begin = performance.now();
  for (const make of stories) {
    const story = make();
    const outcome = await simulate(parseStory(textOf(story)), { trace: flags.trace === true });
    simulatedMs += outcome.simulatedMs;
    for (const [pair, count] of outcome.coverage) {
      coverage.set(pair, (coverage.get(pair) ?? 0) + count);
    }
    if (flags.trace) console.log(outcome.trace.join("\n"));
    if (outcome.fault === undefined) continue;
    faults++;
    const how = focus === undefined ? "" : ` --focus "${focus}"`;
    console.log(`seed ${story.seed}${how}: ${outcome.fault.oracle}: ${outcome.fault.what}`);
    if (flags.first) break;
    const short = await shrink(story, outcome.fault);
    console.log(`${textOf(short.story)}# ${short.fault.oracle}: ${short.fault.what}\n`);
  }
  const seconds = (performance.now() - begin) / 1_000;
  if (flags.coverage) console.log(coverageTable(coverage));
  const speed = Math.round(simulatedMs / 1_000 / seconds);
  console.log(
    `${stories.length} ${stories.length === 1 ? "story" : "stories"} from seed ${seed}: ` +
      `${Math.round(simulatedMs / 1_000)} s in ${seconds.toFixed(1)} s, ${speed} times as fast ` +
      `as the world; ${faults} with a fault`,
  );
  if (faults > 0) Deno.exitCode = 1;
}

/** Looks for all mutants, and prints what was found. */
async function huntAll(seed: number, most: number): Promise<void> {
  let found = 0;
  for (const mutant of MUTANTS) {
    const { seed: by, line, hours } = await hunt(mutant, seed, most);
    if (by !== undefined) found++;
    console.log(`${mutant.name}: after ${hours.toFixed(2)} h\n  ${line}`);
  }
  console.log(`${found} of ${MUTANTS.length} mutants found from seed ${seed}`);
  if (found < MUTANTS.length) Deno.exitCode = 1;
}

function readStory(path: string): Story {
  try {
    return parseStory(Deno.readTextFileSync(path));
  } catch (error) {
    throw new RangeError(`${path}: ${(error as Error).message}`);
  }
}

function whole(flag: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  throw new RangeError(`--${flag} must be a whole number from ${least} to ${most}, not "${text}"`);
}
