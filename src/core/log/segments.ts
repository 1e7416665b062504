/**
 * The bytes of a log: texts one behind the other with commas between them, in segments that
 * are forgotten whole.
 *
 * @module
 */

import { utf8Bytes } from "../../protocol/utf8.ts";

/** Some of the bytes. */
interface Segment {
  /** The position of its first byte, counted from the beginning of the log. */
  readonly start: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
  used: number;
}

/** The first segment of a log, in bytes, and its largest, but for a text that is larger: each has twice the size of the one before. */
const SMALLEST = 1_024;
const LARGEST = 32_768;

/** About the bytes that a segment takes besides its own: three objects, and what the runtime notes of it. */
const SEGMENT_BYTES = 400;

const COMMA = 0x2c;
const SPACE = 0x20;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Texts as bytes. Positions count from the beginning of the log, and the comma behind each text. */
export class Segments {
  /** From the oldest to the newest. Between any two of them is the position of a comma. */
  readonly #segments: Segment[] = [];
  /** The bytes of a segment that was forgotten, for the next one. */
  #spare: Uint8Array<ArrayBuffer> | undefined;
  #held = 0;

  /** The bytes for texts, used or not. */
  get held(): number {
    return this.#held;
  }

  /** About the bytes that all takes. */
  get taken(): number {
    return this.#held + SEGMENT_BYTES * this.#segments.length;
  }

  /** The position behind the oldest segment, where there is one. */
  get oldestEnd(): number | undefined {
    const [oldest] = this.#segments;
    return oldest && oldest.start + oldest.used;
  }

  /** Writes `text` behind the others, where `position` is, and returns its length in bytes. */
  write(position: number, text: string): number {
    const newest = this.#segments.at(-1);
    const written = newest && writeTo(newest, text);
    return written ?? writeTo(this.#add(position, text), text)!;
  }

  /** Reads from one position up to another, which is that of a comma, or of the end. */
  read(from: number, to: number): string {
    let i = this.#segments.length - 1;
    while (this.#segments[i]!.start > from) i--;
    let text = "";
    for (let position = from; position < to;) {
      const { start, bytes, used } = this.#segments[i++]!;
      const end = Math.min(to, start + used);
      const part = decoder.decode(bytes.subarray(position - start, end - start));
      text = position === from ? part : `${text},${part}`;
      position = end + 1;
    }
    return text;
  }

  /**
   * Writes `text`, JSON that is no longer, over the text from one position up to another. Spaces, which
   * mean nothing in JSON, take the rest of its place.
   */
  overwrite(from: number, to: number, text: string): void {
    const { start, bytes } = this.#segments.findLast((segment) => segment.start <= from)!;
    const place = bytes.subarray(from - start, to - start);
    place.fill(SPACE, encoder.encodeInto(text, place).written);
  }

  /** Forgets what lies before `position`, as far as whole segments do. */
  forget(position: number): void {
    for (let oldest; (oldest = this.#segments[0]) !== undefined;) {
      if (oldest.start + oldest.used >= position) return;
      this.dropSpare();
      // What was taken from the log before it got here shall not be in memory for longer than it is.
      this.#spare = oldest.bytes.fill(0);
      this.#segments.shift();
    }
  }

  /** Forgets all but what lies from one position up to another, and takes little more than that needs. */
  compact(from: number, to: number): void {
    const text = this.read(from, to);
    const used = utf8Bytes(text);
    // With room for some more, so that the next text does not make it be done again.
    const bytes = new Uint8Array(Math.ceil(used * 5 / 4));
    encoder.encodeInto(text, bytes);
    this.#segments.splice(0, Infinity, { start: from, bytes, used });
    this.#spare = undefined;
    this.#held = bytes.length;
  }

  /** Gives back what is kept for the next segment. */
  dropSpare(): void {
    this.#held -= this.#spare?.length ?? 0;
    this.#spare = undefined;
  }

  #add(start: number, text: string): Segment {
    const usual = Math.min(LARGEST, 2 * (this.#segments.at(-1)?.bytes.length ?? 0));
    // A UTF-16 unit is at most three bytes of UTF-8, so that few texts need a count.
    const most = text.length * 3;
    const least = most <= Math.max(SMALLEST, usual) ? most : utf8Bytes(text);
    let bytes = this.#spare;
    if (bytes === undefined || bytes.length < least) {
      this.dropSpare();
      bytes = new Uint8Array(Math.max(SMALLEST, usual, least));
      this.#held += bytes.length;
    }
    this.#spare = undefined;
    const segment = { start, bytes, used: 0 };
    this.#segments.push(segment);
    return segment;
  }
}

/** Writes a text behind what is in a segment; undefined where it does not fit. */
function writeTo(segment: Segment, text: string): number | undefined {
  const from = segment.used === 0 ? 0 : segment.used + 1;
  const { read, written } = encoder.encodeInto(text, segment.bytes.subarray(from));
  if (read < text.length) return undefined;
  if (from > 0) segment.bytes[from - 1] = COMMA;
  segment.used = from + written;
  return written;
}
