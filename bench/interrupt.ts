/**
 * Ctrl-C and the like: a benchmark that is stopped keeps what it has measured, and leaves no
 * server behind.
 *
 * @module
 */

/** While it is not disposed, signals to end do not end this process but abort `signal`. */
export class Interrupt implements Disposable {
  readonly #controller = new AbortController();
  readonly #names: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT"] : ["SIGINT", "SIGTERM"];
  readonly #stop = () => this.#controller.abort(new Error("Interrupted"));

  /** Begins to listen. */
  constructor() {
    for (const name of this.#names) Deno.addSignalListener(name, this.#stop);
  }

  /** Aborted once somebody wants this process to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Stops listening. */
  [Symbol.dispose](): void {
    for (const name of this.#names) Deno.removeSignalListener(name, this.#stop);
  }
}
