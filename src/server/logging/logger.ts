/**
 * The server's log: one line an event, on stdout or stderr, through `@std/log`. No other
 * file names that package. Bodies of messages and secrets are never given to it.
 *
 * @module
 */

import { BaseHandler } from "@std/log/base-handler";
import { type LevelName, type LogLevel as StdLevel, LogLevels } from "@std/log/levels";
import { Logger as StdLogger, LogRecord } from "@std/log/logger";
import { withDeadline } from "../../protocol/deadline.ts";
import { escapeText } from "../../protocol/escape.ts";
import { later, type Timer } from "../../timers.ts";
import { LineQueue, type LineSink } from "./line_queue.ts";
import { LogLimit } from "./log_limit.ts";

/** The levels of the log, from the most to the fewest lines. */
export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** A level of the log. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** The ways a line can look: for people, or one JSON object. */
export const LOG_FORMATS: readonly LogFormat[] = ["pretty", "json"];

/** The way a line looks. */
export type LogFormat = "pretty" | "json";

/** The fields of an event, besides its name. */
export type Fields = Record<string, string | number | boolean | undefined>;

/** Takes events; `event` is a fixed text of ours, and what others chose stands in `fields`. */
export interface Logger {
  /** Logs what is of use when looking for a fault. */
  debug(event: string, fields?: Fields): void;
  /** Logs what an operator wants to see. */
  info(event: string, fields?: Fields): void;
  /** Logs what was wrong, and was dealt with. */
  warn(event: string, fields?: Fields): void;
  /** Logs what is broken. */
  error(event: string, fields?: Fields): void;
}

/** A log that writes lines by itself. */
export interface LineLogger extends Logger {
  /** Writes a line that is no event, to stdout. */
  say(line: string): void;
  /** Tells what was held back, and resolves when all is written, or after `ms` milliseconds. */
  flush(ms: number): Promise<void>;
}

/** Where lines go: `warn` and `error` to stderr. */
export interface LogSinks {
  readonly stdout: LineSink;
  readonly stderr: LineSink;
}

const LOGGER_NAME = "parley";

const STD_LEVELS = {
  debug: "DEBUG",
  info: "INFO",
  warn: "WARN",
  error: "ERROR",
} as const satisfies Record<LogLevel, LevelName>;

/** The most lines of one event within a time in milliseconds. `debug` is for whoever wants all. */
const MOST_ALIKE = 10;
const ALIKE_MS = 10_000;

/** Makes a logger that drops everything below `level`, and never waits for whoever reads it. */
export function createLogger(
  level: LogLevel,
  format: LogFormat,
  sinks: LogSinks = Deno,
  limit: LogLimit = new LogLimit(MOST_ALIKE, ALIKE_MS),
): LineLogger {
  const handler = new QueueHandler(STD_LEVELS[level], format, sinks, limit);
  const logger = new StdLogger(LOGGER_NAME, STD_LEVELS[level], { handlers: [handler] });
  return {
    debug: (event, fields) => void logger.debug(event, fields),
    info: (event, fields) => void logger.info(event, fields),
    warn: (event, fields) => void logger.warn(event, fields),
    error: (event, fields) => void logger.error(event, fields),
    say: (line) => handler.log(line),
    flush: (ms) => handler.flush(ms),
  };
}

/** A record as one JSON object on one line. */
function formatJson(record: LogRecord): string {
  const line = {
    time: record.datetime.toISOString(),
    level: record.levelName.toLowerCase(),
    event: record.msg,
  };
  // Twice: to stand first, and to win over a field of the same name.
  return escapeText(JSON.stringify({ ...line, ...fieldsOf(record), ...line }));
}

/** A record as a line for people: time, level, event, fields. */
function formatPretty(record: LogRecord): string {
  const fields = Object.entries(fieldsOf(record))
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  const time = record.datetime.toISOString().slice(11, 23);
  return escapeText(`${time} ${record.levelName.padEnd(5)} ${record.msg}${fields.join("")}`);
}

function recordOf(level: number, msg: string, fields: Fields): LogRecord {
  return new LogRecord({ level: level as StdLevel, msg, args: [fields], loggerName: LOGGER_NAME });
}

function fieldsOf(record: LogRecord): Fields {
  const [fields] = record.args;
  return typeof fields === "object" && fields !== null ? { ...fields } : {};
}

/** Holds back what is said too often, and hands the rest to a queue for each stream. */
class QueueHandler extends BaseHandler {
  readonly #stdout: LineQueue;
  readonly #stderr: LineQueue;
  readonly #limit: LogLimit;
  #timer: Timer | undefined;

  constructor(
    level: LevelName,
    format: LogFormat,
    { stdout, stderr }: LogSinks,
    limit: LogLimit,
  ) {
    super(level, { formatter: format === "json" ? formatJson : formatPretty });
    const tellDropped = (lines: number) =>
      this.format(recordOf(LogLevels.WARN, "log lines dropped", { lines }));
    this.#stdout = new LineQueue(stdout, tellDropped);
    this.#stderr = new LineQueue(stderr, tellDropped);
    this.#limit = limit;
  }

  override handle(record: LogRecord): void {
    const now = performance.now();
    this.#tellHeldBack(now);
    const { level, msg } = record;
    if (level <= LogLevels.DEBUG || this.#limit.admits(msg, level, now)) this.#write(record);
    else this.#tellLater();
  }

  override log(line: string): void {
    this.#stdout.push(line);
  }

  async flush(ms: number): Promise<void> {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#tellHeldBack(Infinity);
    await withDeadline(ms, Promise.all([this.#stdout.flushed(), this.#stderr.flushed()]));
  }

  /** Makes sure that what is held back is told, whether or not anything else is said. */
  #tellLater(): void {
    this.#timer ??= later(() => {
      this.#timer = undefined;
      this.#tellHeldBack(performance.now());
      if (this.#limit.holdsBack) this.#tellLater();
    }, this.#limit.ms);
  }

  #tellHeldBack(now: number): void {
    for (const { event, level, count } of this.#limit.end(now)) {
      this.#write(recordOf(level, event, { more_like_this: count }));
    }
  }

  #write(record: LogRecord): void {
    const queue = record.level < LogLevels.WARN ? this.#stdout : this.#stderr;
    queue.push(this.format(record));
  }
}
