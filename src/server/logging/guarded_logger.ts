/**
 * The logger of a program around the chat, which may fail as any code of others may.
 *
 * @module
 */

import { faultOf } from "./faults.ts";
import { createLogger, LOG_LEVELS, type Logger, type LogLevel } from "./logger.ts";

/**
 * Wraps a logger so that nothing comes of what it throws or rejects with, but for one line: most
 * events are logged where an exception would end a connection or the process.
 *
 * `report` takes that line, for the first fault of all: a logger that fails once fails often.
 */
export function guardedLogger(
  logger: Logger,
  report: Logger["error"] = (event, fields) => createLogger("error", "pretty").error(event, fields),
): Logger {
  let hasFailed = false;
  function failed(error: unknown): void {
    if (hasFailed) return;
    hasFailed = true;
    report("logger failed", faultOf(error));
  }
  const guarded = (level: LogLevel): Logger[LogLevel] => (event, fields) => {
    try {
      const returned: unknown = logger[level](event, fields);
      // An async function fits the type as well.
      if (returned instanceof Promise) returned.catch(failed);
    } catch (error) {
      failed(error);
    }
  };
  return Object.fromEntries(
    LOG_LEVELS.map((level) => [level, guarded(level)]),
  ) as unknown as Logger;
}
