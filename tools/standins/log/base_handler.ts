/**
 * Stand-in for `@std/log/base-handler`.
 *
 * @module
 */
import { getLevelByName, getLevelName, type LevelName, type LogLevel } from "./levels.ts";
import type { LogRecord } from "./logger.ts";

export type { LevelName, LogLevel, LogRecord };

/** Turns a record into what {@linkcode BaseHandler.log} is given. */
export type FormatterFunction = (logRecord: LogRecord) => string;

/** Options of {@linkcode BaseHandler}. */
export interface BaseHandlerOptions {
  /** `LEVEL message` if left out. */
  formatter?: FormatterFunction;
}

/** Where records go; subclasses say how by {@linkcode log}. */
export abstract class BaseHandler {
  /** Turns a record into text. */
  formatter: FormatterFunction;
  #level: LogLevel;

  /** Handles records of this level and above. */
  constructor(levelName: LevelName, options?: BaseHandlerOptions) {
    this.#level = getLevelByName(levelName);
    this.formatter = options?.formatter ??
      ((record) => `${record.levelName} ${record.msg}`);
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

  /** Logs the record unless it is below {@linkcode level}. */
  handle(logRecord: LogRecord): void {
    if (logRecord.level >= this.#level) this.log(this.format(logRecord));
  }

  /** Text of a record. */
  format(logRecord: LogRecord): string {
    return this.formatter(logRecord);
  }

  /** Puts the text where it belongs. */
  abstract log(msg: string): void;

  /** Called when the handler comes into use. */
  setup(): void {}

  /** Called when the handler goes out of use. */
  destroy(): void {}

  /** The same as {@linkcode destroy}. */
  [Symbol.dispose](): void {
    this.destroy();
  }
}
