/**
 * Files of lines, which are read and written a piece at a time.
 *
 * @module
 */

import { MAX_LINE_CHARS } from "../../core/store/archive_format.ts";

/** Bytes that are read or written at a time. */
const PIECE_BYTES = 65_536;

/**
 * Reads the lines of a file in UTF-8, without their ends.
 *
 * @throws {RangeError} where the file is not UTF-8, or a line too long.
 */
export function* linesOf(path: string): Generator<string> {
  using file = Deno.openSync(path);
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const buffer = new Uint8Array(PIECE_BYTES);
  let rest = "";
  let count = 0;
  for (let read = file.readSync(buffer); read !== null; read = file.readSync(buffer)) {
    let text: string;
    try {
      text = decoder.decode(buffer.subarray(0, read), { stream: true });
    } catch {
      throw new RangeError(`line ${count + 1} or one soon behind it is not UTF-8`);
    }
    const lines = (rest + text).split("\n");
    rest = lines.pop()!;
    for (const line of lines) {
      count++;
      yield line;
    }
    if (rest.length > MAX_LINE_CHARS) {
      throw new RangeError(`line ${count + 1} is longer than ${MAX_LINE_CHARS} characters`);
    }
  }
  if (rest !== "") yield rest;
}

/** Writes lines to a new file that only this user can read, or to the output where its name is `-`. */
export class LineWriter implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile | undefined;
  readonly #encoder = new TextEncoder();
  #waiting: string[] = [];
  #length = 0;

  /** Makes the file. Throws where there is one of that name. */
  constructor(path: string) {
    this.#path = path;
    this.#file = path === "-"
      ? undefined
      : Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
  }

  /** Writes a line. */
  write(line: string): void {
    this.#waiting.push(line);
    this.#length += line.length;
    if (this.#length >= PIECE_BYTES) this.#flush();
  }

  /** Ends the lines: they are on the disk when this returns. */
  end(): void {
    this.#flush();
    this.#file?.syncSync();
  }

  /** Removes the file, as it is not whole. */
  remove(): void {
    if (this.#file !== undefined) Deno.removeSync(this.#path);
  }

  [Symbol.dispose](): void {
    this.#file?.close();
  }

  #flush(): void {
    if (this.#waiting.length === 0) return;
    const bytes = this.#encoder.encode(`${this.#waiting.join("\n")}\n`);
    this.#waiting = [];
    this.#length = 0;
    const output = this.#file ?? Deno.stdout;
    for (let written = 0; written < bytes.length;) {
      written += output.writeSync(bytes.subarray(written));
    }
  }
}
