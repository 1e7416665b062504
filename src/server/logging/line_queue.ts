/**
 * Lines on their way to a stream that may stand still: a pipe that nobody reads, a terminal
 * after Ctrl-S. The console would wait for it, and stop the whole process, signals included.
 *
 * @module
 */

/** The most characters that wait. */
const MOST_WAITING = 262_144;

/** The bytes that a pipe takes as a whole: lines of two streams that lead to the same pipe do not mix (PIPE_BUF). */
const PIPE_BUF = 4_096;

/** A stream that lines are written to, like `Deno.stdout`, which does not stop the event loop. */
export interface LineSink {
  /** Writes some of the bytes, and resolves with how many. */
  write(bytes: Uint8Array): Promise<number>;
}

/** A bounded queue of lines. What does not fit is dropped and counted; nothing here blocks or throws. */
export class LineQueue {
  readonly #sink: LineSink;
  readonly #tellDropped: (lines: number) => string;
  readonly #encoder = new TextEncoder();
  readonly #waiting: string[] = [];
  #waitingChars = 0;
  #dropped = 0;
  #writing: Promise<void> | undefined;

  /** Makes an empty queue; `tellDropped` words the line that stands where some are missing. */
  constructor(sink: LineSink, tellDropped: (lines: number) => string) {
    this.#sink = sink;
    this.#tellDropped = tellDropped;
  }

  /** Adds a line. Once one was dropped, so are all up to where the queue is empty again. */
  push(line: string): void {
    if (this.#dropped > 0 || this.#waitingChars + line.length > MOST_WAITING) {
      this.#dropped++;
    } else {
      this.#waiting.push(line);
      this.#waitingChars += line.length;
    }
    this.#writing ??= this.#write().finally(() => this.#writing = undefined);
  }

  /** Resolves when all lines are written or dropped, which may be never. */
  async flushed(): Promise<void> {
    await this.#writing;
  }

  async #write(): Promise<void> {
    // What else is said in this turn is written with it.
    await undefined;
    while (this.#waiting.length > 0 || this.#dropped > 0) {
      const { text, lines } = this.#next();
      const bytes = this.#encoder.encode(text);
      try {
        for (let i = 0; i < bytes.length;) i += await this.#sink.write(bytes.subarray(i));
      } catch {
        // Nobody reads any more, or the disk is full. It is tried again with the next line.
        this.#dropped += lines;
        return;
      }
    }
  }

  /** Takes out what to write next, and how many lines are lost if that fails. */
  #next(): { text: string; lines: number } {
    if (this.#waiting.length === 0) {
      const lines = this.#dropped;
      this.#dropped = 0;
      return { text: `${this.#tellDropped(lines)}\n`, lines };
    }
    let text = "";
    let lines = 0;
    for (const line of this.#waiting) {
      if (lines > 0 && text.length + line.length >= PIPE_BUF) break;
      text += `${line}\n`;
      lines++;
    }
    this.#waiting.splice(0, lines);
    this.#waitingChars -= text.length - lines;
    return { text, lines };
  }
}
