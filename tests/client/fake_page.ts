/**
 * A page around a client, as far as the client looks at it: events of the window and the
 * document, and whether anybody sees it.
 *
 * @module
 */

/** Until it is disposed of, clients that are made take it for theirs. */
export class FakePage implements Disposable {
  readonly #window = new EventTarget();
  readonly #document = Object.assign(new EventTarget(), { visibilityState: "visible" });
  readonly #addEventListener = globalThis.addEventListener;

  constructor() {
    const addEventListener = this.#window.addEventListener.bind(this.#window);
    Object.assign(globalThis, { document: this.#document, addEventListener });
  }

  /** Something happens to the window. */
  window(type: string, fields: Record<string, unknown> = {}): void {
    this.#window.dispatchEvent(Object.assign(new Event(type), fields));
  }

  /** Something happens to the document. */
  document(type: string): void {
    this.#document.dispatchEvent(new Event(type));
  }

  /** Somebody looks at it, or nobody does. */
  show(visibilityState: "visible" | "hidden"): void {
    this.#document.visibilityState = visibilityState;
    this.document("visibilitychange");
  }

  [Symbol.dispose](): void {
    Object.assign(globalThis, { addEventListener: this.#addEventListener });
    Reflect.deleteProperty(globalThis, "document");
  }
}
