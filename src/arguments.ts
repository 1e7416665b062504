/**
 * Arguments of a command line, for all programs.
 *
 * @module
 */

/**
 * Puts an empty value to the flag before it, as in `--name ""`: alone, it would be taken for an
 * argument of its own. `flags` are the names of those that take a value.
 */
export function joinEmptyValues(args: string[], flags: readonly string[]): string[] {
  const takesValue = (argument = "") => flags.some((name) => argument === `--${name}`);
  return args.flatMap((argument, i) => {
    if (argument === "" && takesValue(args[i - 1])) return [];
    return [takesValue(argument) && args[i + 1] === "" ? `${argument}=` : argument];
  });
}
