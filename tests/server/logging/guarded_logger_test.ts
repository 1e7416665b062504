import { assertEquals } from "@std/assert";
import { guardedLogger } from "../../../src/server/logging/guarded_logger.ts";
import { LOG_LEVELS, type Logger } from "../../../src/server/logging/logger.ts";
import { pure } from "../../support/pure.ts";
import { type LogLine, recordingLogger } from "../../support/recording_logger.ts";

/** A logger that does the same with events of all levels. */
function loggerThat(fails: () => unknown): Logger {
  return { debug: fails, info: fails, warn: fails, error: fails };
}

pure("guardedLogger() hands each event on, with its fields and the logger as this", () => {
  const heard: unknown[] = [];
  const logger: Logger = {
    debug(event, fields) {
      heard.push([this === logger, "debug", event, fields]);
    },
    info: (event, fields) => void heard.push(["info", event, fields]),
    warn: (event, fields) => void heard.push(["warn", event, fields]),
    error: (event, fields) => void heard.push(["error", event, fields]),
  };
  const guarded = guardedLogger(logger);
  for (const level of LOG_LEVELS) guarded[level]("said", { level });
  assertEquals(heard, [
    [true, "debug", "said", { level: "debug" }],
    ["info", "said", { level: "info" }],
    ["warn", "said", { level: "warn" }],
    ["error", "said", { level: "error" }],
  ]);
});

for (
  const [how, fails] of [
    ["throws", () => {
      throw new Error("disk full");
    }],
    ["rejects with", () => Promise.reject(new Error("disk full"))],
  ] as const
) {
  pure(`guardedLogger() reports once what a logger ${how}, and throws nothing`, async () => {
    const lines: LogLine[] = [];
    const guarded = guardedLogger(loggerThat(fails), recordingLogger(lines).error);
    for (const level of LOG_LEVELS) guarded[level]("said");
    await Promise.resolve();
    assertEquals(lines.map(({ level, event, fields }) => [level, event, fields.error]), [
      ["error", "logger failed", "Error: disk full"],
    ]);
  });
}
