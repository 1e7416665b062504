/**
 * The CSV files a benchmark leaves behind, written as streams.
 *
 * @module
 */

import { CsvStringifyStream } from "@std/csv/stringify-stream";

/** One delivery, and the columns of `latency_results.csv`; times in seconds since 1970. */
export const DELIVERY_COLUMNS = [
  "msg_id",
  "sender_id",
  "receiver_id",
  "send_time",
  "receive_time",
  "scheduled_time",
  "latency_ms",
  "seq",
] as const;

/** A row: a value for each column. */
export type Row<Column extends string> = Record<Column, string | number>;

/** Lines are written together once there is this much of them, in UTF-16 units. */
const CHUNK_CHARS = 65_536;

/** A CSV file that is being written. */
export class CsvFile<Column extends string> {
  readonly #writer: WritableStreamDefaultWriter<Record<string, unknown>>;
  readonly #written: Promise<void>;
  #failure: unknown;

  /** Makes a file, or rejects where it cannot be made. */
  static async create<Column extends string>(
    path: string,
    columns: readonly Column[],
  ): Promise<CsvFile<Column>> {
    const file = await Deno.open(path, { write: true, create: true, truncate: true });
    return new CsvFile(file.writable, columns);
  }

  private constructor(sink: WritableStream<Uint8Array>, columns: readonly Column[]) {
    const rows = new CsvStringifyStream({ columns: [...columns] as string[] });
    this.#written = rows.readable
      .pipeThrough(together())
      .pipeThrough(new TextEncoderStream())
      .pipeTo(sink);
    this.#written.catch((error) => this.#failure ??= error);
    this.#writer = rows.writable.getWriter();
  }

  /**
   * Adds a row. It does not wait: the rows of a run come at the pace of a schedule, and a
   * wait here would be measured. Throws once writing has failed.
   */
  add(row: Row<Column>): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.#writer.write(row).catch((error) => this.#failure ??= error);
  }

  /** Writes what is left. Rejects if anything could not be written. */
  async close(): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#written;
  }
}

/** Writes a whole file of a few rows. */
export async function writeCsv<Column extends string>(
  path: string,
  columns: readonly Column[],
  rows: readonly Row<Column>[],
): Promise<void> {
  const file = await CsvFile.create(path, columns);
  for (const row of rows) file.add(row);
  await file.close();
}

/** Puts lines together: a write to a file costs the same for one as for a thousand. */
function together(): TransformStream<string, string> {
  let text = "";
  return new TransformStream({
    transform(line, controller) {
      text += line;
      if (text.length < CHUNK_CHARS) return;
      controller.enqueue(text);
      text = "";
    },
    flush(controller) {
      if (text !== "") controller.enqueue(text);
    },
  });
}
