import { assert } from "@std/assert";
import { forMeasuring, ServerProcess } from "../../bench/server_process.ts";
import type { GeneratorResult } from "../../bench/measurements.ts";
import { GROWING_ROOM, type Shape, SHAPES } from "../../bench/shapes.ts";
import { until } from "../support/waiting.ts";
import { report, setting } from "./setting.ts";

const SECONDS = setting(2, 20);

/** The part of a time by which the two may differ. */
const MOST_APART = 0.05;

/** A room whose rounds take longer than all that lies between server and client, and one at full load. */
const LOADS = [
  GROWING_ROOM.find(({ name }) => name === "members-1000")!,
  ...setting([], SHAPES.filter(({ name }) => name === "fanout-32")),
];

/** The counts of the buckets of the delivery delay by their bounds in ms, each with those before it. */
async function bucketsOf(url: string): Promise<[bound: number, count: number][]> {
  const text = await (await fetch(`${url}metrics`)).text();
  const lines = text.matchAll(/^parley_delivery_delay_seconds_bucket\{le="(\S+)"\} (\d+)$/gm);
  return [...lines].map(([, le, count]) => [
    le === "+Inf" ? Infinity : 1_000 * Number(le),
    Number(count),
  ]);
}

/** Finds a quantile as `histogram_quantile` does: evenly within a bucket. */
function quantileOf(buckets: [number, number][], part: number): number {
  const wanted = part * (buckets.at(-1)?.[1] ?? NaN);
  const at = buckets.findIndex(([, count]) => count >= wanted);
  const [bound, count] = buckets[at] ?? [NaN, NaN];
  const [from, before] = buckets[at - 1] ?? [0, 0];
  return from + (bound - from) * (wanted - before) / (count - before);
}

async function generate(server: ServerProcess, shape: Shape, warmup: number, seconds: number) {
  const script = new URL("../../bench/generator.ts", import.meta.url).href;
  const options = { port: server.port, pid: server.pid, dialect: "parley", shape, seconds, warmup };
  const args = ["run", "-A", "--quiet", script, JSON.stringify(options)];
  const [program = "", ...all] = [...forMeasuring(1), Deno.execPath(), ...args];
  const { stdout } = await new Deno.Command(program, { args: all }).output();
  const result: GeneratorResult = JSON.parse(new TextDecoder().decode(stdout));
  return result;
}

for (const shape of LOADS) {
  Deno.test(`O2 the delivery delay is what the benchmark measures: ${shape.name}`, async () => {
    await using server = await ServerProcess.start({
      args: ["--rate", "0", "--ops", "127.0.0.1:0", "--log-level", "debug"],
      within: forMeasuring(0),
    });
    await until(() => /ops url=/.test(server.stdout), "no port for operators");
    const url = /ops url="(\S+)"/.exec(server.stdout)![1]!;
    const { p50, p99 } = await generate(server, shape, 1, SECONDS);
    const buckets = await bucketsOf(url);
    const told = { p50: quantileOf(buckets, 0.5), p99: quantileOf(buckets, 0.99) };
    const apart = { p50: told.p50 / p50 - 1, p99: told.p99 / p99 - 1 };
    const percent = (value: number) => `${(100 * value).toFixed(1)} %`;
    const missed = Object.entries(apart).filter(([, by]) => Math.abs(by) > MOST_APART)
      .map(([name, by]) => `${name} within 5 %, was ${percent(by)}`);
    report("O2", `${shape.name}, ${SECONDS} s`, {
      "p50 ms": `${told.p50.toFixed(2)}, benchmark ${p50.toFixed(2)}, apart ${percent(apart.p50)}`,
      "p99 ms": `${told.p99.toFixed(2)}, benchmark ${p99.toFixed(2)}, apart ${percent(apart.p99)}`,
    }, missed);
    assert(told.p50 > 0 && told.p99 >= told.p50);
  });
}
