// This module is pure: no sockets, no clock, no Deno.

/**
 * Drafts of clients that a remote store has not answered yet. One message of each client is on its
 * way at a time: so its messages keep their order whatever fails, on whichever node it is.
 *
 * @module
 */

import { MemoryBound } from "../../core/limits/memory_bound.ts";
import { judge } from "../../core/state/numbers.ts";
import { unitsOf } from "../../core/limits/rate_limit.ts";
import type { StoreEvents } from "../../core/store/store.ts";
import { ChatError, roomGone } from "../../protocol/errors.ts";
import type { Draft } from "../../protocol/frames.ts";
import { DedupWindow, MAX_WINDOW_BYTES } from "../dedup_window.ts";
import { allIdle, becomeIdle, type Busy } from "./idle.ts";
import { idOf } from "./message_ids.ts";

/** The outcome of a draft that was published. */
export type Published =
  /** It is in the log at `seq`; with `duplicate`, it was there before this attempt. */
  | { type: "stored"; seq: number; duplicate: boolean }
  /** This attempt has certainly not stored it. */
  | { type: "refused"; error: ChatError }
  /** It may be stored or not. */
  | { type: "unknown" };

/** Calls of the queues to their store. */
export interface PublishQueueActions extends Pick<StoreEvents, "repeated" | "refused"> {
  /** Says whether a room is open here. */
  isOpen(roomId: string): boolean;
  /** The reason why the author of a draft may not write it; undefined where it may, for all that is known here. */
  denied(roomId: string, draft: Draft): ChatError | undefined;
  /** Says whether a client is certainly at this node. Drafts of others are not published. */
  isHere(clientId: string): boolean;
  /** Publishes a draft under an id that makes it stored once; calls `done` once, later. */
  publish(roomId: string, draft: Draft, id: string, done: (outcome: Published) => void): void;
  /** Looks up the `seq` of the message with an id, 0 if none is found; calls `done` once, later. */
  find(id: string, done: (seq: number) => void): void;
}

/** The most UTF-16 units of waiting drafts, over all clients. More are refused. */
export const MAX_WAITING_CHARS = 67_108_864;

/** The UTF-16 units that a draft costs besides its body, roughly. */
const ENVELOPE_CHARS = 128;

/** Milliseconds for which one draft is tried: fewer than the store remembers ids. */
export const TRY_FOR_MS = 60_000;

/** Milliseconds after which a client may repeat what was refused for now. */
const RETRY_AFTER_MS = 500;

/** The most clients elsewhere whose last number is known; those seen last are kept longest. */
export const MAX_SEEN = 10_000;

const CANNOT_WRITE = "The log cannot be written now";

interface Waiting {
  readonly roomId: string;
  readonly draft: Draft;
  readonly id: string;
  /** The id under which it was published: it stays the same, so that it is stored once. */
  publishedAs?: string;
}

/** The queue of one client, and the numbers of its stored messages. */
class Client implements Busy {
  readonly id: string;
  /** Its messages that are known to be stored; undefined until there are any. */
  dedup: DedupWindow | undefined;
  /** The number up to which messages that `dedup` lacks may be stored, by any node. */
  doubtUpTo = 0;
  /** Its drafts, oldest first. */
  readonly waiting: Waiting[] = [];
  /** The `seq` of its newest message that is void; 0 where there is none. */
  voidAt = 0;
  /** `true` while the first draft is on its way. */
  underway = false;
  /** The time since which the first draft is in doubt, on the monotonic clock in milliseconds. */
  doubtSince: number | undefined;
  /** `true` where the client is to be forgotten once it is idle. */
  leaving = false;
  /** Called once none of its drafts waits. */
  readonly whenIdle: (() => void)[] = [];

  constructor(id: string) {
    this.id = id;
  }
}

/** The queues of all clients of a node. */
export class PublishQueue {
  readonly #actions: PublishQueueActions;
  readonly #clients = new Map<string, Client>();
  /** The last numbers of clients elsewhere, should they come; those seen last are last. */
  readonly #seen = new Map<string, number>();
  readonly #memory = new MemoryBound(MAX_WINDOW_BYTES);
  #chars = 0;
  #pending = 0;
  #available = false;
  #now = 0;

  /** Makes empty queues; nothing is published before the store is `available`. */
  constructor(actions: PublishQueueActions) {
    this.#actions = actions;
  }

  /** Queues a draft, to be published under `id`. Its outcome is reported at once or later. */
  append(roomId: string, draft: Draft, id: string): void {
    const { from } = draft;
    // Nobody has announced it here, but its words were seen: the host of another node says one again.
    if (draft.n > 0 && !this.#clients.has(from) && this.#seen.has(from)) this.stored(from, 0);
    const known = this.#clients.get(from);
    if (this.#isAnswered(known, draft, false)) return;
    // Refused only at its turn, it would take back a repeat that its author has sent meanwhile.
    const place = judge(draft.n, lastAccepted(known));
    if (place instanceof ChatError) return this.#actions.refused(draft, place);
    if (this.#chars + charsOf(draft) > MAX_WAITING_CHARS) {
      this.#refuseNow(known, draft, "Too much waits to be stored");
      return;
    }
    const client = this.#clientOf(from);
    client.leaving = false;
    client.waiting.push({ roomId, draft, id });
    this.#chars += charsOf(draft);
    this.#pending++;
    this.#advance(client);
  }

  /**
   * Notes that a client has come. Its messages up to `n` are stored, or to a greater number that
   * was seen, and perhaps those up to `doubtUpTo`.
   */
  stored(clientId: string, n: number, doubtUpTo = 0): void {
    const client = this.#clientOf(clientId);
    client.leaving = false;
    client.doubtUpTo = doubtUpTo;
    const last = Math.max(n, this.#seen.get(clientId) ?? 0);
    this.#seen.delete(clientId);
    if (last <= (client.dedup?.last ?? -1)) return;
    client.dedup?.close();
    client.dedup = new DedupWindow(last, this.#memory);
  }

  /** Believes a client that its messages up to `n` are stored, where they may be. */
  goesOn(clientId: string, n: number): void {
    const client = this.#clients.get(clientId);
    if (client !== undefined && n <= client.doubtUpTo) this.stored(clientId, n, client.doubtUpTo);
  }

  /**
   * Hands over a client to another node, and refuses its drafts that are not on their way. Resolves
   * once none is any more, with the number of its last stored message; undefined where that is in
   * doubt.
   */
  handOver(clientId: string): Promise<number | undefined> {
    const client = this.#clients.get(clientId);
    if (client !== undefined) this.#refuseRest(client);
    // The client may be forgotten by then.
    return (this.settled(clientId) ?? Promise.resolve()).then(() => certainLast(client));
  }

  /** Notes that message `n` of a client was seen in a log, at `seq`. */
  seen(from: string, n: number, seq: number): void {
    const client = this.#clients.get(from);
    if (client?.dedup === undefined) return this.#note(from, n);
    if (n <= client.dedup.last) return;
    client.dedup.add(n, seq);
    if (client.waiting[0]?.draft.n === n) this.#finishFirst(client);
  }

  /**
   * Notes that a message of a client stands at `seq` and is void: it counts for nothing, and the
   * number goes to another one, under another id. Its author is told the `error`; without one, its
   * draft is published again.
   */
  voided(from: string, n: number, seq: number, error?: ChatError): void {
    const client = this.#clients.get(from);
    if (client === undefined) return;
    client.voidAt = Math.max(client.voidAt, seq);
    const [first] = client.waiting;
    if (first?.draft.n !== n) return;
    if (error === undefined) delete first.publishedAs;
    else {
      this.#refuse(client, error);
      this.#advance(client);
    }
  }

  /** Returns the number of a client's last message that is known to be stored; 0 if none is. */
  lastOf(clientId: string): number {
    return this.#clients.get(clientId)?.dedup?.last ?? 0;
  }

  /** Returns the same, or undefined where a newer one may be stored, or may still be. */
  certainLastOf(clientId: string): number | undefined {
    return certainLast(this.#clients.get(clientId));
  }

  /** Resolves when no draft of a client, or of any, waits; undefined where none does now. */
  settled(clientId?: string): Promise<void> | undefined {
    const busy = (clientId === undefined ? [...this.#clients.keys()] : [clientId])
      .filter((id) => this.holds(id));
    return allIdle(busy.map((id) => this.#clientOf(id)));
  }

  /** Says whether a draft of a client waits. */
  holds(clientId: string): boolean {
    return (this.#clients.get(clientId)?.waiting.length ?? 0) > 0;
  }

  /** The number of drafts that wait for their outcome, of all clients. */
  get pending(): number {
    return this.#pending;
  }

  /** The number of clients that are known. */
  get size(): number {
    return this.#clients.size;
  }

  /** `true` while the store can be reached; else all drafts not on their way are refused. */
  set available(available: boolean) {
    this.#available = available;
    for (const client of this.#clients.values()) this.#advance(client);
  }

  /** Publishes drafts in doubt again, at the monotonic time `now` in ms. Call it regularly. */
  tick(now: number): void {
    this.#now = now;
    for (const client of this.#clients.values()) {
      if (client.doubtSince === undefined) continue;
      if (now - client.doubtSince >= TRY_FOR_MS) {
        const { n } = client.waiting[0]!.draft;
        client.doubtUpTo = Math.max(client.doubtUpTo, n);
        this.#refuse(client, unavailable("Nobody knows whether this is stored"), true);
        this.#advance(client);
      } else if (this.#available && !client.underway) {
        this.#publish(client);
      }
    }
  }

  /** Drops the `seq`s of a client's older messages. */
  trim(clientId: string): void {
    this.#clients.get(clientId)?.dedup?.trim();
  }

  /** Forgets a client once none of its drafts waits. */
  forget(clientId: string): void {
    const client = this.#clients.get(clientId);
    if (client === undefined) return;
    client.leaving = true;
    this.#advance(client);
  }

  #note(clientId: string, n: number): void {
    const before = this.#seen.get(clientId) ?? 0;
    this.#seen.delete(clientId);
    this.#seen.set(clientId, Math.max(n, before));
    if (this.#seen.size <= MAX_SEEN) return;
    const [oldest = ""] = this.#seen.keys();
    this.#seen.delete(oldest);
  }

  #clientOf(id: string): Client {
    let client = this.#clients.get(id);
    if (client === undefined) {
      client = new Client(id);
      this.#clients.set(id, client);
    }
    return client;
  }

  /** Answers or publishes the first draft, until one is on its way. */
  #advance(client: Client): void {
    const isFree = () => !client.underway && client.doubtSince === undefined;
    while (client.waiting.length > 0 && isFree()) this.#begin(client);
    if (client.doubtSince !== undefined || !this.#canPublish(client)) this.#refuseRest(client);
    if (client.waiting.length > 0) return;
    becomeIdle(client);
    // A client without a stored message needs no record: nodes also announce clients that are gone.
    if (!client.leaving && client.dedup !== undefined) return;
    client.dedup?.close();
    this.#clients.delete(client.id);
    // The client has seen this number in the logs here, and may come back with a smaller one.
    if (client.dedup !== undefined) this.#note(client.id, client.dedup.last);
  }

  /** Says whether drafts of a client can be published now. */
  #canPublish({ id }: Client): boolean {
    return this.#available && this.#actions.isHere(id);
  }

  /** Refuses all drafts after the first: none overtakes it, and none waits for its outcome. */
  #refuseRest(client: Client): void {
    const [first, ...rest] = client.waiting;
    if (rest.length === 0) return;
    // Repeats of the first wait for its answer: a refusal would free a number that may be stored.
    const isRepeat = ({ draft: { n } }: Waiting) => n > 0 && n === first?.draft.n;
    client.waiting.splice(1, rest.length, ...rest.filter(isRepeat));
    for (const waiting of rest) {
      if (isRepeat(waiting)) continue;
      this.#chars -= charsOf(waiting.draft);
      this.#pending--;
      this.#refuseNow(client, waiting.draft, CANNOT_WRITE);
    }
  }

  /** Refuses a draft that is not queued, for now; a stored one is answered instead. */
  #refuseNow(client: Client | undefined, draft: Draft, why: string): void {
    if (!this.#isAnswered(client, draft, true)) this.#actions.refused(draft, unavailable(why));
  }

  /** Answers a stored draft if its `seq` is known, or `anyway`; says whether it did. */
  #isAnswered(
    { dedup }: { dedup?: DedupWindow | undefined } = {},
    draft: Draft,
    anyway: boolean,
  ): boolean {
    const { n } = draft;
    if (n === 0 || dedup === undefined || n > dedup.last) return false;
    const seq = dedup.seqOf(n);
    // Its `seq` is not known: another node has stored it, or it was too long ago.
    if (seq === 0 && dedup.isRecent(n) && !anyway) return false;
    this.#actions.repeated(draft, seq);
    return true;
  }

  #begin(client: Client): void {
    const { roomId, draft } = client.waiting[0]!;
    const { n } = draft;
    if (n > 0) {
      const dedup = client.dedup ??= new DedupWindow(0, this.#memory);
      if (this.#isAnswered(client, draft, !this.#available)) {
        this.#remove(client);
        return;
      }
      const place = judge(n, dedup.last);
      if (place === "repeat") return this.#find(client);
      if (place !== "next") return this.#refuse(client, place);
      if (!this.#actions.isOpen(roomId)) {
        this.#refuse(client, roomGone());
        return;
      }
    }
    const denied = this.#actions.denied(roomId, draft);
    if (denied !== undefined) return this.#refuse(client, denied);
    if (this.#canPublish(client)) this.#publish(client);
    else this.#refuse(client, unavailable());
  }

  /** Looks up the `seq` of the first draft, which another node has stored. */
  #find(client: Client): void {
    const first = client.waiting[0]!;
    client.underway = true;
    this.#actions.find(first.id, (seq) => {
      // It may have turned out void meanwhile.
      if (client.waiting[0] !== first) return;
      this.#actions.repeated(first.draft, seq);
      this.#finishFirst(client);
    });
  }

  #publish(client: Client): void {
    const first = client.waiting[0]!;
    client.underway = true;
    const done = (outcome: Published) => {
      const { draft } = first;
      // It may have been seen in the log, or been given up meanwhile.
      if (client.waiting[0] !== first) return;
      switch (outcome.type) {
        case "stored":
          // Another node, where its author has been meanwhile, may have stored more.
          if (client.dedup !== undefined && draft.n > client.dedup.last) {
            client.dedup.add(draft.n, outcome.seq);
          }
          if (outcome.duplicate && draft.n > 0) this.#actions.repeated(draft, outcome.seq);
          this.#finishFirst(client);
          break;
        case "refused":
          // An earlier attempt may have stored it all the same.
          if (client.doubtSince !== undefined) {
            if (outcome.error.code !== "too_large") client.underway = false;
            else this.#actions.find(first.publishedAs ?? first.id, (seq) => done(foundAt(seq)));
            break;
          }
          // Another node, where its author has been meanwhile, may have stored it.
          if (this.#isAnswered(client, draft, true)) this.#remove(client);
          else this.#refuse(client, outcome.error);
          this.#advance(client);
          break;
        case "unknown":
          client.underway = false;
          client.doubtSince ??= this.#now;
          this.#advance(client);
          break;
        default:
          outcome satisfies never;
      }
    };
    first.publishedAs ??= client.voidAt > 0 && first.draft.n > 0
      ? idOf(first.draft, client.voidAt)
      : first.id;
    this.#actions.publish(first.roomId, first.draft, first.publishedAs, done);
  }

  #finishFirst(client: Client): void {
    this.#remove(client);
    this.#advance(client);
  }

  #refuse(client: Client, error: ChatError, doubtful = false): void {
    const { draft } = client.waiting[0]!;
    this.#remove(client);
    this.#actions.refused(draft, error, doubtful);
  }

  #remove(client: Client): void {
    const first = client.waiting.shift()!;
    this.#chars -= charsOf(first.draft);
    this.#pending--;
    client.underway = false;
    client.doubtSince = undefined;
  }
}

/** The outcome of a message that was looked up: found at `seq`, or not at all, with 0. */
function foundAt(seq: number): Published {
  return seq > 0 ? { type: "stored", seq, duplicate: true } : { type: "unknown" };
}

function certainLast(client: Client | undefined): number | undefined {
  const last = client?.dedup?.last ?? 0;
  if (client === undefined) return last;
  return client.doubtUpTo > last || client.waiting.length > 0 ? undefined : last;
}

/** The number of a client's last message that is stored or waits. */
function lastAccepted(client: Client | undefined): number {
  const waiting = client?.waiting.findLast(({ draft }) => draft.n > 0);
  return Math.max(client?.dedup?.last ?? 0, waiting?.draft.n ?? 0);
}

function charsOf(draft: Draft): number {
  return ENVELOPE_CHARS + ("event" in draft ? 0 : unitsOf(draft));
}

/** Makes the error for what cannot be stored now, and can be tried again. */
export function unavailable(message = CANNOT_WRITE, options: ErrorOptions = {}): ChatError {
  return new ChatError("unavailable", message, { retryAfterMs: RETRY_AFTER_MS, ...options });
}
