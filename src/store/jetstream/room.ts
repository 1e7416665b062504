/**
 * A room in a stream, as one node sees it: its log, its members, and the node that speaks for each
 * of them.
 *
 * @module
 */

import { Charter } from "../../core/authority/charter.ts";
import { Log } from "../../core/log/log.ts";
import type { StoredRoom, StoreLimits } from "../../core/store/store.ts";
import { sleep } from "../../protocol/deadline.ts";
import { encodeVoid, timestampOf, withSeq } from "../../protocol/encode.ts";
import type { ChangeEntry, PresenceDraft } from "../../protocol/frames.ts";
import type { Roster } from "../../protocol/roster.ts";
import { AnnouncedPresence } from "../cluster/announced_presence.ts";
import { Continuity, type LogPosition } from "../cluster/continuity.ts";
import { Judgement, TAKEN, type Verdict } from "../cluster/judgement.ts";
import { messageOf } from "../cluster/message_ids.ts";
import { Reached } from "../cluster/reached.ts";
import { withRemains } from "../cluster/remains.ts";
import { next, ROOM_LIFE, type RoomState, type RoomStep } from "../cluster/states.ts";
import { StreamedStates } from "../cluster/streamed_states.ts";
import { KeptRoster } from "./kept_roster.ts";
import type { JetStreamLink } from "./link/link.ts";
import { leftMessage, type StreamMessage } from "./link/stream_message.ts";
import { isRoom, keptMeta, type RoomMeta } from "./room_records.ts";
import type { Ends } from "./pages.ts";
import type { RoomEvents, RoomSetting } from "./room_setting.ts";
import type { Snapshot, Speaker } from "./snapshot.ts";
import { STATE_KEPT_MS } from "./link/streams.ts";

/** The most live messages that are kept while the stream is read; more are read again. */
const MAX_EARLY = 4_096;

/** The word of a node that asks for the members of a room, in place of a frame. */
const ROSTER_WANTED = "roster?";

/** The entries before the head of a log with which a reading begins: some of them may have been erased. */
const OVERLAP = 8;

/** The most questions to a replica that is behind, and the milliseconds between two of them. */
const MAX_TRIES = 5;
const BEHIND_MS = 50;

/** One open room. */
export class JetStreamRoom implements StoredRoom {
  readonly id: string;
  readonly name: string;
  readonly log: Log;
  readonly states: StreamedStates;
  readonly shared = true;
  orphans: readonly string[] = [];
  /** The presence of its own clients that this node has announced. */
  readonly announced: AnnouncedPresence;
  /** Set where the members in the log may differ from what this node has announced. */
  unreconciled = true;
  readonly #link: JetStreamLink;
  readonly #limits: StoreLimits;
  readonly #events: RoomEvents;
  readonly #node: string;
  #deafen: () => void = () => {};
  /** The greatest `seq` of this room that the stream is known to have. */
  #expected = 0;
  /** The number of reasons so far to read the stream again; and of those that were followed. */
  #doubts = 1;
  #settled = 0;
  #early: StreamMessage[] = [];
  #reading: Promise<void> | undefined;
  #state: RoomState = "opening";
  readonly #continuity: Continuity;
  readonly #judgement: Judgement;
  /** Entries that were erased already, until what redacts them is read. */
  readonly #erased = new Set<number>();
  /** Set where the charter was changed by this node since it was kept. */
  #hasNewCharter = false;
  /** Those who wait until the log has reached a place. */
  readonly #reached = new Reached();
  /** The name of the room's own life, as in its record. */
  readonly #epoch: string;
  /** The `seq` after which its log begins. */
  readonly #start: number;
  readonly #members: KeptRoster;

  /** Makes a room that is not read yet. */
  constructor(
    id: string,
    { name, epoch, after, owner }: RoomMeta,
    { link, limits, events, node }: RoomSetting,
  ) {
    this.id = id;
    this.name = name;
    this.#epoch = epoch;
    this.log = new Log(epochOf(epoch, link.life), limits, after);
    this.#start = after;
    this.announced = new AnnouncedPresence(node);
    this.#members = new KeptRoster(link, id, epoch);
    this.#continuity = new Continuity(this.log);
    this.states = new StreamedStates(this.log);
    this.#judgement = new Judgement(id, Charter.of(owner), this.states);
    this.#link = link;
    this.#limits = limits;
    this.#events = events;
    this.#node = node;
  }

  /** The state of the room. */
  get state(): RoomState {
    return this.#state;
  }

  /** The settings and roles at the head of the log. */
  get charter(): Charter {
    return this.#judgement.charter;
  }

  /** The members. */
  get roster(): Roster {
    return this.#members.roster;
  }

  /** The node that spoke last for each member. */
  get speakers(): ReadonlyMap<string, Speaker> {
    return this.#members.speakers;
  }

  /** Says whether the entry at `seq` is void. */
  isVoid(seq: number): boolean {
    return this.#judgement.isVoid(seq);
  }

  /** Resolves when the log has reached `seq`, or is closed; undefined where it has. */
  reached(seq: number): Promise<void> | undefined {
    if (this.log.head >= seq || this.#isClosed) return undefined;
    return this.#reached.wait(seq);
  }

  /** The places that the log lies between, however much of it is in memory. */
  get ends(): Ends {
    const { log: { head, tail }, states } = this;
    return { start: this.#start, tail, head, states, isVoid: (seq) => this.isVoid(seq) };
  }

  /** Takes a step in its life. */
  step(step: RoomStep): void {
    this.#state = next(ROOM_LIFE, this.#state, step);
  }

  /** `true` where the stream certainly or probably has entries that the log lacks. */
  get lacking(): boolean {
    return this.#isDoubtful || this.log.head < this.#expected;
  }

  /** The position of the log, which all that this node publishes carries. */
  get position(): LogPosition {
    return this.#continuity.position;
  }

  /** Says whether a client is certainly not a member. */
  lacks(clientId: string): boolean {
    return !this.lacking && !this.roster.quiet && !this.roster.members.has(clientId);
  }

  /** Notes that the stream has an entry of this room at `seq`, to be read if it does not come. */
  expect(seq: number): void {
    this.#expected = Math.max(this.#expected, seq);
  }

  /** Notes that an entry may be missing that nothing else shows. */
  doubt(): void {
    this.#doubts++;
  }

  /**
   * Begins to listen, then reads the stream, so that no entry is lost in between. A room that
   * `isNew` cannot have lost any entries before.
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

  /**
   * Checks that the life of the streams is still the one that the epoch of the log names: another may
   * have begun while the room was read. Then the room is closed.
   *
   * @throws {Error} where it has.
   */
  checkLife(): void {
    if (this.log.epoch === epochOf(this.#epoch, this.#link.life)) return;
    this.close();
    throw new Error(`The streams began another life while room ${this.id} was read`);
  }

  /** Reads what the log lacks; rejects where that fails, with the room as it was. */
  catchUp(): Promise<void> {
    // A doubt that comes during the reading may be about entries that were read before.
    const doubts = this.#doubts;
    return this.#reading ??= this.#catchUp().then(() => {
      this.#settled = doubts;
    }, (error) => {
      this.doubt();
      throw error;
    }).finally(() => this.#reading = undefined);
  }

  /** Notes what this node announces of its clients, as that may not get into the log. */
  announce(draft: PresenceDraft): void {
    this.announced.announce(draft);
    this.unreconciled = true;
  }

  /** Stops listening. */
  close(): void {
    this.step("close");
    this.#deafen();
    this.#reached.reach(Infinity);
  }

  /** Keeps the charter soon after this node has changed it: the entries that did may fall off the log. */
  keepCharter(): void {
    if (!this.#hasNewCharter || this.lacking) return;
    this.#hasNewCharter = false;
    this.#keepRoster();
  }

  /** Passes an ephemeral frame on to the other nodes. */
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
      // If that fails, the store tries again.
      this.catchUp().catch(() => {});
    }
  }

  /** Takes a word of another node: a frame for the members here, or a question. */
  #hearWord(text: string): void {
    if (text !== ROSTER_WANTED) this.#events.relayed(text);
    else if (this.#state !== "opening" && this.#members.isKnown && !this.lacking) {
      this.#keepRoster();
    }
  }

  /** Pushes a live message unless an entry before it is missing. */
  #pushNext(message: StreamMessage): boolean {
    this.expect(message.seq);
    if (message.seq <= this.log.head) return true;
    if (message.before > this.log.head || this.#continuity.isBehind(message)) return false;
    this.#push(message);
    // The log would soon lose the entries that the roster follows from.
    const kept = Math.min(this.#limits.logEntries, this.#link.keptEntries);
    if (this.#members.isDue(kept)) this.#keepRoster();
    return true;
  }

  /** Pushes what came while the stream was read, up to a gap; says whether that was all of it. */
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
    if (isFirst) this.#recallRoster(await this.#members.read());
    this.step("read");
    do {
      await this.#read();
      if (this.#isClosed) return;
      // Messages that came meanwhile follow on, or show that some are still missing.
    } while (!this.#pushEarly());
    if (!this.#members.isKnown) await this.#askForRoster();
    if (this.states.isFull) await this.#forget();
    // What was read must be of the life that the epoch of the log names.
    if (isFirst) await this.#link.confirm();
    this.unreconciled = true;
    // The record of a room in use must not expire.
    if (Date.now() - kept.at > STATE_KEPT_MS / 2) {
      const subject = this.#link.subject("meta", this.id);
      this.#link.publish(subject, JSON.stringify(kept.meta), { expectedLastSeq: kept.seq });
      this.#keepRoster();
    }
  }

  /** Reads everything that the stream has, or is known to have. */
  async #read(): Promise<void> {
    const subject = this.#link.subject("room", this.id);
    let last = (await this.#link.last(subject))?.seq ?? 0;
    if (last < this.#newest && this.#isDoubtful) last = await this.#skipWhatIsGone(subject);
    const upTo = Math.max(last, this.#expected);
    for (let tries = 0; this.log.head < upTo && !this.#isClosed; tries++) {
      // The replica that answers may be a little behind the leader.
      if (tries > 0) await sleep(BEHIND_MS);
      if (tries === MAX_TRIES) throw new Error(`Room ${this.id} ends at ${this.log.head}`);
      const snapshot = await this.#members.read();
      const { size } = this.log;
      const start = size === 0
        ? Math.max(1, this.log.head)
        : this.log.at(Math.max(0, size - OVERLAP)).seq;
      const read = await this.#link.history(subject, start, this.#most);
      if (this.#isClosed) return;
      // Messages that came live may have been removed before they could be read.
      if (!this.#isDoubtful) this.#pushEarly();
      const { head } = this.log;
      const messages = withRemains(read, leftMessage).filter(({ seq }) => seq > head);
      if (messages.length === 0) continue;
      // NATS drops the oldest first: while one up to the head is still there, all after it is, too.
      const isThere = read[0]!.seq <= head;
      const from = isThere ? head : this.#continuity.completeFrom(messages);
      if (from > head) {
        this.#recallRoster(snapshot);
        this.#skipTo(from);
      }
      for (const message of messages) {
        if (!this.#continuity.beforePush(message)) this.#isCut();
        this.#push(message);
      }
    }
  }

  /**
   * Continues after all that the stream had, where not even the newest entry of the log is left in
   * it. After a time in which this node may have heard nothing, nobody knows what followed that.
   * Returns the `seq` of what has come since.
   */
  async #skipWhatIsGone(subject: string): Promise<number> {
    const end = await this.#link.end();
    const last = (await this.#link.last(subject))?.seq ?? 0;
    if (last < this.#newest) {
      this.#recallRoster(await this.#members.read());
      this.#skipTo(Math.max(end, this.log.head));
    }
    return last;
  }

  /** The most entries that a reading needs: pages show what became of all that the stream keeps. */
  get #most(): number {
    const { keptEntries } = this.#link;
    return Math.max(this.#limits.logEntries, keptEntries === Infinity ? 0 : keptEntries);
  }

  /** The least `seq` of the stream's newest entry, if the stream still has any of the log's. */
  get #newest(): number {
    return Math.max(this.log.head, this.#start + 1);
  }

  /** Continues after `seq`. Only a list that is as new has the changes of members in between. */
  #skipTo(seq: number): void {
    this.#continuity.skipTo(seq);
    if (this.#members.at < seq) this.#isCut();
    else this.states.begin(seq);
    this.#reached.reach(seq);
    this.#events.moved(seq);
  }

  /** Forgets what became of messages that are gone from the stream. */
  async #forget(): Promise<void> {
    const first = await this.#link.first(this.#link.subject("room", this.id));
    if (first !== undefined) this.states.begin(first - 1);
  }

  /** Continues from a kept list of members, if that is newer than the one from the log. */
  #recallRoster(snapshot: Snapshot | undefined): void {
    if (this.#members.recall(snapshot, this.log.head)) this.#recallCharter(snapshot);
  }

  /** Continues from a kept charter. Who is banned by what was missed has to be removed too. */
  #recallCharter({ judged, seq }: Snapshot): void {
    if (judged === undefined) return;
    this.#judgement.reset(judged);
    if (this.#state === "opening") return;
    const nobody = { at: Date.now(), from: "", n: 0, name: undefined, by: { sub: "" } } as const;
    this.#events.moderated("", { ...nobody, event: "room" }, seq);
  }

  /**
   * Asks nodes that have the room open for its list of members, and takes one that comes in time.
   * Without one, the members are those that this node knows.
   */
  async #askForRoster(): Promise<void> {
    for (let tries = 0; tries < MAX_TRIES && !this.#members.isKnown && !this.#isClosed; tries++) {
      this.#link.say(this.#link.subject("live", this.id), `${this.#node} ${ROSTER_WANTED}`);
      await sleep(BEHIND_MS);
      const snapshot = await this.#members.read();
      if (snapshot !== undefined && snapshot.seq >= this.log.head) this.#recallRoster(snapshot);
    }
    this.#members.isKnown = true;
  }

  async #keepRoster(): Promise<void> {
    const isKept = await this.#members.keep(this.log.head, this.#judgement.kept());
    if (!isKept) this.#hasNewCharter = true;
  }

  #push(message: StreamMessage): void {
    const { seq, id, node, text } = message;
    const whole = withSeq(seq, text);
    const isMessage = node === "";
    const { denied, isStale, moderation } = this.#judge(message, whole);
    const isVoid = isStale || denied !== undefined || this.isVoid(seq);
    if (!isMessage && !isVoid && seq > this.#members.at) {
      this.#members.apply(JSON.parse(whole), node);
      this.unreconciled = true;
    }
    if (message.isLeft) this.#erased.add(seq);
    this.#members.count();
    this.log.push(seq, isVoid ? encodeVoid(seq, timestampOf(whole)) : whole);
    if (message.about !== "" && !isVoid) this.#follow(message, JSON.parse(whole));
    if (!this.#continuity.afterPush(message)) {
      this.#isCut();
      // A reading in progress asks for the members too.
      if (this.#reading === undefined) this.doubt();
    }
    if (denied !== undefined || isStale) this.#events.denied(id, seq, denied);
    else if (isMessage && !isVoid) {
      const { from, n } = message.isLeft ? JSON.parse(whole) : messageOf(id);
      if (n > 0) this.#events.found(from, n, seq);
    }
    this.#reached.reach(seq);
    this.#events.moved(seq);
    if (moderation !== undefined) this.#events.moderated(id, moderation, seq);
  }

  /** Takes in what is said about a message, and has erased what that redacts. */
  #follow(message: StreamMessage, entry: ChangeEntry): void {
    const redacted = this.states.take(message, entry).filter((seq) => !this.#erased.delete(seq));
    if (redacted.length > 0) this.#events.redacted(entry.from, redacted);
  }

  /** Notes that entries are missing: what they said of members and messages is not known. */
  #isCut(): void {
    this.#members.isKnown = false;
    this.states.begin(this.log.tail);
  }

  /**
   * Judges an entry. Those up to the kept list were judged before that was kept, and nothing remains of
   * a void one.
   */
  #judge(message: StreamMessage, whole: string): Verdict {
    const { seq, node, isLeft } = message;
    if (seq <= this.#members.at || isLeft) return {};
    if (node === "" && this.#judgement.takesAll(message)) return {};
    const verdict = this.#judgement.judge(message, JSON.parse(whole));
    if (verdict !== TAKEN) this.#members.change();
    if (verdict.moderation !== undefined && (node === this.#node || this.#state === "opening")) {
      this.#hasNewCharter = true;
    }
    return verdict;
  }
}

/** Names the life of a room's log; a room made again, or streams put back, begin another. */
export function epochOf(epoch: string, life: string): string {
  return `${epoch}${life}`;
}
