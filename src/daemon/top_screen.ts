// This module is pure: no sockets, no clock, no Deno.

/**
 * The screen of `top`: numbers in, lines out.
 *
 * @module
 */

import { escapeText } from "../protocol/escape.ts";
import { labelOf, quantileBetween, type Scraped, sumOf } from "./scrape.ts";

/** A room as the HTTP API tells of it. */
export interface TopRoom {
  readonly room_id: string;
  readonly name: string;
  readonly members: number;
  readonly here: number;
  readonly slow: number;
  readonly behind: number;
  readonly entries: number;
}

/** All that is known at one moment. */
export interface TopReading {
  /** The moment, in milliseconds since 1970. */
  readonly at: number;
  readonly metrics: Scraped;
  /** The rooms; undefined where there is no token to ask for them with. */
  readonly activity?: {
    readonly seconds: number;
    readonly slow: number;
    readonly rooms: readonly TopRoom[];
  };
  /** The reason why newcomers are to be sent elsewhere; undefined where it is ready. */
  readonly unready?: string;
}

/** The screen to draw on. */
export interface TopScreen {
  readonly columns: number;
  readonly rows: number;
  /** `true` where control sequences for colours may be used. */
  readonly isColored: boolean;
  /** The port for operators, as it is shown. */
  readonly from: string;
}

/** The columns before the name of a room, by their heads; rates are of entries in a second. */
const HEADS = ["entries/s", "members", "here", "slow", "behind"] as const;

/** The width of a room's id, and those of the numbers. */
const ID_COLUMNS = 19;
const NUMBER_COLUMNS = [9, 7, 7, 6, 8];

/** Draws a reading, with rates since the one before. No line is wider than the screen. */
export function drawTop(
  reading: TopReading,
  before: TopReading | undefined,
  screen: TopScreen,
): string[] {
  const { columns, rows, isColored } = screen;
  const strong = (line: string) => isColored ? `\x1b[1m${line}\x1b[22m` : line;
  const red = (line: string) => isColored ? `\x1b[31m${line}\x1b[39m` : line;
  const lines = [
    strong(cut(titleOf(reading, screen), columns)),
    ...reading.unready === undefined
      ? []
      : [red(cut(`Not ready: ${escapeText(reading.unready)}`, columns))],
    ...totalsOf(reading, before).flatMap((items) => wrapItems(items, columns)),
    "",
  ];
  const { activity } = reading;
  if (activity === undefined) {
    lines.push(cut("For its rooms, give --api-token-file", columns));
    return lines.slice(0, rows);
  }
  lines.push(strong(cut(rowOf("room", HEADS, "name"), columns)));
  for (const room of activity.rooms.slice(0, Math.max(0, rows - lines.length))) {
    const { seconds } = activity;
    const rate = seconds > 0 ? decimal(room.entries / seconds) : "–";
    const numbers = [rate, ...[room.members, room.here, room.slow, room.behind].map(whole)];
    const line = cut(rowOf(room.room_id, numbers, escapeText(room.name)), columns);
    lines.push(room.slow > 0 ? red(line) : line);
  }
  return lines.slice(0, rows);
}

function titleOf({ at, metrics }: TopReading, { from }: TopScreen): string {
  const started = sumOf(metrics, "process_start_time_seconds");
  const version = labelOf(metrics, "parley_build_info", "version") ?? "";
  const store = labelOf(metrics, "parley_build_info", "store") ?? "";
  const time = new Date(at).toISOString().slice(11, 19);
  return `Parley ${version}, ${store}, up ${duration(at / 1_000 - started)}  ${from}  ${time} UTC`;
}

/** Lines of items about all of the server. */
function totalsOf(reading: TopReading, before: TopReading | undefined): string[][] {
  const { metrics, activity, at } = reading;
  const seconds = before === undefined ? 0 : (at - before.at) / 1_000;
  const now = (name: string) => sumOf(metrics, name);
  const rate = (name: string) =>
    seconds > 0 ? Math.max(0, now(name) - sumOf(before!.metrics, name)) / seconds : undefined;
  const each = (name: string, what: string) => {
    const found = rate(name);
    return `${found === undefined ? "–" : decimal(found)} ${what}/s`;
  };
  const bytes = (name: string) => {
    const found = rate(name);
    return found === undefined ? "– B/s" : `${size(found)}/s`;
  };
  const quantile = (name: string, part: number) =>
    time(quantileBetween(before?.metrics, metrics, name, part));
  const delay = "parley_delivery_delay_seconds";
  const cores = rate("process_cpu_seconds_total");
  return [
    [
      `${whole(now("parley_connections"))} connections`,
      `${whole(now("parley_rooms"))} rooms`,
      `${whole(now("parley_members"))} members`,
      `${whole(now("parley_clients_away"))} away`,
      ...activity === undefined ? [] : [`${whole(activity.slow)} slow readers`],
    ],
    [
      each("parley_entries_total", "entries"),
      each("parley_deliveries_total", "deliveries"),
      `in ${each("parley_frames_received_total", "frames")} ${
        bytes("parley_received_bytes_total")
      }`,
      `out ${each("parley_frames_sent_total", "frames")} ${bytes("parley_sent_bytes_total")}`,
    ],
    [
      `delivered in ${quantile(delay, 0.5)} (p99 ${quantile(delay, 0.99)})`,
      `event loop late by ${quantile("parley_event_loop_delay_seconds", 0.9)} (p90)`,
      `${cores === undefined ? "–" : whole(100 * cores)} % CPU`,
      `${size(now("process_resident_memory_bytes"))} memory`,
    ],
    [
      each("parley_errors_total", "errors"),
      each("parley_gaps_total", "gaps"),
      each("parley_connections_refused_total", "refused"),
      `store ${now("parley_store_up") === 1 ? "works" : "fails"}, ${
        whole(now("parley_store_pending"))
      } waiting`,
    ],
  ];
}

/** Puts items on lines, as many as there is place for. */
function wrapItems(items: readonly string[], columns: number): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    const longer = last === undefined ? item : `${last}   ${item}`;
    if (last === undefined || longer.length > columns) lines.push(cut(item, columns));
    else lines[lines.length - 1] = longer;
  }
  return lines;
}

function rowOf(id: string, numbers: readonly string[], name: string): string {
  const cells = numbers.map((text, i) => text.padStart(NUMBER_COLUMNS[i]!));
  return [id.padEnd(ID_COLUMNS), ...cells, ` ${name}`].join(" ");
}

/** Shortens a line to the columns of a screen; a character beyond ASCII may take two. */
function cut(line: string, columns: number): string {
  let left = columns;
  let kept = "";
  for (const character of line) {
    left -= character.codePointAt(0)! < 0x250 || character === "–" ? 1 : 2;
    if (left < 0) break;
    kept += character;
  }
  return kept;
}

function whole(number: number): string {
  return Math.round(number).toLocaleString("en");
}

function decimal(number: number): string {
  return number < 10 ? number.toFixed(1) : whole(number);
}

function size(bytes: number): string {
  const units = ["B", "kB", "MB", "GB"];
  let unit = 0;
  while (bytes >= 1_000 && unit < units.length - 1) {
    bytes /= 1_000;
    unit++;
  }
  return `${unit === 0 ? whole(bytes) : decimal(bytes)} ${units[unit]}`;
}

function time(seconds: number | undefined): string {
  if (seconds === undefined) return "–";
  if (seconds === Infinity) return "over 10 s";
  return seconds < 1 ? `${Number((seconds * 1_000).toPrecision(3))} ms` : `${seconds} s`;
}

function duration(seconds: number): string {
  const minutes = Math.floor(seconds / 60);
  if (minutes < 1) return `${Math.max(0, Math.floor(seconds))} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 1) return `${minutes} min`;
  return hours < 48 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} days`;
}
