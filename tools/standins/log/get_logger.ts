/**
 * Stand-in for `@std/log/get-logger`.
 *
 * @module
 */
import { Logger } from "./logger.ts";
import { loggers } from "./_state.ts";

export type { Logger };

/** The logger of that name; one without handlers if it was not set up. */
export function getLogger(name?: string): Logger {
  let logger = loggers.get(name || "default");
  if (logger === undefined) {
    if (!name) {
      throw new Error(
        `"default" logger must be set for getting logger without name`,
      );
    }
    logger = new Logger(name, "NOTSET");
    loggers.set(name, logger);
  }
  return logger;
}
