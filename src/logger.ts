// deno-lint-ignore-file no-console -- this is where the log meets the console
/**
 * The server's log: one line an event, on the console, through `@std/log`. No other
 * file names that package. Bodies of messages and secrets are never given to it.
 *
 * @module
 */

import { BaseHandler } from "@std/log/base-handler";
import type { LevelName } from "@std/log/levels";
import { Logger as StdLogger, type LogRecord } from "@std/log/logger";
import { visible } from "./visible.ts";

/** The levels of the log, from the most to the fewest lines. */
export const LOG_LEVELS: readonly LogLevel[] = ["debug", "info", "warn", "error"];

/** A level of the log. */
export type LogLevel = "debug" | "info" | "warn" | "error";

/** The ways a line can look: for people, or one JSON object. */
export const LOG_FORMATS: readonly LogFormat[] = ["pretty", "json"];

/** The way a line looks. */
export type LogFormat = "pretty" | "json";

/** What an event carries beside its name. */
export type Fields = Record<string, string | number | boolean | undefined>;

/** Takes events; `event` is a fixed text of ours, and what others chose stands in `fields`. */
export interface Logger {
  /** What is of use when looking for a fault. */
  debug(event: string, fields?: Fields): void;
  /** What an operator wants to see. */
  info(event: string, fields?: Fields): void;
  /** Something was wrong, and was dealt with. */
  warn(event: string, fields?: Fields): void;
  /** Something is broken. */
  error(event: string, fields?: Fields): void;
}

const STD_LEVELS = {
  debug: "DEBUG",
  info: "INFO",
  warn: "WARN",
  error: "ERROR",
} as const satisfies Record<LogLevel, LevelName>;

/** Makes a logger that drops everything below `level`. */
export function createLogger(level: LogLevel, format: LogFormat): Logger {
  const formatter = format === "json" ? formatJson : formatPretty;
  const handler = new SeverityHandler(STD_LEVELS[level], { formatter });
  const logger = new StdLogger("parley", STD_LEVELS[level], { handlers: [handler] });
  return {
    debug: (event, fields) => void logger.debug(event, fields),
    info: (event, fields) => void logger.info(event, fields),
    warn: (event, fields) => void logger.warn(event, fields),
    error: (event, fields) => void logger.error(event, fields),
  };
}

/** A record as one JSON object on one line. */
export function formatJson(record: LogRecord): string {
  const line = {
    time: record.datetime.toISOString(),
    level: record.levelName.toLowerCase(),
    event: record.msg,
  };
  // Twice: to stand first, and to win over a field of the same name.
  return visible(JSON.stringify({ ...line, ...fieldsOf(record), ...line }));
}

/** A record as a line for people: time, level, event, fields. */
export function formatPretty(record: LogRecord): string {
  const fields = Object.entries(fieldsOf(record))
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  const time = record.datetime.toISOString().slice(11, 23);
  return visible(`${time} ${record.levelName.padEnd(5)} ${record.msg}${fields.join("")}`);
}

function fieldsOf(record: LogRecord): Fields {
  const [fields] = record.args;
  return typeof fields === "object" && fields !== null ? { ...fields } : {};
}

/** Prints with the console function of each severity, so that what collects them sees it too. */
class SeverityHandler extends BaseHandler {
  #print: (line: string) => void = () => {};

  override handle(record: LogRecord): void {
    this.#print = PRINT[record.levelName] ?? PRINT.ERROR;
    super.handle(record);
  }

  override log(line: string): void {
    this.#print(line);
  }
}

const PRINT: Record<string, (line: string) => void> & { ERROR: (line: string) => void } = {
  DEBUG: (line) => console.debug(line),
  INFO: (line) => console.info(line),
  WARN: (line) => console.warn(line),
  ERROR: (line) => console.error(line),
};
