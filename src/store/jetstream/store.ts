/**
 * Keeps the logs in NATS JetStream, for any number of nodes. All rooms share one stream, with a
 * subject for each. The stream gives entries their `seq`, and sends each to every node that has the
 * room open, its publisher included.
 *
 * @module
 */

import { isRoomName, newClientId, newEpoch, type RandomBytes } from "../../core/authority/ids.ts";
import type {
  Bus,
  ClientStore,
  Return,
  Store,
  StoredClient,
  StoredRoom,
  StoreEvents,
  StoreOptions,
} from "../../core/store/store.ts";
import { isModeration } from "../../core/authority/verdict.ts";
import { withDeadline } from "../../protocol/deadline.ts";
import { roomGone } from "../../protocol/errors.ts";
import type { Draft, PresenceDraft } from "../../protocol/frames.ts";
import { every, type Timer } from "../../timers.ts";
import { PendingEntries } from "../cluster/pending_entries.ts";
import { FailureDetector } from "../cluster/failure_detector.ts";
import { PresenceReconciler } from "../cluster/presence_reconciler.ts";
import { PublishQueue, unavailable } from "../cluster/publish_queue.ts";
import { asked } from "./asked.ts";
import { ClientDirectory } from "./client_directory.ts";
import { Deletions } from "./deletions.ts";
import { Eraser } from "./eraser.ts";
import { Handovers } from "./handovers.ts";
import { JetStreamHealth } from "./health.ts";
import { JetStreamLink } from "./link/link.ts";
import { JetStreamMarkers } from "./markers.ts";
import { RoomRecords } from "./room_records.ts";
import { NodeBus } from "./node_bus.ts";
import type { NatsSettings } from "./options.ts";
import { JetStreamPages, NOWHERE } from "./pages.ts";
import { JetStreamPublisher } from "./publisher.ts";
import { JetStreamRevocations } from "./revocations.ts";
import { epochOf, JetStreamRoom } from "./room.ts";

/** The least milliseconds for which JetStream remembers ids of messages; documented. */
const DEDUP_MS = 120_000;

/** Milliseconds between two looks at an open room in the stream: a lost newest entry leaves no gap. */
const COMPARE_EVERY_MS = 120_000;

/** Milliseconds that a node has at its end for its last announcements. */
const CLOSING_MS = 1_000;

/** Rooms that are read at the same time after a break, and the most that one tick begins to read. */
const READ_AT_ONCE = 16;
const READS_A_TICK = 64;

/** Room ids that can be a word of a subject. */
const WORD = /^[\w-]+$/;

const random: RandomBytes = (bytes) => crypto.getRandomValues(bytes);

/** The rooms of all nodes, as one of them sees them. */
export class JetStreamStore implements Store, ClientStore, Bus {
  readonly clients: ClientStore = this;
  readonly bus: Bus = this;
  readonly changes = true;
  readonly history: JetStreamPages;
  readonly markers: JetStreamMarkers;
  readonly revocations: JetStreamRevocations;
  readonly #options: StoreOptions & NatsSettings;
  readonly #events: StoreEvents;
  readonly #link: JetStreamLink;
  readonly #node = newClientId(random);
  readonly #detector: FailureDetector;
  readonly #health: JetStreamHealth;
  readonly #queue: PublishQueue;
  readonly #publisher: JetStreamPublisher;
  readonly #pending = new PendingEntries();
  readonly #directory: ClientDirectory;
  readonly #records: RoomRecords;
  readonly #bus: NodeBus;
  readonly #handovers: Handovers;
  readonly #eraser: Eraser;
  readonly #rooms = new Map<string, JetStreamRoom>();
  /** The unanswered question about a room, before the next one is asked. */
  readonly #busy = new Map<string, Promise<void>>();
  readonly #deletions: Deletions;
  readonly #reconciler: PresenceReconciler;
  readonly #timer: Timer;
  #ticks = 0;
  #closing: Promise<void> | undefined;

  /** Begins to connect; nothing can be stored before that succeeds. */
  constructor(settings: NatsSettings, events: StoreEvents, options: StoreOptions) {
    const { probeMs, leaseMs } = settings;
    this.#options = { ...options, ...settings };
    this.#events = events;
    this.#detector = new FailureDetector(this.#node, settings);
    this.#queue = new PublishQueue({
      isOpen: (roomId) => this.#rooms.has(roomId),
      isHere: (id) => !this.#directory.isOnProbation(id),
      denied: (roomId, draft) => this.#publisher.denied(roomId, draft),
      publish: (roomId, draft, id, done) => this.#publisher.publish(roomId, draft, id).then(done),
      find: (id, done) => this.#link.find(id).then(done),
      repeated: (draft, seq) => events.repeated(draft, seq),
      refused: (draft, error, doubtful) => this.#publisher.refused(draft, error, doubtful),
    });
    this.#link = new JetStreamLink({
      ...this.#options,
      // A client that comes back may repeat its messages.
      dedupMs: Math.max(DEDUP_MS, 2 * options.graceMs),
      patienceMs: 2 * probeMs,
    }, {
      whole: () => this.#health.connected(),
      broken: (reason) => this.#health.broken(reason),
      refused: (subject, reason) =>
        events.troubled(`NATS has not stored what is for ${subject}: ${reason}`),
      troubled: (reason) => events.troubled(reason),
      wiped: () => {
        this.#directory.renew();
        this.#eraser.clear();
        [...this.#rooms.values()].forEach((room) => this.#lose(room, "lost"));
      },
    });
    this.#publisher = new JetStreamPublisher({
      node: this.#node,
      patienceMs: 2 * probeMs,
      link: this.#link,
      queue: this.#queue,
      pending: this.#pending,
      events,
      roomOf: (id) => this.#rooms.get(id),
      look: (id) => this.#alone(id, () => this.#open(id)),
      release: (id) => this.release(id),
    });
    this.history = new JetStreamPages(
      this.#link,
      (id) => this.#rooms.get(id)?.ends ?? NOWHERE,
    );
    this.#eraser = new Eraser({
      link: this.#link,
      patienceMs: leaseMs,
      troubled: (reason) => events.troubled(reason),
    });
    this.#bus = new NodeBus(this.#node, this.#link);
    this.markers = new JetStreamMarkers({
      link: this.#link,
      ready: () => this.#whenReady(),
      say: (person, id, { epoch, seq }) => this.#bus.say("read", person, id, epoch, seq),
    });
    this.revocations = new JetStreamRevocations({
      link: this.#link,
      ready: () => this.#whenReady(),
      say: (sub, before) => this.#bus.say("revoked", sub, before),
      heard: (sub, before) => events.revoked(sub, before),
    });
    this.#handovers = new Handovers(this.#bus);
    this.#records = new RoomRecords(this.#link, () => newEpoch(random));
    this.#deletions = new Deletions({
      ready: () => this.#whenReady(),
      delete: (id) => this.#records.delete(id),
      deleted: (id, epoch) => {
        if (epoch !== undefined) this.#bus.say("deleted", id, epochOf(epoch, this.#link.life));
        // The room may have been opened meanwhile.
        const room = this.#rooms.get(id);
        if (room !== undefined) this.#lose(room, "deleted");
      },
      troubled: (reason) => events.troubled(reason),
    });
    this.#health = new JetStreamHealth(probeMs, this.#detector, {
      say: (now) => this.#bus.say("alive", now),
      probe: () => this.#link.probe(),
      giveUp: (reason) => this.#link.giveUp(reason),
      catchUp: () => this.#catchUp(),
      changed: (works) => this.#changed(works),
      failing: (reason) => events.failing(reason),
    });
    this.#directory = new ClientDirectory(this.#node, {
      graceMs: leaseMs + options.graceMs,
      link: this.#link,
      detector: this.#detector,
      queue: this.#queue,
      handovers: this.#handovers,
      taken: (id, mayBeHere) => this.#taken(id, mayBeHere),
    });
    this.#reconciler = new PresenceReconciler({
      isHere: (id) => this.#directory.isHere(id),
      announce: (room, presence) => this.#announce(room, presence),
      taken: (id, roomId) => this.#events.taken(id, roomId),
    });
    this.#listen();
    this.#timer = every(() => this.#tick(), probeMs / 2);
  }

  get bodyBytes(): number {
    return this.#publisher.bodyBytes;
  }

  get pending(): number {
    return this.#queue.pending;
  }

  async create(id: string, name: string, owner?: string): Promise<StoredRoom> {
    const room = await this.#alone(id, () => this.#create(id, name, owner));
    if (room === undefined) throw unavailable("The room cannot be made now");
    return room;
  }

  async open(id: string, cursor = 0): Promise<StoredRoom | undefined> {
    // No room ever had another kind of id.
    if (!WORD.test(id) && !isRoomName(id)) return undefined;
    const room = await this.#alone(id, () => this.#open(id));
    if (room !== undefined && cursor > room.log.head) await asked(room.catchUp());
    return room?.state === "closed" ? undefined : room;
  }

  append(roomId: string, draft: Draft): void {
    const room = this.#rooms.get(roomId);
    if ("event" in draft && !isModeration(draft)) {
      room?.announce(draft);
      // Another node has announced it already.
      const isSaid = draft.event === "leave" && room?.lacks(draft.from);
      if (isSaid && !this.#queue.holds(draft.from)) return;
    }
    this.#queue.append(roomId, draft, this.#publisher.idFor(roomId, draft));
  }

  settled(clientId?: string): Promise<void> | undefined {
    const published = this.#queue.settled(clientId);
    if (published === undefined) return this.#pending.settled(clientId);
    return published.then(() => this.#pending.settled(clientId));
  }

  relay(roomId: string, text: string): void {
    this.#rooms.get(roomId)?.relay(text);
  }

  release(roomId: string): void {
    const room = this.#rooms.get(roomId);
    if (room === undefined) return;
    room.step("release");
    this.#reconcile(room);
  }

  delete(roomId: string): void {
    const room = this.#rooms.get(roomId);
    if (room !== undefined) this.#closeRoom(room);
    if (!WORD.test(roomId) && !isRoomName(roomId)) return;
    this.#deletions.add(roomId);
    this.#alone(roomId, () => this.#deletions.delete(roomId));
  }

  remember(clientId: string, name: string | undefined): void {
    this.#directory.remember(clientId, name, performance.now());
  }

  async recall(clientId: string, back: Return): Promise<StoredClient | undefined> {
    // Clients of this node stay here, even while no other node can be asked.
    if (!this.#health.works && this.#directory.has(clientId)) {
      return this.#directory.admitOnProbation(clientId, back);
    }
    await this.#whenReady();
    return await asked(this.#directory.recall(clientId, back, performance.now()));
  }

  trim(clientId: string): void {
    this.#queue.trim(clientId);
  }

  storedUpTo(clientId: string): number {
    return this.#queue.lastOf(clientId);
  }

  forget(clientId: string): void {
    this.#directory.forget(clientId);
  }

  close(): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    clearInterval(this.#timer);
    this.#health.close();
    for (const room of this.#rooms.values()) room.close();
    this.#rooms.clear();
    if (this.#health.works) {
      this.#directory.leave(performance.now());
      // The last announcements, that everybody is away, too.
      const settled = Promise.all([
        this.#queue.settled(),
        this.#directory.written(),
        this.#eraser.settled(),
      ]);
      await withDeadline(CLOSING_MS, settled);
    }
    // It may be waiting for an answer of NATS that never comes.
    await withDeadline(CLOSING_MS, this.#link.close());
  }

  /** Asks the questions about one room one after the other. */
  #alone<Answer>(roomId: string, ask: () => Promise<Answer>): Promise<Answer> {
    const answer = (this.#busy.get(roomId) ?? Promise.resolve()).then(() => asked(ask()));
    const done = answer.then(() => {}, () => {}).then(() => {
      if (this.#busy.get(roomId) === done) this.#busy.delete(roomId);
    });
    this.#busy.set(roomId, done);
    return answer;
  }

  async #create(id: string, name: string, owner?: string): Promise<JetStreamRoom | undefined> {
    if (this.#deletions.has(id)) throw roomGone();
    await this.#whenReady();
    return await this.#open(id, await this.#records.make(id, name, owner));
  }

  async #open(id: string, isNew = false): Promise<JetStreamRoom | undefined> {
    if (this.#deletions.has(id)) return undefined;
    const known = this.#rooms.get(id);
    if (known !== undefined) {
      known.step("enter");
      known.orphans = this.#orphansOf(known);
      return known;
    }
    await this.#whenReady();
    const meta = await this.#records.find(id);
    if (meta === undefined) return undefined;
    const room = new JetStreamRoom(id, meta, {
      link: this.#link,
      limits: this.#options,
      node: this.#node,
      events: {
        found: (from, n, seq) => this.#queue.seen(from, n, seq),
        denied: (messageId, seq, error) => this.#publisher.judged(messageId, seq, error),
        redacted: (by, seqs) =>
          this.#eraser.add(room, seqs, performance.now(), this.#directory.has(by)),
        moderated: (entryId, draft, seq) => this.#publisher.moderated(id, entryId, draft, seq),
        moved: (seq) => this.#moved(id, seq),
        relayed: (text) => this.#events.relayed(id, text),
        gone: (how) => this.#lose(room, how),
      },
    });
    await room.open(isNew);
    if (room.state === "closed") return undefined;
    room.checkLife();
    room.orphans = this.#orphansOf(room);
    this.#rooms.set(id, room);
    return room;
  }

  #moved(roomId: string, seq: number): void {
    this.#pending.seen(roomId, seq);
    this.#events.stored(roomId);
  }

  #listen(): void {
    this.#bus.listen({
      alive: (node, at) => {
        const late = this.#detector.heard(node, at, performance.now());
        // The same trouble may have lost entries on their way.
        if (late) this.#rooms.forEach((room) => room.doubt());
        this.#health.judge();
      },
      taken: (node, clientId, claim, isLate) => {
        // A late word may be older than the claim of this node.
        if (node === this.#node || claim <= this.#directory.claimOf(clientId)) return;
        const wasHere = this.#directory.has(clientId);
        const mayBeHere = isLate || this.#directory.isOnProbation(clientId);
        const stored = this.#directory.handOver(clientId);
        if (wasHere) this.#handovers.answer(clientId, claim, stored);
        this.#taken(clientId, mayBeHere);
      },
      left: (node, clientId, claim, n) => this.#handovers.answered(node, clientId, claim, n),
      read: (node, person, roomId, epoch, seq) => {
        if (node !== this.#node) this.#events.read(person, roomId, { epoch, seq });
      },
      revoked: (node, sub, before) => {
        if (node !== this.#node) this.revocations.hear(sub, before);
      },
      deleted: (_node, roomId, epoch) => {
        const room = this.#rooms.get(roomId);
        if (room?.log.epoch === epoch) this.#lose(room, "deleted");
      },
    });
  }

  /** Reads the missed entries of all rooms. */
  async #catchUp(): Promise<void> {
    await this.revocations.read().catch(() => {});
    const rooms = [...this.#rooms.values()];
    const read = async () => {
      for (let room = rooms.pop(); room !== undefined; room = rooms.pop()) {
        room.doubt();
        await room.catchUp().catch(() => {});
      }
    };
    await Promise.all(Array.from({ length: READ_AT_ONCE }, read));
  }

  /** Starts or stops the publishing of messages. */
  #changed(works: boolean): void {
    if (works) {
      for (const [id, back] of this.#directory.onProbation) this.#claim(id, back);
      this.#directory.tick(performance.now());
      for (const id of this.#deletions.waiting) this.#alone(id, () => this.#deletions.delete(id));
    }
    this.#queue.available = works;
  }

  /** Recalls a client that was let in. Where it cannot be known whether it is still here, it has to come back. */
  async #claim(id: string, back: Return): Promise<void> {
    try {
      await this.#directory.recall(id, back, performance.now());
    } catch {
      // Otherwise it is asked again as soon as possible.
      if (!this.#health.works) return;
      if (back.isHere()) this.#taken(id, true);
    }
    this.#directory.asked(id, back);
  }

  /** Waits a moment for NATS; rejects with `unavailable` where it is not reached. */
  async #whenReady(): Promise<void> {
    await this.#health.ready();
    if (!this.#health.works) throw unavailable();
  }

  #lose(room: JetStreamRoom, how: "deleted" | "lost"): void {
    const { state } = room;
    if (this.#closeRoom(room) && state === "open") this.#events.gone(room.id, how);
  }

  #tick(): void {
    const now = performance.now();
    if (this.#ticks++ % 2 === 0) this.#health.ask(now);
    this.#health.judge();
    this.#queue.tick(now);
    if (!this.#health.works) return;
    this.#detector.prune(now);
    this.#directory.tick(now);
    this.#eraser.tick(now);
    const { probeMs, leaseMs } = this.#options;
    const compareEvery = Math.ceil(2 * COMPARE_EVERY_MS / probeMs);
    const sweep = this.#ticks % Math.ceil(leaseMs / probeMs) === 0;
    // A word of another node may be lost.
    if (sweep) this.revocations.read().catch(() => {});
    let turn = this.#ticks;
    let reads = 0;
    for (const room of this.#rooms.values()) {
      const due = room.lacking || ++turn % compareEvery === 0;
      if (due && ++reads <= READS_A_TICK) room.catchUp().catch(() => {});
      room.keepCharter();
      this.#reconcile(room);
      const orphans = sweep ? this.#orphansOf(room) : [];
      if (orphans.length > 0) this.#events.orphaned(room.id, orphans);
    }
  }

  /** Returns the members of a room whose node has died. */
  #orphansOf({ speakers }: JetStreamRoom): string[] {
    const now = performance.now();
    return [...speakers].flatMap(([id, { node }]) => this.#detector.isDead(node, now) ? [id] : []);
  }

  /** Announces again what the log of a room lacks, and closes it when no client here needs it. */
  #reconcile(room: JetStreamRoom): void {
    // An entry that is stored but not heard yet would seem to be missing.
    if (room.unreconciled && this.#health.works && !room.lacking) {
      this.#reconciler.reconcile(room, (id) => this.#queue.holds(id));
    }
    if (room.state === "released" && !room.unreconciled) this.#closeRoom(room);
  }

  /** Closes a room here, and answers the authors of awaited messages. Says whether it was open. */
  #closeRoom(room: JetStreamRoom): boolean {
    room.close();
    if (this.#rooms.get(room.id) !== room) return false;
    this.#rooms.delete(room.id);
    for (const [seq, draft] of this.#pending.close(room.id)) {
      this.#events.repeated(draft, seq, true);
    }
    this.#publisher.forgetRoom(room.id);
    return true;
  }

  /** Gives up a client that is at another node. One that `mayBeHere` again has to come back. */
  #taken(clientId: string, mayBeHere = false): void {
    if (this.#directory.has(clientId)) {
      for (const room of this.#rooms.values()) {
        if (room.announced.move(clientId)) room.unreconciled = true;
      }
    }
    this.#events.taken(clientId, undefined, mayBeHere);
  }

  #announce(room: Pick<StoredRoom, "id">, presence: Omit<PresenceDraft, "at" | "n">): void {
    this.append(room.id, { at: Date.now(), n: 0, ...presence });
  }
}
