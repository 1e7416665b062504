/**
 * A room that lives in a stream, as one node sees it: its log, its members, and which
 * node speaks for each of them.
 *
 * @module
 */

import { Log } from "../../core/log.ts";
import type { StoredRoom, StoreLimits } from "../../core/store.ts";
import { sleep } from "../../protocol/deadline.ts";
import { withSeq } from "../../protocol/encode.ts";
import type { MemberInfo, PresenceDraft, PresenceEntry } from "../../protocol/frames.ts";
import { Roster } from "../../protocol/roster.ts";
import { AnnouncedPresence } from "../cluster/announced_presence.ts";
import { Continuity, type Place } from "../cluster/continuity.ts";
import { next, ROOM_LIFE, type RoomState, type RoomStep } from "../cluster/states.ts";
import type { JetStreamLink, StreamMessage } from "./link.ts";
import { isRoom, keptMeta, type RoomMeta } from "./metas.ts";
import { STATE_KEPT_MS } from "./streams.ts";

/** Which node spoke last for a member, and the `seq` of that entry. */
export interface Speaker {
  node: string;
  seq: number;
}

/** The members at a place of the log, kept in the stream: what is older may fall off the log. */
interface Snapshot {
  epoch: string;
  seq: number;
  quiet: boolean;
  members: (MemberInfo & { speaker: Speaker })[];
}

/** Reports of a room. */
export interface RoomEvents {
  /** The message `n` of `from` is in the log, as `seq`. */
  found(from: string, n: number, seq: number): void;
  /** The log goes up to `seq` now: the rest up to there was pushed, or is gone. */
  moved(seq: number): void;
  /** Another node hands a frame on that is not stored. */
  relayed(text: string): void;
  /** The room is not in the stream any more, or another one is in its place. */
  gone(how: "deleted" | "lost"): void;
}

/** The setting of a room: all that it needs. */
export interface RoomSetting {
  link: JetStreamLink;
  limits: StoreLimits;
  events: RoomEvents;
  /** The id of this node. */
  node: string;
}

/** The most live messages that are kept while the past is read; what is beyond is read again. */
const MAX_EARLY = 4_096;

/** The word of a node that does not know who is in a room: no frame. */
const ROSTER_WANTED = "roster?";

/** The most times that a replica is asked that is behind, and the time it is given in between, in milliseconds. */
const MAX_TRIES = 5;
const BEHIND_MS = 50;

/** One open room. */
export class JetStreamRoom implements StoredRoom {
  readonly id: string;
  readonly name: string;
  readonly log: Log;
  readonly roster = new Roster();
  readonly shared = true;
  orphans: readonly string[] = [];
  /** Which node spoke for each member last. */
  readonly speakers = new Map<string, Speaker>();
  /** All that this node has announced of its own clients. */
  readonly announced: AnnouncedPresence;
  /** Set where the members may be others than this node has announced. */
  unreconciled = true;
  readonly #link: JetStreamLink;
  readonly #limits: StoreLimits;
  readonly #events: RoomEvents;
  readonly #node: string;
  #deafen: () => void = () => {};
  /** The greatest `seq` that the stream is known to have for this room. */
  #expected = 0;
  /** The number of reasons there were to read the stream again, and of those for which that was done. */
  #doubts = 1;
  #settled = 0;
  #early: StreamMessage[] = [];
  #reading: Promise<void> | undefined;
  #state: RoomState = "opening";
  readonly #continuity: Continuity;
  /** Names the room's own life, as its meta does. */
  readonly #epoch: string;
  /** The `seq` behind which its log begins. */
  readonly #start: number;
  /** The `seq` up to which the roster was true when it was read. */
  #rosterAt = 0;
  /** Set where the roster is what the log has led to from its beginning, or from a list that was kept. */
  #isRosterKnown = true;
  /** Set where it has changed since it was kept; and the number of entries that have come since. */
  #hasChanged = false;
  #sinceKept = 0;

  /** Makes a room; nothing of it is read yet. */
  constructor(
    id: string,
    { name, epoch, after }: RoomMeta,
    { link, limits, events, node }: RoomSetting,
  ) {
    this.id = id;
    this.name = name;
    this.#epoch = epoch;
    this.log = new Log(epochOf(epoch, link.life), limits, after);
    this.#start = after;
    this.announced = new AnnouncedPresence(node);
    this.#continuity = new Continuity(this.log);
    this.#link = link;
    this.#limits = limits;
    this.#events = events;
    this.#node = node;
  }

  /** The state that it is in. */
  get state(): RoomState {
    return this.#state;
  }

  /** Takes a step in its life. */
  step(step: RoomStep): void {
    this.#state = next(ROOM_LIFE, this.#state, step);
  }

  /** `true` where the stream is known, or likely, to have what the log does not. */
  get lacking(): boolean {
    return this.#isDoubtful || this.log.head < this.#expected;
  }

  /** Where the log is: what this node publishes says so. */
  get place(): Place {
    return this.#continuity.place;
  }

  /** Says whether somebody is certainly no member. */
  lacks(clientId: string): boolean {
    return !this.lacking && !this.roster.quiet && !this.roster.members.has(clientId);
  }

  /** Says that the stream has an entry of this room at `seq`: if it does not come, it is to be read. */
  expect(seq: number): void {
    this.#expected = Math.max(this.#expected, seq);
  }

  /** Says that something may be missing that nothing else tells of. */
  doubt(): void {
    this.#doubts++;
  }

  /**
   * Begins to listen, then reads what is there: nothing is lost in between. With `isNew` nothing can
   * have been there that is not there now.
   */
  async open(isNew = false): Promise<void> {
    if (isNew) this.#settled = this.#doubts;
    this.#deafen = this.#link.listen(
      this.#link.subject("live", this.id),
      (message) => this.#hear(message),
    );
    try {
      await this.catchUp();
    } catch (error) {
      this.close();
      throw error;
    }
  }

  /** Reads what the log lacks; rejects where that fails, and changes nothing about what is still lacking. */
  catchUp(): Promise<void> {
    // A doubt that comes later may be about what was read by then.
    const doubts = this.#doubts;
    return this.#reading ??= this.#catchUp().then(() => {
      this.#settled = doubts;
    }, (error) => {
      this.doubt();
      throw error;
    }).finally(() => this.#reading = undefined);
  }

  /** Notes what this node announces of its clients; it may not get into the log. */
  announce(draft: PresenceDraft): void {
    this.announced.announce(draft);
    this.unreconciled = true;
  }

  /** Stops listening. */
  close(): void {
    this.step("close");
    this.#deafen();
  }

  /** Hands a frame that is not stored to the other nodes. */
  relay(text: string): void {
    this.#link.say(this.#link.subject("live", this.id), `${this.#node} ${text}`);
  }

  get #isDoubtful(): boolean {
    return this.#doubts > this.#settled;
  }

  get #isClosed(): boolean {
    return this.#state === "closed";
  }

  #hear(message: StreamMessage): void {
    if (Number.isNaN(message.seq)) {
      const [node = ""] = message.text.split(" ", 1);
      if (node !== this.#node) this.#hearWord(message.text.slice(node.length + 1));
    } else if (this.#reading !== undefined || !this.#pushNext(message)) {
      this.expect(message.seq);
      if (this.#early.length < MAX_EARLY) this.#early.push(message);
      // Where it fails, the store tries again.
      this.catchUp().catch(() => {});
    }
  }

  /** Takes in what another node says: a frame for those who are here, or a question. */
  #hearWord(text: string): void {
    if (text !== ROSTER_WANTED) this.#events.relayed(text);
    else if (this.#state !== "opening" && this.#isRosterKnown && !this.lacking) this.#keepRoster();
  }

  /** Pushes a live message unless something before it is missing. */
  #pushNext(message: StreamMessage): boolean {
    this.expect(message.seq);
    if (message.seq <= this.log.head) return true;
    if (message.before > this.log.head || this.#continuity.isBehind(message)) return false;
    this.#push(message);
    // The log would soon lose how the members came.
    const kept = Math.min(this.#limits.logEntries, this.#link.keptEntries);
    if (this.#sinceKept > kept / (this.#hasChanged ? 4 : 2)) this.#keepRoster();
    return true;
  }

  /** Pushes what came while the stream was read, as far as it joins on; says whether that was all of it. */
  #pushEarly(): boolean {
    const rest = this.#early.findIndex((message) => !this.#pushNext(message));
    this.#early.splice(0, rest < 0 ? this.#early.length : rest);
    return rest < 0;
  }

  async #catchUp(): Promise<void> {
    const kept = await keptMeta(this.#link, this.id);
    if (!isRoom(kept?.meta)) return this.#events.gone(kept === undefined ? "lost" : "deleted");
    const { epoch, made } = kept.meta;
    if (epoch !== this.#epoch || made !== this.#link.made) return this.#events.gone("lost");
    const isFirst = this.#state === "opening";
    if (isFirst) this.#recallRoster(await this.#snapshot());
    this.step("read");
    do {
      await this.#read();
      if (this.#isClosed) return;
      // What came meanwhile joins on, or shows what is missing still.
    } while (!this.#pushEarly());
    if (!this.#isRosterKnown) await this.#askForRoster();
    // What was read is that of the life that the log is named after.
    if (isFirst) await this.#link.confirm();
    this.unreconciled = true;
    // What is in use does not become too old.
    if (Date.now() - kept.at > STATE_KEPT_MS / 2) {
      const subject = this.#link.subject("meta", this.id);
      this.#link.publish(subject, JSON.stringify(kept.meta), { behind: kept.seq });
      this.#keepRoster();
    }
  }

  /** Reads all that the stream has, or is known to have. */
  async #read(): Promise<void> {
    const subject = this.#link.subject("room", this.id);
    let last = (await this.#link.last(subject))?.seq ?? 0;
    if (last < this.#newest && this.#isDoubtful) last = await this.#skipWhatIsGone(subject);
    const upTo = Math.max(last, this.#expected);
    for (let tries = 0; this.log.head < upTo && !this.#isClosed; tries++) {
      // A replica that answers may be a little behind the one that leads.
      if (tries > 0) await sleep(BEHIND_MS);
      if (tries === MAX_TRIES) throw new Error(`Room ${this.id} ends at ${this.log.head}`);
      const snapshot = await this.#snapshot();
      const start = Math.max(1, this.log.head);
      const read = await this.#link.history(subject, start, this.#limits.logEntries);
      if (this.#isClosed) return;
      // What has come by may have been removed before it could be read.
      if (!this.#isDoubtful) this.#pushEarly();
      const { head } = this.log;
      const messages = read.filter(({ seq }) => seq > head);
      if (messages.length === 0) continue;
      // The oldest are dropped first: what is behind a head that is still there is all there.
      const isThere = messages.length < read.length;
      const from = isThere ? head : this.#continuity.completeFrom(messages);
      if (from > head) {
        this.#recallRoster(snapshot);
        this.#skipTo(from);
      }
      for (const message of messages) {
        if (!this.#continuity.beforePush(message)) this.#isRosterKnown = false;
        this.#push(message);
      }
    }
  }

  /**
   * Where not even the newest entry of the log is left in the stream, after a time in which this
   * node may have heard nothing, nobody can say what was behind it: goes on behind all that the
   * stream had. Returns the `seq` of what has come since.
   */
  async #skipWhatIsGone(subject: string): Promise<number> {
    const end = await this.#link.end();
    const last = (await this.#link.last(subject))?.seq ?? 0;
    if (last < this.#newest) {
      this.#recallRoster(await this.#snapshot());
      this.#skipTo(Math.max(end, this.log.head));
    }
    return last;
  }

  /** The least `seq` that the newest entry in the stream has, if there still is one that the log has too. */
  get #newest(): number {
    return Math.max(this.log.head, this.#start + 1);
  }

  /** Goes on behind `seq`; whoever came or went in between shows only in a list that is as new. */
  #skipTo(seq: number): void {
    if (this.#rosterAt < seq) this.#isRosterKnown = false;
    this.#continuity.skipTo(seq);
    this.#events.moved(seq);
  }

  async #snapshot(): Promise<Snapshot | undefined> {
    const kept = await this.#link.last(this.#link.subject("roster", this.id));
    return kept && JSON.parse(kept.text);
  }

  /** Goes on from members that were kept, if they are newer than those that the log has led to. */
  #recallRoster(snapshot: Snapshot | undefined): void {
    if (snapshot?.epoch !== this.#epoch || snapshot.seq < this.log.head) return;
    this.#rosterAt = snapshot.seq;
    this.#isRosterKnown = true;
    this.speakers.clear();
    for (const { client_id, speaker } of snapshot.members) this.speakers.set(client_id, speaker);
    const members = snapshot.members.map(({ speaker: _, ...member }) => member);
    this.roster.reset(members, snapshot.quiet);
  }

  /**
   * Asks nodes that have the room open for the list of its members, and takes it where one comes in
   * time. Where none does, nobody is in it but those that this node knows.
   */
  async #askForRoster(): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES && !this.#isRosterKnown && !this.#isClosed; tries++) {
      this.#link.say(this.#link.subject("live", this.id), `${this.#node} ${ROSTER_WANTED}`);
      await sleep(BEHIND_MS);
      const snapshot = await this.#snapshot();
      if (snapshot !== undefined && snapshot.seq >= this.log.head) this.#recallRoster(snapshot);
    }
    this.#isRosterKnown = true;
  }

  async #keepRoster(): Promise<void> {
    this.#sinceKept = 0;
    this.#hasChanged = false;
    const snapshot: Snapshot = {
      epoch: this.#epoch,
      seq: this.log.head,
      quiet: this.roster.quiet,
      members: [...this.roster.members.values()].flatMap((member) => {
        const speaker = this.speakers.get(member.client_id);
        return speaker === undefined ? [] : [{ ...member, speaker }];
      }),
    };
    const subject = this.#link.subject("roster", this.id);
    const { type } = await this.#link.publish(subject, JSON.stringify(snapshot));
    if (type !== "stored") this.#hasChanged = true;
  }

  #push(message: StreamMessage): void {
    const { seq, id, node, text } = message;
    const whole = withSeq(seq, text);
    const isPresence = node !== "";
    if (isPresence && seq > this.#rosterAt) this.#apply(JSON.parse(whole), node);
    this.#sinceKept++;
    this.log.push(seq, whole);
    if (!this.#continuity.afterPush(message)) {
      this.#isRosterKnown = false;
      // A reading that goes on finds out who is there, too.
      if (this.#reading === undefined) this.doubt();
    }
    const dot = id.lastIndexOf(".");
    const n = Number(id.slice(dot + 1));
    if (!isPresence && n > 0) this.#events.found(id.slice(0, dot), n, seq);
    this.#events.moved(seq);
  }

  #apply(entry: PresenceEntry, node: string): void {
    this.roster.apply(entry);
    const { from, seq } = entry;
    if (this.roster.members.has(from)) this.speakers.set(from, { node, seq });
    else this.speakers.delete(from);
    if (this.roster.quiet) this.speakers.clear();
    this.#hasChanged = true;
    this.unreconciled = true;
  }
}

/** Names the life of a room's log: there is another one when the room is made again, or its streams are put back. */
export function epochOf(epoch: string, life: string): string {
  return `${epoch}${life}`;
}
