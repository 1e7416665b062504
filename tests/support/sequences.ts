/**
 * The common parts of the sequences of `testdata/sequences.json`: openings, variables, and patterns
 * of frames.
 *
 * @module
 */

import file from "../testdata/sequences.json" with { type: "json" };

const OPENINGS: Readonly<Record<string, readonly unknown[]>> = file.openings;

/** The steps of a sequence behind those of its opening, if it has one. */
export function allSteps<Step>(
  { opening, steps }: { opening?: string; steps: readonly Step[] },
): Step[] {
  if (opening === undefined) return [...steps];
  const before = OPENINGS[opening];
  if (before === undefined) throw new RangeError(`There is no opening "${opening}"`);
  return [...before as Step[], ...steps];
}

/** Values by the names of their variables, which begin with `$`. */
export class Variables {
  #values = new Map<string, unknown>();

  /** A value in which each variable is replaced by what it stands for. */
  fill(value: unknown): unknown {
    if (isVariable(value)) {
      if (!this.#values.has(value)) throw new RangeError(`${value} has no value yet`);
      return this.#values.get(value);
    }
    if (Array.isArray(value)) return value.map((item) => this.fill(item));
    if (!isObject(value)) return value;
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, this.fill(item)]));
  }

  /**
   * Compares a value with a pattern. Where nothing differs, what stands where a variable had no
   * value is its value from now on, and undefined is returned; else what differs, in words.
   */
  compare(pattern: unknown, value: unknown): string | undefined {
    const before = new Map(this.#values);
    const difference = this.#compare(pattern, value, "it");
    if (difference !== undefined) this.#values = before;
    return difference;
  }

  #compare(pattern: unknown, value: unknown, where: string): string | undefined {
    if (isVariable(pattern) && !this.#values.has(pattern)) {
      if (value === undefined) return `${where} is missing`;
      this.#values.set(pattern, value);
      return undefined;
    }
    if (pattern === null) {
      return value === undefined ? undefined : `${where} is there: ${JSON.stringify(value)}`;
    }
    if (Array.isArray(pattern)) {
      if (!Array.isArray(value) || value.length !== pattern.length) {
        return `${where} is ${JSON.stringify(value)}, not a list of ${pattern.length}`;
      }
      return pattern.map((item, i) => this.#compare(item, value[i], `${where}[${i}]`))
        .find((difference) => difference !== undefined);
    }
    if (isObject(pattern)) {
      if (!isObject(value)) return `${where} is ${JSON.stringify(value)}, not an object`;
      return Object.entries(pattern)
        .map(([key, item]) => this.#compare(item, value[key], `${where}.${key}`))
        .find((difference) => difference !== undefined);
    }
    const wanted = this.fill(pattern);
    return wanted === value
      ? undefined
      : `${where} is ${JSON.stringify(value)}, not ${JSON.stringify(wanted)}`;
  }
}

/** The text that a mark in a step stands for. */
export interface Fill {
  mark: string;
  with: string;
  times: number;
}

/** A step in which the mark is replaced, if there is one. */
export function withoutMark<Step extends { fill?: Fill }>(step: Step): Step {
  const { fill } = step;
  if (fill === undefined) return step;
  const { mark, with: unit, times } = fill;
  return JSON.parse(JSON.stringify({ ...step, fill: undefined }).replace(mark, unit.repeat(times)));
}

function isVariable(value: unknown): value is string {
  return typeof value === "string" && value.startsWith("$");
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
