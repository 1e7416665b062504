/**
 * A store under test, with a record of what it reports.
 *
 * @module
 */

import { deepStrictEqual } from "node:assert/strict";
import type {
  OpenStore,
  Store,
  StoredClient,
  StoredRoom,
  StoreEvents,
  StoreOptions,
} from "../../core/store/store.ts";
import { type Deferred, deferred } from "../../protocol/deadline.ts";
import type { ChatError } from "../../protocol/errors.ts";
import type { Draft, MemberInfo } from "../../protocol/frames.ts";
import type { ModerationDraft } from "../../protocol/moderation.ts";

/** The time that a report may take unless it is said, in milliseconds: for slow machines. */
const PATIENCE_MS = 10_000;

/** Somebody who comes back, and says nothing of its messages. */
const BACK = { isHere: () => true };

/** The options of a store under test. Nothing is too old: the drafts are from 1970. */
const OPTIONS: StoreOptions = {
  logEntries: 100,
  logBytes: 100_000,
  logAgeMs: 1e15,
  graceMs: 30_000,
};

/** Hears nothing of what a store reports. */
export const IGNORE: StoreEvents = {
  stored: () => {},
  moderated: () => {},
  repeated: () => {},
  refused: () => {},
  failing: () => {},
  troubled: () => {},
  relayed: () => {},
  orphaned: () => {},
  taken: () => {},
  read: () => {},
  revoked: () => {},
  gone: () => {},
};

/** The outcome of a draft. */
export type Report =
  | { type: "stored"; roomId: string }
  | { type: "repeated"; draft: Draft; seq: number }
  | { type: "refused"; draft: Draft; error: ChatError };

/** A store with a record of what it reported. */
export class StoreBench implements AsyncDisposable {
  /** The store; another one after `reopen`. */
  store: Store;
  /** Its reports about drafts. */
  reports: Report[] = [];
  /** The moderation that it reported, with the `seq` of each. */
  moderated: [draft: ModerationDraft, seq: number][] = [];
  /** Called when it reports that something is stored. */
  onStored: () => void = () => {};
  readonly #open: OpenStore;
  readonly #options: StoreOptions;
  readonly #patienceMs: number;
  #next: Deferred<void> | undefined;

  /** Opens a store; each of its reports may take `patienceMs`. */
  constructor(open: OpenStore, options: Partial<StoreOptions> = {}, patienceMs = PATIENCE_MS) {
    this.#open = open;
    this.#options = { ...OPTIONS, ...options };
    this.#patienceMs = patienceMs;
    this.store = this.#opened();
  }

  /** Closes the store and opens it again, as another process would. */
  async reopen(): Promise<void> {
    await this.store.close();
    this.reports = [];
    this.moderated = [];
    this.store = this.#opened();
  }

  /** Waits until there are `count` reports: they need not come from within the call they are about. */
  async reported(count: number): Promise<void> {
    while (this.reports.length < count) {
      const { length } = this.reports;
      this.#next = deferred(`Report ${length + 1} of ${count} of the store`, this.#patienceMs);
      await this.#next.promise;
    }
    deepStrictEqual(this.reports.length, count);
  }

  /** Appends and returns the report about it. */
  async append(roomId: string, draft: Draft): Promise<Report> {
    const before = this.reports.length;
    this.store.append(roomId, draft);
    await this.reported(before + 1);
    return this.reports[before]!;
  }

  /** Finds a client of an earlier process, as a server does when it starts, or when the client comes. */
  async known(clientId: string): Promise<StoredClient | undefined> {
    const { clients, bus } = this.store;
    return clients?.remembered?.().find(({ id }) => id === clientId) ??
      await bus?.recall(clientId, BACK);
  }

  /** Closes the store. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.store.close();
  }

  #opened(): Store {
    const report = (what: Report) => {
      this.reports.push(what);
      this.#next?.resolve();
    };
    return this.#open({
      ...IGNORE,
      stored: (roomId) => {
        this.onStored();
        report({ type: "stored", roomId });
      },
      moderated: (_roomId, draft, seq) => this.moderated.push([draft, seq]),
      repeated: (draft, seq) => report({ type: "repeated", draft, seq }),
      refused: (draft, error) => report({ type: "refused", draft, error }),
    }, this.#options);
  }
}

/** The members of a room at the head of its log. */
export function membersOf({ roster }: StoredRoom): MemberInfo[] {
  return [...roster.members.values()];
}

/** The texts of the entries that a room keeps. */
export function textsOf({ log }: StoredRoom): string[] {
  return Array.from({ length: log.size }, (_, i) => log.at(i).text);
}

/** The entries that a room keeps. */
export function entriesOf(
  room: StoredRoom,
): { seq: number; n?: number; body?: string; from: string }[] {
  return textsOf(room).map((text) => JSON.parse(text));
}
