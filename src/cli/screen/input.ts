// This module runs in browsers: it needs no Deno.

/**
 * Input piece by piece, with a notice of silence.
 *
 * @module
 */

/** A piece of input, or why there is none: the time is over, `wake` was called, or it has ended. */
export type Piece = Uint8Array | "silence" | "woken" | "end";

/** A reader that can wait for input for a limited time without losing any. */
export class Input {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  /** The read that is still waiting for input. */
  #reading: Promise<Piece> | undefined;
  #wake: () => void = () => {};

  /** Makes the only reader of `input`. */
  constructor(input: ReadableStream<Uint8Array>) {
    this.#reader = input.getReader();
  }

  /** Waits for the next piece, at most `silenceMs` milliseconds. One caller at a time. */
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

  /** Makes `next` return at once. */
  wake(): void {
    this.#wake();
  }

  /** Reads no more. */
  cancel(): void {
    // An input that has failed need not be cancelled.
    this.#reader.cancel().catch(() => {});
  }
}
