/**
 * A logger that keeps what it is told.
 *
 * @module
 */

import type { Logger } from "../../src/server/logging/logger.ts";
import { hasSecret } from "./secrets.ts";

/** One line that a chat logged. */
export interface LogLine {
  level: string;
  event: string;
  fields: Record<string, unknown>;
}

/**
 * A logger that keeps its lines in `lines`. A line with a secret in it, of whatever level, fails the
 * test that is running: nobody catches what is thrown then.
 */
export function recordingLogger(lines: LogLine[]): Logger {
  const record = (level: string) => (event: string, fields = {}) => {
    const line = { level, event, fields };
    lines.push(line);
    const text = JSON.stringify(line);
    if (!hasSecret(text)) return;
    setTimeout(() => {
      throw new Error(`A secret is in the log: ${text}`);
    });
  };
  return {
    debug: record("debug"),
    info: record("info"),
    warn: record("warn"),
    error: record("error"),
  };
}
