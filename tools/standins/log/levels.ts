/**
 * Stand-in for `@std/log/levels`.
 *
 * @module
 */

/** Levels by name; a higher number is more severe. */
export const LogLevels = {
  NOTSET: 0,
  DEBUG: 10,
  INFO: 20,
  WARN: 30,
  ERROR: 40,
  CRITICAL: 50,
} as const;

/** Name of a level. */
export type LevelName = keyof typeof LogLevels;

/** Number of a level. */
export type LogLevel = typeof LogLevels[LevelName];

/** Names of all levels, the least severe first. */
export const LogLevelNames: LevelName[] = [
  "NOTSET",
  "DEBUG",
  "INFO",
  "WARN",
  "ERROR",
  "CRITICAL",
];

/** Throws an `Error` if there is no such level. */
export function getLevelByName(name: LevelName): LogLevel {
  if (!Object.hasOwn(LogLevels, name)) {
    throw new Error(`Cannot get log level: no level named ${name}`);
  }
  return LogLevels[name];
}

/** Throws an `Error` if there is no such level. */
export function getLevelName(level: LogLevel): LevelName {
  const name = LogLevelNames.find((name) => LogLevels[name] === level);
  if (name === undefined) {
    throw new Error(`Cannot get log level: no name for level: ${level}`);
  }
  return name;
}
