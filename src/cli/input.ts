// This module runs in browsers: it needs no Deno.

/**
 * Input piece by piece, with a notice of silence.
 *
 * @module
 */

/** A piece of input, or the reason for none: nothing came within the time, a call of `wake`, or the end. */
export type Piece = Uint8Array | "silence" | "woken" | "end";

/** A reader that can wait for input for a limited time, and loses nothing by that. */
export class Input {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** The read that was begun and has brought nothing yet. */
  #reading: Promise<Piece> | undefined;
  #wake: () => void = () => {};

  /** Makes a reader that has the input for itself. */
  constructor(input: ReadableStream<Uint8Array>) {
    this.#reader = input.getReader();
  }

  /** Waits for the next piece, for `silenceMs` milliseconds at the most. One caller at a time. */
  async next(silenceMs = Infinity): Promise<Piece> {
    this.#reading ??= this.#reader.read().then(({ value, done }) => done ? "end" : value);
    const { promise, resolve } = Promise.withResolvers<Piece>();
    this.#wake = () => resolve("woken");
    const timer = silenceMs < Infinity
      ? setTimeout(() => resolve("silence"), silenceMs)
      : undefined;
    const piece = await Promise.race([this.#reading, promise]);
    clearTimeout(timer);
    if (piece !== "silence" && piece !== "woken") this.#reading = undefined;
    return piece;
  }

  /** Lets `next` return at once. */
  wake(): void {
    this.#wake();
  }

  /** Reads no more. */
  cancel(): void {
    // What has failed need not be cancelled.
    this.#reader.cancel().catch(() => {});
  }
}
