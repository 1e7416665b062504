/**
 * One life of the log of a room in a simulated world, from its first entry, and what its entries add up to.
 *
 * @module
 */

import type { LoggedRoomEvent } from "../../client.ts";
import { LOGGED_EVENTS } from "../../src/client/room_events.ts";
import type { Entry } from "../../src/protocol/frames.ts";

/** A member as the presence entries of a log add up. */
export interface LoggedMember {
  name: string | undefined;
  away: boolean;
}

/** Members by client id; undefined once a room is too large to log who comes and goes. */
export type LoggedMembers = ReadonlyMap<string, LoggedMember> | undefined;

/** A message as the entries about it add up. */
export interface LoggedState {
  /** The `seq` of the last of them. */
  last: number;
  /** The newest text. */
  body: string;
  redacted: boolean;
  /** The people with each reaction. */
  readonly reactions: Map<string, Set<string>>;
  replies: number;
}

/** One life of the log of a room. */
export class LogBook {
  readonly epoch: string;
  readonly roomId: string;
  readonly #staysQuiet: boolean;
  readonly entries = new Map<number, Entry>();
  /** The `seq` of the entry before each. */
  readonly before = new Map<number, number>();
  /** The entries of a stream that no node has shown yet, in its order. */
  readonly unjudged = new Map<number, string>();
  readonly #texts = new Map<number, string>();
  readonly #rosters: { seq: number; members: LoggedMembers }[] = [{ seq: 0, members: new Map() }];
  /** The answers to messages and the changes of them, by the `seq` of these. */
  readonly #about = new Map<number, Entry[]>();
  /** The places of redactions, by the `seq` of each entry whose text they take. */
  readonly #redacted = new Map<number, number>();
  /** The client ids of those who were removed from the room by somebody, at any time. */
  readonly removed = new Set<string>();
  head = 0;
  /** Set where entries before the first are not known. */
  isPartial = false;
  /** Set where the store has lost it. */
  isOver = false;

  /** Makes an empty one; a room that nodes share `staysQuiet` for as long as it is there. */
  constructor(roomId: string, epoch: string, staysQuiet: boolean) {
    this.roomId = roomId;
    this.epoch = epoch;
    this.#staysQuiet = staysQuiet;
  }

  /** The `seq` of the first entry. */
  get first(): number {
    const [first = Infinity] = this.entries.keys();
    const [unjudged = Infinity] = this.unjudged.keys();
    return Math.min(first, unjudged);
  }

  /** Takes the next entry; or says what is wrong with it, where it was another one before. */
  take(seq: number, text: string): Entry | string | undefined {
    const known = this.#texts.get(seq);
    if (known === text) return undefined;
    // A redaction has taken the text, and what is left may be padded.
    if (known !== undefined && isBare(text) && bare(known) === bare(text)) return undefined;
    if (known !== undefined) return `${seq} is ${text}, and was ${known}`;
    if (seq <= this.head) return `${seq} comes behind ${this.head}: ${text}`;
    const entry: Entry = JSON.parse(text);
    if (entry.seq !== seq) return `${seq} says that it is ${entry.seq}`;
    this.#texts.set(seq, text);
    this.entries.set(seq, entry);
    this.before.set(seq, this.head);
    this.head = seq;
    if ("event" in entry) {
      if (entry.event === "kick" || entry.event === "role" && entry.role === "none") {
        this.removed.add(entry.to);
      }
      if (MEMBERSHIP.has(entry.event)) {
        this.#rosters.push({ seq, members: after(this.members(), entry, this.#staysQuiet) });
      }
    } else if (entry.re !== undefined) this.#add(entry.re, entry);
    return entry;
  }

  #add(re: number, entry: Exclude<Entry, { event: unknown }>): void {
    const about = this.#about.get(re) ?? [];
    this.#about.set(re, about);
    if ("redact" in entry) {
      const edits = about.filter((other) => "edit" in other).map(({ seq }) => seq);
      for (const seq of [re, ...edits]) this.#redacted.set(seq, entry.seq);
    }
    about.push(entry);
  }

  /** The state of a message behind the entry `upTo`; undefined where there is no such message. */
  stateOf(seq: number, upTo: number): LoggedState | undefined {
    const message = this.entries.get(seq);
    if (message === undefined || !("body" in message)) return undefined;
    const { body } = message;
    const state: LoggedState = {
      last: 0,
      body,
      redacted: false,
      reactions: new Map(),
      replies: 0,
    };
    for (const entry of this.#about.get(seq) ?? []) {
      if (entry.seq > upTo || "event" in entry) continue;
      state.last = entry.seq;
      if ("body" in entry) {
        state.replies++;
        continue;
      }
      const { edit, redact, react = "", unreact, from, sub = from } = entry;
      const people = state.reactions.get(unreact ?? react) ?? new Set();
      if (edit !== undefined) state.body = edit;
      else if (redact) Object.assign(state, { body: "", redacted: true, reactions: new Map() });
      else if (unreact === undefined) state.reactions.set(react, people.add(sub));
      else people.delete(sub);
    }
    return state;
  }

  /** The place where the text of an entry was redacted; undefined where it was not. */
  redactedAt(seq: number): number | undefined {
    return this.#redacted.get(seq);
  }

  /** The places of what the entry `seq` has redacted; none unless it is a redaction. */
  redactedBy(seq: number): number[] {
    if (!("redact" in (this.entries.get(seq) ?? {}))) return [];
    return [...this.#redacted].filter(([, at]) => at === seq).map(([redacted]) => redacted);
  }

  /** Says whether readers are told of something that lies between two places. */
  hasBetween(after: number, before: number): boolean {
    for (const [seq, entry] of this.entries) {
      if (seq > after && seq < before && isTold(entry)) return true;
    }
    return false;
  }

  /** The members behind the entry at `seq`; at the head unless given. */
  members(seq = Infinity): LoggedMembers {
    if (this.isPartial) return undefined;
    return this.#rosters.findLast((roster) => roster.seq <= seq)?.members;
  }

  /** Says how an event of a client differs from its entry; undefined where it does not. */
  differenceFrom(event: LoggedRoomEvent): string | undefined {
    const entry = this.entries.get(event.seq);
    if (entry === undefined) return `${event.seq} of ${event.epoch}, which no log has`;
    const seen = fieldsOf(event);
    const logged = fieldsOf(entry);
    if (seen === logged) return undefined;
    // A redaction takes the text, for whoever comes to it later.
    const isBare = this.#redacted.has(event.seq) &&
      seen === fieldsOf(JSON.parse(bare(JSON.stringify(entry))));
    return isBare ? undefined : `${seen}, and the log has ${logged}`;
  }
}

/** The kinds of entries that say who is there. */
const MEMBERSHIP: ReadonlySet<string> = new Set([
  "join",
  "away",
  "back",
  "leave",
  "rename",
  "quiet",
]);

/** Says whether readers see an entry: links, and what is void, are no events of the client. */
export function isTold(entry: Entry | undefined): boolean {
  return entry === undefined || !("event" in entry) || LOGGED_EVENTS.includes(entry.event);
}

/** The mark of a message or a change, by which it is known before it has a place; undefined where there is none. */
export function markOf(entry: Entry): string | undefined {
  if ("body" in entry) return firstWord(entry.body);
  if (!("re" in entry)) return undefined;
  const { re, edit, redact, reason = "", react, unreact } = entry;
  if (redact) return firstWord(reason);
  return edit === undefined ? reactionMark(re, react, unreact) : firstWord(edit);
}

/** The mark of a reaction, or of taking one back; the same one may come again later. */
export function reactionMark(
  re: number,
  react: string | undefined,
  unreact: string | undefined,
): string {
  return `${react === undefined ? `un${unreact}` : react} to ${re}`;
}

/** The mark that a text begins with; undefined where it was redacted. */
export function firstWord(text: string): string | undefined {
  return text.split(" ", 1)[0] || undefined;
}

/** An entry without what it says, as a redaction leaves it. */
function bare(text: string): string {
  const { data: _, ...entry } = JSON.parse(text);
  if ("body" in entry) entry.body = "";
  if ("edit" in entry) entry.edit = "";
  return JSON.stringify(entry);
}

/** Says whether an entry says nothing, as a redaction leaves it. */
export function isBare(text: string): boolean {
  return JSON.stringify(JSON.parse(text)) === bare(text);
}

/** The fields that an entry and its event have in common, as text. */
function fieldsOf(from: Entry | LoggedRoomEvent): string {
  const { type, sentAt, epoch: _, own: __, roomId: ___, now: ____, n: _____, ...fields } =
    from as unknown as Record<string, unknown>;
  const { event, at } = fields;
  const kind = type ?? event ?? ("body" in fields ? "message" : "change");
  const all = { ...fields, kind, event: undefined, at: at ?? sentAt };
  return JSON.stringify(Object.fromEntries(Object.entries(all).toSorted()));
}

function after(
  members: LoggedMembers,
  { event, from, name }: Extract<Entry, { event: unknown }>,
  staysQuiet: boolean,
): LoggedMembers {
  if (event === "quiet") return undefined;
  // Once it has been empty, a room tells again who comes and goes, from the first who joins.
  if (members === undefined && (staysQuiet || event !== "join")) return undefined;
  const next = new Map(members);
  const away = event === "away" || event === "rename" && members?.get(from)?.away === true;
  if (event === "leave") next.delete(from);
  else next.set(from, { name, away });
  return next;
}
