// This module runs in browsers.

/**
 * The place where an outbox is kept: in the IndexedDB of a browser, or in memory.
 *
 * @module
 */

/** A message that is not in the log of its room, as far as the outbox knows. */
export interface KeptMessage {
  /** Its number in the outbox; it only grows. */
  readonly id: number;
  /** The room that it is for. */
  readonly roomId: string;
  /** The text. */
  readonly body: string;
  /** Fields of its frame, for an answer or a change: `SendOptions.fields`. */
  readonly fields?: Record<string, unknown>;
  /** When it was written, in milliseconds since 1970, by the clock of this machine. */
  readonly writtenAt: number;
  /**
   * - `waiting`: it was never sent.
   * - `sending`: it is on its way, or was when the program ended.
   * - `failed`: it is certainly not in the log; `reason` says why. It waits for a person.
   * - `doubt`: it may be in the log, and nobody knows. It waits for a person.
   */
  readonly state: "waiting" | "sending" | "failed" | "doubt";
  /** The reason why it failed, in words. */
  readonly reason?: string;
  /** The first sending of it. */
  readonly attempt?: SendAttempt;
}

/** The sending of a message: its client, its number, and the entry that it stands behind. */
export interface SendAttempt {
  /** The id of the client that sent it. */
  readonly clientId: string;
  /** Its number among the messages of that client. */
  readonly n: number;
  /** The life of the room's log. */
  readonly epoch: string;
  /** The `seq` of the last entry that the client had: the message has a greater one. */
  readonly after: number;
}

/** A change of what is kept: all of it is made, or nothing. */
export interface OutboxChange {
  /** The session that a later program goes on with. */
  session?: string;
  /** Messages as they are now. */
  put?: readonly KeptMessage[];
  /** The `id` of messages that are gone. */
  remove?: readonly number[];
}

/** Everything that is kept. */
export interface KeptOutbox {
  /** The session to go on with, where there is one. */
  session?: string;
  /** In the order of their `id`. */
  messages: KeptMessage[];
}

/** A place to keep an outbox. Its promises resolve when the browser has taken the change. */
export interface OutboxStore {
  /** Reads everything. */
  load(): Promise<KeptOutbox>;
  /** Adds a message, and resolves with its `id`. */
  add(message: Omit<KeptMessage, "id">): Promise<number>;
  /** Makes a change. */
  change(change: OutboxChange): Promise<void>;
}

/** Adds a message that was never sent to what is kept in a place, and resolves with it once it is kept. */
export async function addWaiting(
  store: OutboxStore,
  { roomId, body, fields, writtenAt }: {
    roomId: string;
    body: string;
    fields: Record<string, unknown> | undefined;
    writtenAt: number;
  },
): Promise<KeptMessage> {
  const message = {
    ...{ roomId, body, writtenAt, state: "waiting" as const },
    ...(fields && { fields }),
  };
  return { ...message, id: await store.add(message) };
}

/** Makes a place in memory, which ends with the program. */
export function memoryOutboxStore(): OutboxStore {
  const messages = new Map<number, KeptMessage>();
  let last = 0;
  let session: string | undefined;
  return {
    load: () => Promise.resolve({ ...(session && { session }), messages: [...messages.values()] }),
    add(message) {
      messages.set(++last, { ...message, id: last });
      return Promise.resolve(last);
    },
    change({ session: given = session, put = [], remove = [] }) {
      session = given;
      for (const message of put) messages.set(message.id, message);
      for (const id of remove) messages.delete(id);
      return Promise.resolve();
    },
  };
}

/** The part of IndexedDB that is used; its types are not among those of every platform. */
interface Requested<Result> {
  result: Result;
  error: Error | null;
  onsuccess: (() => void) | null;
  onerror: (() => void) | null;
}
interface Table {
  add(value: unknown): Requested<number>;
  put(value: unknown, key?: string): Requested<unknown>;
  delete(key: number): Requested<unknown>;
  get(key: string): Requested<unknown>;
  getAll(): Requested<unknown[]>;
}
interface Transacting {
  objectStore(name: string): Table;
  /** Ends it without waiting for another turn, which a page that ends does not have. */
  commit(): void;
  oncomplete: (() => void) | null;
  onabort: (() => void) | null;
  error: Error | null;
}
interface Database {
  transaction(tables: string[], mode: "readonly" | "readwrite"): Transacting;
  createObjectStore(name: string, options?: { keyPath: string; autoIncrement: true }): unknown;
}
interface Opened extends Requested<Database> {
  onupgradeneeded: (() => void) | null;
}

const TABLES = ["messages", "state"];

/**
 * Opens a place in IndexedDB under a name, as one for each server. Tabs may read and add at once.
 *
 * @throws {Error} where the browser keeps nothing, as some private windows do.
 */
export async function indexedDbOutboxStore(name: string): Promise<OutboxStore> {
  const { indexedDB } = globalThis as unknown as {
    indexedDB: { open(name: string, version: number): Opened };
  };
  const opened = indexedDB.open(name, 1);
  opened.onupgradeneeded = () => {
    opened.result.createObjectStore("messages", { keyPath: "id", autoIncrement: true });
    opened.result.createObjectStore("state");
  };
  const database = await resultOf(opened);
  const run = <Result>(
    mode: "readonly" | "readwrite",
    work: (messages: Table, state: Table) => Result,
  ): Promise<Result> =>
    new Promise((resolve, reject) => {
      const transaction = database.transaction(TABLES, mode);
      transaction.onabort = () => reject(transaction.error);
      const result = work(transaction.objectStore("messages"), transaction.objectStore("state"));
      transaction.oncomplete = () => resolve(result);
      transaction.commit();
    });
  return {
    async load() {
      const [all, session] = await run("readonly", (messages, state) => [
        messages.getAll(),
        state.get("session"),
      ]);
      const messages = all!.result as KeptMessage[];
      return { messages, ...(session!.result ? { session: session!.result as string } : {}) };
    },
    async add(message) {
      return (await run("readwrite", (messages) => messages.add(message))).result;
    },
    async change({ session, put = [], remove = [] }) {
      await run("readwrite", (messages, state) => {
        for (const message of put) messages.put(message);
        for (const id of remove) messages.delete(id);
        if (session !== undefined) state.put(session, "session");
      });
    },
  };
}

function resultOf<Result>(request: Requested<Result>): Promise<Result> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
}
