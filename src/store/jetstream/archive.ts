/**
 * Rooms on their way out of the streams of NATS, and into them.
 *
 * @module
 */

import {
  aboutIn,
  ARCHIVE_BATCH,
  type ArchivedEntry,
  type ArchivedHead,
  type ArchivedMarker,
  type ArchivedRoom,
  type ArchiveSource,
  type ArchiveTarget,
  headOf,
  renumbered,
  type RoomWriter,
  SeqMap,
} from "../../core/store/archive.ts";
import { Charter } from "../../core/authority/charter.ts";
import { newEpoch } from "../../core/authority/ids.ts";
import type { StoreEvents, StoreOptions } from "../../core/store/store.ts";
import { withoutSeq } from "../../protocol/encode.ts";
import { asciiJson } from "../cluster/ascii_json.ts";
import { JetStreamLink } from "./link/link.ts";
import { isOfMarkers, JetStreamMarkers, readMarkers } from "./markers.ts";
import { isRoom, keptMeta, type RoomMeta, type Tombstone } from "./room_records.ts";
import { checkedNats, type NatsOptions, type NatsSettings } from "./options.ts";
import { epochOf } from "./room.ts";
import type { Snapshot } from "./snapshot.ts";
import { JetStreamStore } from "./store.ts";

/** Milliseconds until NATS has to be reached. */
const REACHED_MS = 10_000;

/** The most milliseconds of a question. */
const PATIENCE_MS = 10_000;

/** The milliseconds for which new streams remember ids of messages, at the least. */
const DEDUP_MS = 120_000;

/** Entries that are on their way at once: NATS takes them in their order. */
const AT_ONCE = 256;

/** Markers that are written at once. */
const MARKERS_AT_ONCE = 32;

/** The most UTF-16 units of a page. */
const PAGE_UNITS = 2_097_152;

/** The node that speaks for members which nobody knows: no node has this id, so that it is dead. */
const NOBODY = "archive";

/** Settings of the streams, for those that have to be made. */
type StreamLimits = Pick<StoreOptions, "logEntries" | "logAgeMs" | "graceMs">;

/** Connects to NATS, for one who only visits: the settings of its streams stay. */
async function connected(
  settings: NatsSettings,
  { logEntries, logAgeMs, graceMs }: StreamLimits,
  troubled: (reason: string) => void,
): Promise<JetStreamLink> {
  const whole = Promise.withResolvers<void>();
  const link = new JetStreamLink({
    ...settings,
    isGuest: true,
    ...{ logEntries, logAgeMs },
    dedupMs: Math.max(DEDUP_MS, 2 * graceMs),
    patienceMs: PATIENCE_MS,
  }, {
    whole: () => whole.resolve(),
    broken: (why) => whole.reject(new Error(`NATS is not reached: ${why}`)),
    wiped() {},
    refused: (_, why) => troubled(why),
    troubled,
  });
  const timer = setTimeout(() => whole.reject(new Error("NATS does not answer")), REACHED_MS);
  try {
    await whole.promise;
    return link;
  } catch (error) {
    await link.close();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** Opens the streams of NATS to read their rooms; servers may use them meanwhile. */
export async function natsSource(
  options: NatsOptions,
  limits: StoreOptions,
  troubled: (reason: string) => void,
): Promise<ArchiveSource> {
  const settings: NatsSettings = { ...checkedNats(options), isGuest: true };
  const link = await connected(settings, limits, troubled);
  const nothing = () => {};
  const events: StoreEvents = {
    stored: nothing,
    moderated: nothing,
    repeated: nothing,
    refused: nothing,
    failing: (reason) => reason === undefined || troubled(reason),
    troubled,
    relayed: nothing,
    orphaned: nothing,
    taken: nothing,
    read: nothing,
    revoked: nothing,
    gone: nothing,
  };
  return new JetStreamSource(link, new JetStreamStore(settings, events, limits), troubled);
}

/** The rooms of all nodes, each as this visitor sees it. */
class JetStreamSource implements ArchiveSource {
  readonly #link: JetStreamLink;
  readonly #store: JetStreamStore;
  readonly #troubled: (reason: string) => void;
  /** The markers of everybody by room and epoch, once they are read. */
  #markers: Map<string, ArchivedMarker[]> | undefined;

  constructor(link: JetStreamLink, store: JetStreamStore, troubled: (reason: string) => void) {
    this.#link = link;
    this.#store = store;
    this.#troubled = troubled;
  }

  async *rooms(): AsyncIterable<string> {
    for await (const { of, text } of this.#records("meta")) {
      // A probe is an empty text.
      const meta: RoomMeta | Tombstone | undefined = text === "" ? undefined : JSON.parse(text);
      if (!of.startsWith("-") && isRoom(meta) && meta.made === this.#link.made) yield of;
    }
  }

  async read(id: string): Promise<ArchivedRoom | undefined> {
    const room = await this.#store.open(id);
    if (room === undefined) return undefined;
    const { members, quiet } = room.roster;
    const { epoch } = room.log;
    return {
      head: headOf({ id, name: room.name, members: members.values(), quiet }, room.charter),
      entries: () => this.#entries(id, room.log.head),
      markers: () => this.#markersOf(id, epoch, room.log.head),
    };
  }

  async close(): Promise<void> {
    await Promise.all([this.#store.close(), this.#link.close()]);
  }

  async *#entries(id: string, head: number): AsyncIterable<ArchivedEntry[]> {
    try {
      let from = 0;
      for (let more = true; more;) {
        const query = { to: "newer", from, limit: ARCHIVE_BATCH, units: PAGE_UNITS } as const;
        const page = await this.#store.history.page(id, query);
        const entries = page.entries.filter(({ seq }) => seq <= head);
        if (entries.length > 0) yield entries;
        from = entries.at(-1)?.seq ?? head;
        more = page.more && from < head;
      }
    } finally {
      this.#store.release(id);
    }
  }

  async *#markersOf(id: string, epoch: string, head: number): AsyncIterable<ArchivedMarker[]> {
    this.#markers ??= await this.#readMarkers();
    const all = (this.#markers.get(`${id} ${epoch}`) ?? []).filter(({ seq }) => seq <= head);
    for (let i = 0; i < all.length; i += ARCHIVE_BATCH) yield all.slice(i, i + ARCHIVE_BATCH);
  }

  /** Reads the markers of everybody: there is one record for each person, with all its rooms. */
  async #readMarkers(): Promise<Map<string, ArchivedMarker[]>> {
    const byRoom = new Map<string, ArchivedMarker[]>();
    let nameless = 0;
    for await (const { of, text } of this.#records("client")) {
      if (!isOfMarkers(of)) continue;
      const { person, markers } = readMarkers(text);
      if (person === undefined) nameless++;
      else {
        for (const [id, epoch, seq] of markers) {
          const key = `${id} ${epoch}`;
          const known = byRoom.get(key);
          if (known === undefined) byRoom.set(key, [{ person, seq }]);
          else known.push({ person, seq });
        }
      }
    }
    if (nameless > 0) {
      this.#troubled(
        `the read markers of ${nameless} people are left out: they have read nothing since ` +
          "an earlier version, which did not note who they are",
      );
    }
    return byRoom;
  }

  async *#records(kind: "meta" | "client"): AsyncIterable<{ of: string; text: string }> {
    for (let seq = 1;;) {
      const records = await this.#link.records(kind, seq, ARCHIVE_BATCH);
      yield* records;
      if (records.length < ARCHIVE_BATCH) return;
      seq = records.at(-1)!.seq + 1;
    }
  }
}

/** Opens the streams of NATS to take rooms; servers may use them meanwhile. */
export async function natsTarget(
  options: NatsOptions,
  limits: StoreOptions,
  troubled: (reason: string) => void,
): Promise<ArchiveTarget> {
  const link = await connected(checkedNats(options), limits, troubled);
  return {
    async look(id) {
      const kept = await keptMeta(link, id);
      if (kept === undefined) return "free";
      if (!isRoom(kept.meta)) return "deleted";
      return kept.meta.made === link.made ? "taken" : "free";
    },
    begin: (head) => JetStreamWriter.begin(link, head),
    close: () => link.close(),
  };
}

/**
 * A room on its way into the stream. Its record comes last: without that, nobody knows of its
 * entries, and the next attempt removes them.
 */
class JetStreamWriter implements RoomWriter {
  readonly #link: JetStreamLink;
  readonly #head: ArchivedHead;
  readonly #subject: string;
  readonly #markers: JetStreamMarkers;
  readonly #places = new SeqMap();
  readonly #epoch = newEpoch((bytes) => crypto.getRandomValues(bytes));
  /** The `seq` of the newest entry on the subject before; and since. */
  readonly #after: number;
  #first = 0;
  #last = 0;
  #count = 0;

  private constructor(link: JetStreamLink, head: ArchivedHead, after: number) {
    this.#link = link;
    this.#head = head;
    this.#subject = link.subject("room", head.id);
    this.#after = this.#last = after;
    this.#markers = new JetStreamMarkers({ link, ready: () => Promise.resolve(), say() {} });
  }

  static async begin(link: JetStreamLink, head: ArchivedHead): Promise<JetStreamWriter> {
    const subject = link.subject("room", head.id);
    const last = await link.last(subject);
    if (last !== undefined) await link.purge(subject, last.seq);
    return new JetStreamWriter(link, head, last?.seq ?? 0);
  }

  async add(entries: readonly ArchivedEntry[]): Promise<void> {
    const waiting: { old: number; stored: Promise<number> }[] = [];
    const settle = async (upTo: number) => {
      while (waiting.length > 0 && waiting[0]!.old <= upTo) {
        const { old, stored } = waiting.shift()!;
        this.#note(old, await stored);
      }
    };
    for (const entry of entries) {
      // The new number of what it is about has to be known.
      await settle(aboutIn(entry.text) ?? 0);
      if (waiting.length === AT_ONCE) await settle(waiting[AT_ONCE / 2]!.old);
      // It is written without its number.
      const text = withoutSeq(renumbered(entry, 0, this.#places));
      // Whoever it is from: all of this was judged before.
      const options = aboutIn(text) === undefined ? {} : { about: asciiJson("") };
      const stored = this.#store(this.#subject, text, options);
      // One before it may fail first.
      stored.catch(() => {});
      waiting.push({ old: entry.seq, stored });
    }
    await settle(Infinity);
  }

  async mark(markers: readonly ArchivedMarker[]): Promise<void> {
    const epoch = epochOf(this.#epoch, this.#link.life);
    for (let i = 0; i < markers.length; i += MARKERS_AT_ONCE) {
      await Promise.all(
        markers.slice(i, i + MARKERS_AT_ONCE).map(async ({ person, seq: old }) => {
          const seq = this.#places.upTo(old);
          if (seq > 0) await this.#markers.set(person, this.#head.id, { epoch, seq });
        }),
      );
    }
  }

  async end(): Promise<void> {
    const { id, name, members, quiet = false } = this.#head;
    const link = this.#link;
    const kept = this.#count === 0 ? 0 : await link.count(this.#subject, this.#first);
    // The stream may keep fewer, but no others.
    const most = Math.min(this.#count, link.keptEntries);
    if (kept !== most) {
      throw new Error(`room ${id} has ${kept} entries instead of ${most}: is it imported twice?`);
    }
    const charter = Charter.from(this.#head).toJSON();
    const snapshot: Snapshot = {
      epoch: this.#epoch,
      seq: this.#last,
      quiet,
      members: members.map((member) => ({ ...member, speaker: { node: NOBODY, seq: this.#last } })),
      judged: charter === undefined ? {} : { charter },
    };
    await this.#store(link.subject("roster", id), JSON.stringify(snapshot));
    const { made } = link;
    const meta: RoomMeta = { name, epoch: this.#epoch, made, after: this.#after, at: Date.now() };
    const before = await keptMeta(link, id);
    const expectedLastSeq = before?.seq ?? 0;
    await this.#store(link.subject("meta", id), JSON.stringify(meta), { expectedLastSeq });
  }

  /** Notes the next entry that is stored. */
  #note(old: number, seq: number): void {
    if (seq <= this.#last) throw new Error(`room ${this.#head.id} is in another order in NATS`);
    this.#places.add(old, seq);
    this.#last = seq;
    this.#first ||= seq;
    this.#count++;
  }

  async #store(subject: string, text: string, options = {}): Promise<number> {
    const outcome = await this.#link.publish(subject, text, options);
    if (outcome.type === "stored") return outcome.seq;
    const reason = "reason" in outcome ? outcome.reason : "somebody else has made it meanwhile";
    throw new Error(`Room ${this.#head.id} cannot be stored: ${reason}`);
  }
}
