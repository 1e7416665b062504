/**
 * Types for `@std/csv/stringify-stream`.
 *
 * @module
 */

/** Options for writing CSV. */
export interface CsvStringifyStreamOptions {
  /** Character between two fields. `","` if left out. */
  readonly separator?: string;
  /** Keys written of each object, and the first line. */
  readonly columns?: Array<string>;
}

/** Turns objects (with `columns`) or arrays (without) into lines of CSV. */
export class CsvStringifyStream<TOptions extends CsvStringifyStreamOptions> extends TransformStream<
  TOptions["columns"] extends Array<string> ? Record<string, unknown>
    : Array<unknown>,
  string
> {
  constructor(options?: TOptions);
}
