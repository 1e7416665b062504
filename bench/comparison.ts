/**
 * Runs servers under the same loads, one after the other and round by round, so that what
 * changes on the machine meanwhile hits all of them.
 *
 * @module
 */

import { reasonOf } from "../src/protocol/errors.ts";
import type { Dialect } from "./dialects.ts";
import type { GeneratorOptions } from "./generator.ts";
import type { GeneratorResult, Measurement } from "./measurements.ts";
import { forMeasuring, type ServerCommand, ServerProcess } from "./server_process.ts";
import type { Shape } from "./shapes.ts";
import { MOST_GENERATOR_CPU } from "./usage.ts";

/** A server to be measured. */
export interface Contender {
  name: string;
  dialect: Dialect;
  command: ServerCommand;
}

/** Settings of a comparison. */
export interface ComparisonOptions {
  contenders: readonly Contender[];
  shapes: readonly Shape[];
  rounds: number;
  /** Seconds that are measured in each run, and seconds before that. */
  seconds: number;
  warmup: number;
  payload: number;
  /** Ends it early; what was measured so far is returned. */
  signal: AbortSignal;
  /** Called after each run. */
  measured(measurement: Measurement): void | Promise<void>;
}

/** The server has the first core to itself, and the generator the second. */
export const SERVER_CORE = 0;
const GENERATOR_CORE = 1;

/** The time that a run may take beyond what is measured, in seconds. */
const GRACE_S = 40;

const NO_RESULT: GeneratorResult = {
  perSecond: NaN,
  perCpuSecond: NaN,
  messagesPerSecond: NaN,
  entriesPerFrame: NaN,
  bytesPerDelivery: NaN,
  serverCpu: NaN,
  generatorCpu: NaN,
  serverRssBytes: NaN,
  p50: NaN,
  p99: NaN,
  "p99.9": NaN,
  max: NaN,
  lost: NaN,
};

/** Runs everything. A run that fails is a measurement too, and the others go on. */
export async function compare(options: ComparisonOptions): Promise<Measurement[]> {
  const { contenders, shapes, rounds } = options;
  const all: Measurement[] = [];
  for (let round = 1; round <= rounds; round++) {
    for (const shape of shapes) {
      for (const contender of contenders) {
        if (options.signal.aborted) return all;
        const measurement = await measureOnce(contender, shape, round, options);
        all.push(measurement);
        await options.measured(measurement);
      }
    }
  }
  return all;
}

async function measureOnce(
  { name, dialect, command }: Contender,
  shape: Shape,
  round: number,
  { seconds, warmup, payload, signal }: ComparisonOptions,
): Promise<Measurement> {
  const about = { server: name, shape: shape.name, round };
  try {
    await using server = await ServerProcess.start(command);
    const result = await generate({
      port: server.port,
      pid: server.pid,
      dialect,
      shape,
      seconds,
      warmup,
      payload,
    }, signal);
    if (result.perSecond === 0) {
      throw new Error("Nothing was said: the run is too short for its rate");
    }
    if (result.lost !== 0) {
      const problem = `${result.lost} deliveries were lost or too many`;
      return { ...about, ...result, status: "failed", problem };
    }
    const status = result.generatorCpu > MOST_GENERATOR_CPU ? "void" : "ok";
    return { ...about, ...result, status, problem: "" };
  } catch (error) {
    const problem = reasonOf(error);
    return { ...about, ...NO_RESULT, status: "failed", problem };
  }
}

async function generate(
  options: GeneratorOptions,
  signal: AbortSignal,
): Promise<GeneratorResult> {
  const script = new URL("generator.ts", import.meta.url).href;
  const args = ["run", "-A", "--quiet", script, JSON.stringify(options)];
  const [program = "", ...all] = [...forMeasuring(GENERATOR_CORE), Deno.execPath(), ...args];
  const { seconds = 0, warmup = 0 } = options;
  const { success, stdout, stderr } = await new Deno.Command(program, {
    args: all,
    signal: AbortSignal.any([
      signal,
      AbortSignal.timeout(1_000 * (seconds + warmup + GRACE_S)),
    ]),
  }).output();
  if (!success) {
    const said = new TextDecoder().decode(stderr).trim().split("\n").at(-1);
    throw new Error(said || "The generator did not come to an end");
  }
  return JSON.parse(new TextDecoder().decode(stdout));
}
