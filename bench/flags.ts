/**
 * Command lines of the benchmark programs.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { joinEmptyValues } from "../src/arguments.ts";
import { UsageError } from "./usage_error.ts";

/** A flag that takes a number. */
export interface NumberFlag {
  /** Its value unless given. */
  value: number;
  least: number;
  most: number;
  /** Fractions are allowed. */
  fraction?: boolean;
  help: string;
}

/** The flags of a program. */
export interface FlagSet<N extends string, T extends string, S extends string> {
  numbers: Record<N, NumberFlag>;
  /** Flags that take a text, with their help. */
  texts: Record<T, string>;
  /** Flags that take nothing, with their help. */
  switches: Record<S, string>;
}

/** The values of the flags that a program was given. */
export interface Flags<N extends string, T extends string, S extends string> {
  numbers: Record<N, number>;
  texts: Record<T, string | undefined>;
  switches: Record<S, boolean>;
}

/** Reads a command line. */
export function parseFlags<N extends string, T extends string, S extends string>(
  args: string[],
  set: FlagSet<N, T, S>,
): Flags<N, T, S> | "help" {
  const names = <Name extends string>(flags: Record<Name, unknown>) => Object.keys(flags) as Name[];
  const texts: string[] = [...names(set.numbers), ...names(set.texts)];
  const switches: string[] = ["help", ...names(set.switches)];
  const flags: Record<string, unknown> = parseArgs(joinEmptyValues(args, texts), {
    string: texts,
    boolean: switches,
    alias: { help: "h" },
    unknown: (argument) => {
      throw new UsageError(`Unknown argument ${JSON.stringify(argument)}: see --help`);
    },
  });
  if (flags.help) return "help";
  const text = (name: string): string | undefined => {
    const value = flags[name];
    if (value === undefined) return undefined;
    if (typeof value === "string" && value !== "") return value;
    throw new UsageError(`--${name} needs one value`);
  };
  const entries = <Name extends string, Value>(all: Name[], read: (name: Name) => Value) =>
    Object.fromEntries(all.map((name) => [name, read(name)])) as Record<Name, Value>;
  return {
    numbers: entries(names(set.numbers), (name) => numberOf(name, text(name), set.numbers[name])),
    texts: entries(names(set.texts), text),
    switches: entries(names(set.switches), (name) => flags[name] === true),
  };
}

/** Makes the text of `--help`: the usage line, then a line for each flag. */
export function helpOf(
  usage: string,
  { numbers, texts, switches }: FlagSet<string, string, string>,
): string {
  const lines = [
    ...Object.entries(numbers).map(([name, { help, value }]) => [
      `--${name} N`,
      `${help} (default ${value})`,
    ]),
    ...Object.entries(texts).map(([name, help]) => [`--${name} TEXT`, help]),
    ...Object.entries(switches).map(([name, help]) => [`--${name}`, help]),
    ["-h, --help", "this text"],
  ];
  const body = lines.map(([flag = "", help]) => `  ${flag.padEnd(18)} ${help}`).join("\n");
  return `Usage: ${usage}\n\n${body}`;
}

function numberOf(name: string, text: string | undefined, flag: NumberFlag): number {
  const { value, least, most, fraction = false } = flag;
  if (text === undefined) return value;
  const number = Number(text);
  const wellFormed = fraction ? /^\d+(\.\d+)?$/ : /^\d+$/;
  if (wellFormed.test(text) && number >= least && number <= most) return number;
  throw new UsageError(
    `--${name} must be a ${fraction ? "" : "whole "}number from ${least} to ${most}, not ${
      JSON.stringify(text)
    }`,
  );
}
