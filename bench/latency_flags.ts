/**
 * The command line of `deno task bench`.
 *
 * @module
 */

import type { RunParameters } from "./summary.ts";
import { LEAST_PAYLOAD } from "./body.ts";
import { type FlagSet, helpOf, parseFlags } from "./flags.ts";
import { UsageError } from "./usage_error.ts";

const FLAGS = {
  numbers: {
    "clients": { value: 4, least: 2, most: 20_000, help: "clients, dealt out to the rooms" },
    "rooms": { value: 1, least: 1, most: 10_000, help: "rooms" },
    "senders": { value: 1, least: 1, most: 20_000, help: "senders in each room" },
    "rate": {
      value: 30,
      least: 0.01,
      most: 10_000,
      fraction: true,
      help: "messages a second of each sender",
    },
    "duration": {
      value: 10,
      least: 0.1,
      most: 604_800,
      fraction: true,
      help: "seconds that are measured",
    },
    "warmup": { value: 1, least: 0, most: 3_600, fraction: true, help: "seconds before that" },
    "payload": { value: 64, least: LEAST_PAYLOAD, most: 65_536, help: "bytes in a message" },
    "seed": { value: 1, least: 0, most: 4_294_967_295, help: "decides when each sender sends" },
    "in-flight": {
      value: 1,
      least: 0,
      most: 1_000,
      help: "messages a sender may have unacknowledged; 0: any number",
    },
    "drain": {
      value: 3,
      least: 0.1,
      most: 3_600,
      fraction: true,
      help: "seconds of silence after which what is missing is lost",
    },
    "repeat": { value: 1, least: 1, most: 1_000, help: "runs, each with a server of its own" },
  },
  texts: {
    url: "measure this server instead of starting one",
    store: "what keeps the rooms of the server that is started, as it is told",
    out: "folder for the results, instead of bench/data/<time>",
  },
  switches: {
    quiet: "print nothing but problems",
    json: "print one JSON object a run and nothing else",
  },
} satisfies FlagSet<string, string, string>;

/** The text of `--help`. */
export const LATENCY_HELP: string = helpOf("deno task bench [flags]", FLAGS);

/** The settings of the program, from its command line. */
export interface LatencySettings extends Omit<RunParameters, "run" | "url"> {
  drainS: number;
  repeat: number;
  url: string | undefined;
  out: string | undefined;
  quiet: boolean;
  json: boolean;
}

/**
 * Reads the command line.
 *
 * @throws {UsageError} with one line that says what makes no sense.
 */
export function parseLatencyFlags(args: string[]): LatencySettings | "help" {
  const flags = parseFlags(args, FLAGS);
  if (flags === "help") return "help";
  const { clients, rooms, senders, rate, duration, warmup, ...more } = flags.numbers;
  const members = Math.floor(clients / rooms);
  if (members < 2) {
    throw new UsageError(
      `--clients must be at least twice --rooms, not ${clients} for ${rooms}: nobody would receive`,
    );
  }
  if (senders > members) {
    throw new UsageError(
      `--senders must be at most ${members}, the members of a room, not ${senders}`,
    );
  }
  if (Math.round(rate * duration) < 1) {
    throw new UsageError(`--rate ${rate} and --duration ${duration} make no message at all`);
  }
  const { url, store } = flags.texts;
  if (url !== undefined && store !== undefined) {
    throw new UsageError(
      "--store is for a server that is started, and --url for one that is there",
    );
  }
  return {
    clients,
    rooms,
    senders,
    rate,
    durationS: duration,
    warmupS: warmup,
    payload: more.payload,
    seed: more.seed,
    inFlight: more["in-flight"],
    drainS: more.drain,
    repeat: more.repeat,
    url: checkUrl(url),
    store,
    out: flags.texts.out,
    ...flags.switches,
  };
}

function checkUrl(url: string | undefined): string | undefined {
  if (url === undefined) return undefined;
  if (/^(ws|http)s?:$/.test(URL.parse(url)?.protocol ?? "")) return url;
  throw new UsageError(`--url must be a WebSocket URL, not ${JSON.stringify(url)}`);
}
