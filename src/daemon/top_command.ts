/**
 * The command that shows what a running server does: `top` behind the name of the server.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { joinEmptyValues } from "../arguments.ts";
import { checkedNumber } from "../core/state/option_checks.ts";
import { PROGRAMS } from "../program.ts";
import { sleep } from "../protocol/deadline.ts";
import { reasonOf } from "../protocol/errors.ts";
import { OPS_DEFAULT, opsPlace } from "./flags/flags.ts";
import { hostOf } from "./open_port.ts";
import { readMetrics } from "./scrape.ts";
import { readSecret } from "./start.ts";
import { drawTop, type TopReading } from "./top_screen.ts";

/** The word that it begins with. */
export const TOP_COMMAND = "top";

/** The seconds between two readings unless others are given, and the bounds of that. */
const USUAL_SECONDS = 2;
const SECONDS = [1, 3_600] as const;

/** The longest that an answer may take, in milliseconds. */
const ANSWER_MS = 5_000;

/** The size of a screen that is none. */
const NO_SCREEN = { columns: 80, rows: 24 };

/** The keys that end it: q, Q, Ctrl-C, Ctrl-D. */
const ENDING_KEYS = [0x71, 0x51, 3, 4];

/** Control sequences: another screen without a cursor, and back; the corner, the rest of a line, of the screen. */
const ENTER = "\x1b[?1049h\x1b[?25l";
const LEAVE = "\x1b[?25h\x1b[?1049l";
const CORNER = "\x1b[H";
const REST_OF_LINE = "\x1b[K";
const REST_OF_SCREEN = "\x1b[J";

/** The text of `top --help`. */
export const TOP_HELP: string = `Usage: ${PROGRAMS.server} top [flags]

Shows what a running server does: its rates, its busiest rooms, and readers that are slow. q ends it.
Where the output is no terminal, it prints one screen and ends.

  --ops HOST:PORT        the port for operators of the server (default ${OPS_DEFAULT})
  --api-token-file PATH  the token of its HTTP API; without it there are no rooms to see
  --seconds N            seconds between two looks (default ${USUAL_SECONDS})
`;

/** The server to look at, and the time between two looks. */
export interface TopOrder {
  /** The address of the port for operators, as `host:port`. */
  readonly from: string;
  readonly apiTokenFile: string | undefined;
  readonly seconds: number;
}

/**
 * Reads the arguments behind `top`.
 *
 * @throws {RangeError} with one line that names the flag and the value that will not do.
 */
export function takeTopOrder(args: string[]): TopOrder | "help" {
  const texts = ["ops", "api-token-file", "seconds"];
  const flags = parseArgs(joinEmptyValues(args, texts), {
    string: texts,
    boolean: ["help"],
    alias: { help: "h" },
    unknown: (argument) => {
      throw new RangeError(`Unknown argument ${JSON.stringify(argument)}: see top --help`);
    },
  });
  if (flags.help) return "help";
  const text = (name: string): string | undefined => {
    const value: unknown = flags[name];
    if (value === undefined || typeof value === "string" && value !== "") return value;
    throw new RangeError(`--${name} needs one value`);
  };
  const place = opsPlace(text("ops"));
  if (place === undefined) throw new RangeError("--ops must be HOST:PORT, not off");
  const written = text("seconds") ?? String(USUAL_SECONDS);
  const number = /^\d+$/.test(written) ? Number(written) : NaN;
  return {
    from: hostOf(place),
    apiTokenFile: text("api-token-file"),
    seconds: checkedNumber("--seconds", number, SECONDS, written),
  };
}

/** Shows what a server does, until somebody presses q. Rejects with one line where it cannot be asked. */
export async function runTop({ from, apiTokenFile, seconds }: TopOrder): Promise<void> {
  const token = apiTokenFile === undefined
    ? undefined
    : await readSecret("--api-token-file", apiTokenFile);
  const isTerminal = Deno.stdin.isTerminal() && Deno.stdout.isTerminal();
  let before = await readingOf(from, token, NO_SCREEN.rows);
  if (!isTerminal) {
    await sleep(1_000 * seconds);
    const reading = await readingOf(from, token, NO_SCREEN.rows);
    write(drawTop(reading, before, { ...NO_SCREEN, isColored: false, from }).join("\n") + "\n");
    return;
  }
  const ended = new AbortController();
  const end = () => ended.abort();
  const draw = (reading: TopReading, last: TopReading | undefined, problem?: string) => {
    const lines = drawTop(reading, last, { ...screenSize(), isColored: !Deno.noColor, from });
    if (problem !== undefined) lines[0] = problem.slice(0, screenSize().columns);
    write(CORNER + lines.map((line) => line + REST_OF_LINE).join("\r\n") + REST_OF_SCREEN);
  };
  Deno.addSignalListener("SIGTERM", end);
  Deno.stdin.setRaw(true);
  write(ENTER);
  const reader = Deno.stdin.readable.getReader();
  endAtKey(reader, end);
  try {
    draw(before, undefined);
    while (!ended.signal.aborted) {
      await sleep(1_000 * seconds, ended.signal);
      if (ended.signal.aborted) break;
      try {
        const reading = await readingOf(from, token, screenSize().rows, ended.signal);
        draw(reading, before);
        before = reading;
      } catch (error) {
        if (!ended.signal.aborted) draw(before, undefined, reasonOf(error));
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
    Deno.stdin.setRaw(false);
    write(LEAVE);
    Deno.removeSignalListener("SIGTERM", end);
  }
}

/** Asks a server for all that is shown. */
async function readingOf(
  from: string,
  token: string | undefined,
  rooms: number,
  signal?: AbortSignal,
): Promise<TopReading> {
  const ask = async (path: string, headers: Record<string, string> = {}) => {
    const late = AbortSignal.timeout(ANSWER_MS);
    try {
      return await fetch(`http://${from}${path}`, {
        headers,
        signal: signal === undefined ? late : AbortSignal.any([late, signal]),
      });
    } catch (error) {
      throw new Error(`Cannot reach http://${from}: ${reasonOf(error)}`, { cause: error });
    }
  };
  const metrics = await ask("/metrics", { accept: "text/plain" });
  if (!metrics.ok) throw new Error(`http://${from}/metrics answers with ${metrics.status}`);
  const numbers = readMetrics(await metrics.text());
  const ready = await (await ask("/readyz")).json();
  const reading = {
    at: Date.now(),
    metrics: numbers,
    ...(ready.ready === true ? {} : { unready: String(ready.message) }),
  };
  if (token === undefined) return reading;
  const limit = Math.min(1_000, Math.max(1, rooms));
  const activity = await ask(`/api/v1/activity?limit=${limit}`, {
    authorization: `Bearer ${token}`,
  });
  const answer = await activity.json().catch(() => ({}));
  if (activity.ok) return { ...reading, activity: answer };
  const why = activity.status === 404 ? "it has no API" : answer.detail ?? activity.status;
  throw new Error(`http://${from} does not tell of its rooms: ${why}`);
}

async function endAtKey(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  end: () => void,
): Promise<void> {
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done || value.some((key) => ENDING_KEYS.includes(key))) break;
    }
  } catch {
    // The terminal is gone.
  }
  end();
}

function screenSize(): { columns: number; rows: number } {
  try {
    return Deno.consoleSize();
  } catch {
    return NO_SCREEN;
  }
}

function write(text: string): void {
  let left = new TextEncoder().encode(text);
  while (left.length > 0) left = left.subarray(Deno.stdout.writeSync(left));
}
