/**
 * Types for `@std/csv/parse`.
 *
 * @module
 */

/** Options for reading CSV. */
export interface ParseOptions {
  /** Character between two fields. `","` if left out. */
  separator?: string;
  /** First character of lines to be left out. */
  comment?: string;
  /** Drops white space at the start of a field. */
  trimLeadingSpace?: boolean;
  /** Allows quotes inside a field that is not quoted. */
  lazyQuotes?: boolean;
  /** Fields each record must have; 0 means as many as the first. */
  fieldsPerRecord?: number;
  /** Takes the first row for the names of the columns. */
  skipFirstRow?: boolean;
  /** Names of the columns. */
  columns?: readonly string[];
}

/** One record with named columns. */
export type RecordWithColumn<C extends string> = Record<C, string>;

/** `ParseOptions` where neither option that gives columns a name is in use. */
type Nameless = ParseOptions & {
  columns?: undefined;
  skipFirstRow?: false | undefined;
};

/** Records: objects where the columns have names, arrays where they have none. */
type Records<T> = T extends { columns: readonly (infer C extends string)[] } ? RecordWithColumn<C>[]
  : T extends { skipFirstRow: true } ? Record<string, string>[]
  : T extends Nameless ? string[][]
  : Record<string, string>[] | string[][];

/** Reads CSV. */
export function parse(input: string): string[][];
export function parse<const T extends ParseOptions>(
  input: string,
  options: T,
): Records<T>;
