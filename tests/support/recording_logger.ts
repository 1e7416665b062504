/**
 * A logger that keeps what it is told.
 *
 * @module
 */

import type { Logger } from "../../src/server/logger.ts";

/** One line that a chat logged. */
export interface LogLine {
  level: string;
  event: string;
  fields: Record<string, unknown>;
}

/** A logger that keeps its lines in `lines`. */
export function recordingLogger(lines: LogLine[]): Logger {
  const record = (level: string) => (event: string, fields = {}) =>
    void lines.push({ level, event, fields });
  return {
    debug: record("debug"),
    info: record("info"),
    warn: record("warn"),
    error: record("error"),
  };
}
