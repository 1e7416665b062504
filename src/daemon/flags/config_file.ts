/**
 * The configuration file of the server: what its flags take, as JSON. A flag beats the environment,
 * which beats the file.
 *
 * @module
 */

import { LISTS, VALUE_FLAGS } from "./flags.ts";

/** The flags that a variable of the environment beats in the file. */
const BY_VARIABLE: Record<string, readonly string[]> = {
  CHAT_PORT: ["port"],
  CHAT_HOST: ["hostname", "host"],
  CHAT_STORE: ["store"],
};

/** Takes `--config PATH` out of arguments; of several the last one counts. */
export function takeConfigFlag(args: readonly string[]): { path?: string; rest: string[] } {
  const rest: string[] = [];
  let path: string | undefined;
  for (let i = 0; i < args.length; i++) {
    const argument = args[i]!;
    if (argument === "--config") path = args[++i] ?? "";
    else if (argument.startsWith("--config=")) path = argument.slice("--config=".length);
    else rest.push(argument);
  }
  if (path === "") throw new RangeError("--config needs one value");
  return path === undefined ? { rest } : { path, rest };
}

/**
 * Makes arguments of a configuration, to stand before those of the command line `args`. What these or
 * the environment say is left out.
 *
 * @throws {RangeError} with one line that names the key and the value that will not do.
 */
export function argumentsOf(
  path: string,
  text: string,
  args: readonly string[],
  env: Readonly<Record<string, string | undefined>>,
): string[] {
  let config: unknown;
  try {
    config = JSON.parse(text);
  } catch (cause) {
    throw new RangeError(`${path} is no JSON: ${(cause as Error).message}`, { cause });
  }
  if (typeof config !== "object" || config === null || Array.isArray(config)) {
    throw new RangeError(`${path} must be a JSON object`);
  }
  const beaten = new Set(
    Object.entries(BY_VARIABLE).flatMap(([variable, flags]) => env[variable] ? flags : []),
  );
  const given = (name: string) =>
    args.some((argument) => argument === `--${name}` || argument.startsWith(`--${name}=`));
  return Object.entries(config).flatMap(([name, value]) => {
    if (!VALUE_FLAGS.includes(name)) {
      throw new RangeError(`${path}: ${JSON.stringify(name)} is no flag with a value: see --help`);
    }
    const isList = (LISTS as readonly string[]).includes(name);
    const values: unknown[] = isList && Array.isArray(value) ? value : [value];
    const texts = values.map((item) => {
      if (typeof item === "string" || typeof item === "number") return `--${name}=${item}`;
      const wanted = isList ? "strings" : "a string or a number";
      throw new RangeError(`${path}: ${name} must be ${wanted}, not ${JSON.stringify(item)}`);
    });
    return beaten.has(name) || given(name) ? [] : texts;
  });
}
