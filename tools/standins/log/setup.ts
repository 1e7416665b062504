/**
 * Stand-in for `@std/log/setup`. Its default logger is silent: the real one prints, but
 * Parley always brings a handler of its own.
 *
 * @module
 */
import type { BaseHandler } from "./base_handler.ts";
import { type LogConfig, Logger, type LoggerConfig } from "./logger.ts";
import { handlers, loggers } from "./_state.ts";

/** Replaces all handlers and loggers by those of `config`. */
export function setup(config: LogConfig): void {
  for (const handler of handlers.values()) handler.destroy();
  handlers.clear();
  loggers.clear();
  for (const [name, handler] of Object.entries(config.handlers ?? {})) {
    handler.setup();
    handlers.set(name, handler);
  }
  const configs: Record<string, LoggerConfig> = {
    default: {},
    ...config.loggers,
  };
  for (const [name, config] of Object.entries(configs)) {
    loggers.set(
      name,
      new Logger(name, config.level ?? "INFO", {
        handlers: (config.handlers ?? [])
          .map((name) => handlers.get(name))
          .filter((handler): handler is BaseHandler => handler !== undefined),
      }),
    );
  }
}

setup({});
