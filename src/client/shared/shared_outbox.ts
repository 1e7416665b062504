// This module runs in browsers.

/**
 * The outbox that the tabs of a browser share, as each of them sees it. The tab that leads sends what
 * is in it; the others add to it, and read what is kept.
 *
 * @module
 */

import {
  addWaiting,
  type KeptMessage,
  type OutboxChange,
  type OutboxStore,
} from "../outbox_store.ts";
import type { TabWord } from "./shared_words.ts";

/** A message of the log, as far as an outbox looks at it. */
export interface Witnessed {
  /** The id of the room. */
  roomId: string;
  /** The client id of the author. */
  from: string;
  /** Its place in the log. */
  seq: number;
  /** The life of that log. */
  epoch: string;
}

/** An outbox of all tabs. */
export class SharedOutbox {
  readonly #store: OutboxStore;
  readonly #say: (word: TabWord) => void;
  #messages: readonly KeptMessage[] = [];
  #reading: Promise<void> | undefined;
  #isStale = false;
  /** Called after each change of {@linkcode messages}. */
  onchange: () => void = () => {};

  /** Made by `SharedConnection` only. */
  constructor(store: OutboxStore, say: (word: TabWord) => void) {
    this.#store = store;
    this.#say = say;
  }

  /** The messages of all tabs that are not in a log, in the order in which they were written. */
  get messages(): readonly KeptMessage[] {
    return this.#messages;
  }

  /**
   * Keeps a message; the tab that leads sends it as soon as that can be. Resolves with its `id` once
   * it is kept. The parameters are those of `OfflineOutbox.add`.
   */
  async add(
    roomId: string,
    body: string,
    fields?: Record<string, unknown>,
    writtenAt: number = Date.now(),
  ): Promise<number> {
    const message = await addWaiting(this.#store, { roomId, body, fields, writtenAt });
    this.#messages = [...this.#messages, message];
    this.onchange();
    this.added();
    return message.id;
  }

  /** Tells that something was added to the place where the outbox is kept. */
  added(): void {
    this.#say({ type: "added" });
  }

  /** Has a message that failed, or is in doubt, sent as a new one. */
  retry(id: number): Promise<void> {
    this.#say({ type: "retry", id });
    return Promise.resolve();
  }

  /** Has a message dropped that is not on its way, and resolves with it. */
  discard(id: number): Promise<KeptMessage | undefined> {
    const message = this.#messages.find((message) => message.id === id);
    if (message === undefined || message.state === "sending") return Promise.resolve(undefined);
    this.#say({ type: "discard", id });
    return Promise.resolve(message);
  }

  /** Looks at a message of the log: see `OfflineOutbox.witness`. */
  witness({ roomId, from, seq, epoch }: Witnessed): Promise<void> {
    if (this.#messages.some(({ state }) => state === "doubt")) {
      this.#say({ type: "witness", message: { roomId, from, seq, epoch } });
    }
    return Promise.resolve();
  }

  /** Reads what is kept, which may have changed; resolves once it is read. */
  read(): Promise<void> {
    this.#isStale = true;
    return this.#reading ??= this.#readAll();
  }

  async #readAll(): Promise<void> {
    try {
      while (this.#isStale) {
        this.#isStale = false;
        this.#messages = (await this.#store.load()).messages;
        this.onchange();
      }
    } catch {
      // A page that ends reads no more; another change has it read again.
    } finally {
      this.#reading = undefined;
    }
  }
}

/** A place that takes no more changes once it is given away: they are those of another tab. */
export class LentStore implements OutboxStore {
  readonly #store: OutboxStore;
  #isOver = false;
  /** Called after each change of it. */
  changed: () => void;

  /** Lends a place; `changed` is called after each change of it. */
  constructor(store: OutboxStore, changed: () => void = () => {}) {
    this.#store = store;
    this.changed = changed;
  }

  /** Gives it away. What is added is still kept, as nobody else has it. */
  end(): void {
    this.#isOver = true;
  }

  load() {
    return this.#store.load();
  }

  async add(message: Omit<KeptMessage, "id">): Promise<number> {
    const id = await this.#store.add(message);
    this.changed();
    return id;
  }

  async change(change: OutboxChange): Promise<void> {
    if (this.#isOver) return;
    await this.#store.change(change);
    this.changed();
  }
}
