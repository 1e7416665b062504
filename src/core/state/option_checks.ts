/**
 * Checks of the options that programs hand in: each error names the option and its value.
 *
 * @module
 */

/** The least and the greatest whole number that will do. */
export type Range = readonly [least: number, most: number];

/** The most characters of a value that an error shows. */
const MOST_SHOWN = 100;

/** A value in an error, in few characters whatever it is. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, MOST_SHOWN));
  const isThing = typeof value === "object" && value !== null || typeof value === "function";
  return isThing ? Object.prototype.toString.call(value) : String(value);
}

/**
 * Takes the options of a function that is called `who`, without those that are undefined.
 *
 * @throws {RangeError} where `given` is no object, or has an option that is not in `names`; its value,
 * which may be a secret with a slip in its name, is not shown.
 */
export function checkedOptions<Options extends object>(
  who: string,
  given: Options,
  names: readonly (keyof Options & string)[],
): Partial<Options> {
  const isObject = typeof given === "object" && given !== null && !Array.isArray(given);
  if (!isObject) throw new RangeError(`${who}() takes an object of options, not ${shown(given)}`);
  const known: readonly string[] = names;
  const options = Object.entries(given).filter(([, value]) => value !== undefined);
  for (const [name] of options) {
    if (!known.includes(name)) throw new RangeError(`${who}() has no option ${shown(name)}`);
  }
  return Object.fromEntries(options) as Partial<Options>;
}

/**
 * Takes a whole number in a range; an error shows it as `written`.
 *
 * @throws {RangeError} where it is something else.
 */
export function checkedNumber(
  name: string,
  value: unknown,
  [least, most]: Range,
  written: unknown = value,
): number {
  if (Number.isInteger(value) && Number(value) >= least && Number(value) <= most) {
    return Number(value);
  }
  throw new RangeError(
    `${name} must be a whole number from ${least} to ${most}, not ${shown(written)}`,
  );
}

/**
 * Takes those of the options that have a range here and were given.
 *
 * @throws {RangeError} where one is no whole number in its range.
 */
export function checkedNumbers<Name extends string>(
  options: { readonly [Option in Name]?: unknown },
  ranges: Readonly<Record<Name, Range>>,
): { [Option in Name]?: number } {
  const numbers: { [Option in Name]?: number } = {};
  for (const name of Object.keys(ranges) as Name[]) {
    const value = options[name];
    if (value !== undefined) numbers[name] = checkedNumber(name, value, ranges[name]);
  }
  return numbers;
}
