/**
 * Types for `@std/csv/stringify`.
 *
 * @module
 */

/** Key or index of one property. */
export type PropertyAccessor = number | string;

/** A column with a header of its own. */
export type ColumnDetails = {
  /** First line of the column; the last accessor if left out. */
  header?: string;
  /** Where the value is found in an item. */
  prop: PropertyAccessor | PropertyAccessor[];
};

/** A column: an accessor, a path of them, or both with a header. */
export type Column = ColumnDetails | PropertyAccessor | PropertyAccessor[];

/** One line of the output. */
export type DataItem = Readonly<Record<string, unknown> | unknown[]>;

/** Options for writing CSV. */
export type StringifyOptions = {
  /** Writes the names of the columns as the first line. True if left out. */
  headers?: boolean;
  /** Character between two fields. `","` if left out. */
  separator?: string;
  /** The columns of each item; needed for objects. */
  columns?: readonly Column[];
  /** Starts the output with a byte order mark. */
  bom?: boolean;
};

/** Writes CSV with CRLF line ends. */
export function stringify(
  data: readonly DataItem[],
  options?: StringifyOptions,
): string;
