/**
 * Stand-in for `@std/log/logger`.
 *
 * @module
 */
import type { BaseHandler } from "./base_handler.ts";
import {
  getLevelByName,
  getLevelName,
  type LevelName,
  type LogLevel,
  LogLevels,
} from "./levels.ts";

/** Any function. */
export type GenericFunction = (...args: never[]) => unknown;

/** Parts of a {@linkcode LogRecord}. */
export interface LogRecordOptions {
  /** The message as text. */
  msg: string;
  /** Further arguments of the call. */
  args: unknown[];
  /** Severity. */
  level: LogLevel;
  /** Name of the logger. */
  loggerName: string;
}

/** Settings of one logger; `handlers` are names of {@linkcode LogConfig}. */
export class LoggerConfig {
  /** `"INFO"` if left out. */
  level?: LevelName;
  /** Names of the handlers its records go to. */
  handlers?: string[];
}

/** Settings for `setup`. */
export interface LogConfig {
  /** Handlers by name. */
  handlers?: { [name: string]: BaseHandler };
  /** Loggers by name. */
  loggers?: { [name: string]: LoggerConfig };
}

/** One call of a logger. */
export class LogRecord {
  /** The message as text. */
  readonly msg: string;
  /** Severity. */
  readonly level: number;
  /** Severity as a name. */
  readonly levelName: string;
  /** Name of the logger. */
  readonly loggerName: string;
  readonly #args: unknown[];
  readonly #datetime: number;

  /** A record of now. */
  constructor(options: LogRecordOptions) {
    this.msg = options.msg;
    this.level = options.level;
    this.levelName = getLevelName(options.level);
    this.loggerName = options.loggerName;
    this.#args = [...options.args];
    this.#datetime = Date.now();
  }

  /** Further arguments of the call, as a copy. */
  get args(): unknown[] {
    return [...this.#args];
  }

  /** When the call was made, as a copy. */
  get datetime(): Date {
    return new Date(this.#datetime);
  }
}

/** Options of {@linkcode Logger}. */
export interface LoggerOptions {
  /** None if left out. */
  handlers?: BaseHandler[];
}

/** A message as text, in the format of the real package. */
function asText(data: unknown, quoted = false): string {
  if (typeof data === "string") return quoted ? `"${data}"` : data;
  if (typeof data === "function") return "undefined";
  if (data instanceof Error) return data.stack ?? `${data}`;
  if (typeof data !== "object" || data === null) return String(data);
  const fields = Object.entries(data)
    .map(([key, value]) => `"${key}":${asText(value, true)}`);
  return `{${fields.join(",")}}`;
}

type Message<T> = T extends GenericFunction ? never : T;

/** Hands what it is given to its handlers, if that is severe enough. */
export class Logger {
  /** Where records go. */
  handlers: BaseHandler[];
  readonly #loggerName: string;
  #level: LogLevel;

  /** A logger that drops records below `levelName`. */
  constructor(
    loggerName: string,
    levelName: LevelName,
    options: LoggerOptions = {},
  ) {
    this.#loggerName = loggerName;
    this.#level = getLevelByName(levelName);
    this.handlers = options.handlers ?? [];
  }

  /** Records below it are dropped. */
  get level(): LogLevel {
    return this.#level;
  }

  set level(level: LogLevel) {
    this.levelName = getLevelName(level);
  }

  /** Name of {@linkcode level}. */
  get levelName(): LevelName {
    return getLevelName(this.#level);
  }

  set levelName(levelName: LevelName) {
    this.#level = getLevelByName(levelName);
  }

  /** Name of the logger. */
  get loggerName(): string {
    return this.#loggerName;
  }

  /** A function as `msg` is called only if its result is logged. */
  #log<T>(
    level: LogLevel,
    msg: Message<T> | (() => T),
    args: unknown[],
  ): T | undefined {
    const wanted = level >= this.#level;
    const result = msg instanceof Function ? (wanted ? msg() : undefined) : msg;
    if (!wanted) return result;
    const record = new LogRecord({
      msg: asText(result),
      args,
      level,
      loggerName: this.#loggerName,
    });
    for (const handler of this.handlers) handler.handle(record);
    return result;
  }

  /** Logs at level DEBUG. */
  debug<T>(msg: () => T, ...args: unknown[]): T | undefined;
  debug<T>(msg: Message<T>, ...args: unknown[]): T;
  debug<T>(msg: Message<T> | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.DEBUG, msg, args);
  }

  /** Logs at level INFO. */
  info<T>(msg: () => T, ...args: unknown[]): T | undefined;
  info<T>(msg: Message<T>, ...args: unknown[]): T;
  info<T>(msg: Message<T> | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.INFO, msg, args);
  }

  /** Logs at level WARN. */
  warn<T>(msg: () => T, ...args: unknown[]): T | undefined;
  warn<T>(msg: Message<T>, ...args: unknown[]): T;
  warn<T>(msg: Message<T> | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.WARN, msg, args);
  }

  /** Logs at level ERROR. */
  error<T>(msg: () => T, ...args: unknown[]): T | undefined;
  error<T>(msg: Message<T>, ...args: unknown[]): T;
  error<T>(msg: Message<T> | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.ERROR, msg, args);
  }

  /** Logs at level CRITICAL. */
  critical<T>(msg: () => T, ...args: unknown[]): T | undefined;
  critical<T>(msg: Message<T>, ...args: unknown[]): T;
  critical<T>(msg: Message<T> | (() => T), ...args: unknown[]): T | undefined {
    return this.#log(LogLevels.CRITICAL, msg, args);
  }
}
