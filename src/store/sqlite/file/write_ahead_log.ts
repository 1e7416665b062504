/**
 * The file of a write-ahead log, as SQLite writes it (https://sqlite.org/walformat.html).
 *
 * @module
 */

/** The header of a log, and the one of each page in it, in bytes. */
const HEADER_BYTES = 32;
const FRAME_HEADER_BYTES = 24;

/** Offset in the header of a number that differs in each log. */
const NUMBER_AT = 16;

/** The least bytes of a log with this number of pages. */
export function leastBytesOf(pages: number, pageBytes: number): number {
  return pages > 0 ? HEADER_BYTES + pages * (FRAME_HEADER_BYTES + pageBytes) : 0;
}

/** Reads the number of a log; undefined where it is empty. */
export function numberOf(log: Deno.FsFile): number | undefined {
  const bytes = new Uint8Array(HEADER_BYTES);
  log.seekSync(0, Deno.SeekMode.Start);
  if (log.readSync(bytes) !== HEADER_BYTES) return undefined;
  return new DataView(bytes.buffer).getUint32(NUMBER_AT);
}

/** Finds the versions of the file's first page in a log, oldest first; none without the log. */
export function firstPagesIn(path: string, pageBytes: number): Uint8Array[] {
  const pages: Uint8Array[] = [];
  const log = read(path);
  const view = new DataView(log.buffer);
  const frameBytes = FRAME_HEADER_BYTES + pageBytes;
  for (let at = HEADER_BYTES; at + frameBytes <= log.length; at += frameBytes) {
    // After the pages of this log come those of an earlier one, with another salt.
    const isOfThis = view.getBigUint64(at + 8) === view.getBigUint64(NUMBER_AT);
    if (isOfThis && view.getUint32(at) === 1) {
      pages.push(log.subarray(at + FRAME_HEADER_BYTES, at + frameBytes));
    }
  }
  return pages;
}

function read(path: string): Uint8Array<ArrayBuffer> {
  try {
    return Deno.readFileSync(path);
  } catch {
    return new Uint8Array();
  }
}
