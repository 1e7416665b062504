/**
 * Types for `@std/csv/parse-stream`.
 *
 * @module
 */
import type { parse, ParseOptions } from "./parse.d.ts";

/** Options for reading CSV. */
export type CsvParseStreamOptions = ParseOptions;

/** One record, as {@linkcode parse} gives it for the same options. */
type Row<T> = T extends ParseOptions ? ReturnType<typeof parse<T>>[number]
  : string[];

/** Turns text, in pieces of any size, into records. */
export class CsvParseStream<
  const T extends CsvParseStreamOptions | undefined = undefined,
> implements TransformStream<string, Row<T>> {
  constructor(options?: T);
  get readable(): ReadableStream<Row<T>>;
  get writable(): WritableStream<string>;
}
