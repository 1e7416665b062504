/**
 * The read markers of people, one record for each person, next to the records of clients. Every node
 * may write it; whoever is overtaken reads it again.
 *
 * @module
 */

import { createHash } from "node:crypto";
import { MAX_MARKERS } from "../../core/state/markers.ts";
import type { Marker, MarkerStore } from "../../core/store/store.ts";
import { unavailable } from "../cluster/publish_queue.ts";
import { asked } from "./asked.ts";
import type { JetStreamLink, StoredMessage } from "./link/link.ts";

/**
 * The record of a person: room id, epoch and `seq`, the room that was read last at the end. The first has
 * no room, and the person in the place of an epoch, as the subject tells no name: older versions take it
 * for the marker of a room that nobody asks for.
 */
type KeptMarkers = [roomId: string, epoch: string, seq: number][];

/** The part of the link to NATS that markers need. */
export type MarkersLink = Pick<JetStreamLink, "subject" | "last" | "publish">;

/** The surroundings of markers. */
export interface MarkersSetting {
  link: MarkersLink;
  /** Resolves when NATS is reached; rejects where it is not. */
  ready(): Promise<void>;
  /** Tells the other nodes of a marker that is stored. */
  say(person: string, roomId: string, marker: Marker): void;
}

/** The beginning of the names of such records. */
const PREFIX = "read-";

/** The most tries to write a record that other nodes write too. */
const MAX_TRIES = 8;

/** The markers, as one node reads and writes them. */
export class JetStreamMarkers implements MarkerStore {
  readonly #setting: MarkersSetting;
  /** The last write of each person that is not over. */
  readonly #writing = new Map<string, Promise<void>>();

  /** Makes the markers of a node. */
  constructor(setting: MarkersSetting) {
    this.#setting = setting;
  }

  load(person: string): Promise<ReadonlyMap<string, Marker>> {
    return asked(this.#load(person));
  }

  set(person: string, roomId: string, marker: Marker): Promise<void> {
    // One after the other: at the same time they would only overtake each other.
    const write = () => this.#set(person, roomId, marker);
    const before = this.#writing.get(person) ?? Promise.resolve();
    const set = before.then(write, write);
    this.#writing.set(person, set);
    const over = () => {
      if (this.#writing.get(person) === set) this.#writing.delete(person);
    };
    set.then(over, over);
    return asked(set);
  }

  async #load(person: string): Promise<ReadonlyMap<string, Marker>> {
    await this.#setting.ready();
    const kept = markersIn(await this.#setting.link.last(this.#subject(person)));
    return new Map(
      kept.flatMap(([roomId, epoch, seq]) => roomId === "" ? [] : [[roomId, { epoch, seq }]]),
    );
  }

  async #set(person: string, roomId: string, marker: Marker): Promise<void> {
    const { link, ready, say } = this.#setting;
    await ready();
    const subject = this.#subject(person);
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const record = await link.last(subject);
      const kept = markersIn(record);
      const known = kept.find(([id, epoch]) => id === roomId && epoch === marker.epoch);
      if (known !== undefined && known[2] >= marker.seq) return;
      const others = kept.filter(([id]) => id !== roomId && id !== "").slice(1 - MAX_MARKERS);
      const next: KeptMarkers = [
        ["", person, 0],
        ...others,
        [roomId, marker.epoch, marker.seq],
      ];
      const expectedLastSeq = record?.seq ?? 0;
      const { type } = await link.publish(subject, JSON.stringify(next), { expectedLastSeq });
      if (type === "stored") return say(person, roomId, marker);
      if (type !== "overtaken") break;
    }
    throw unavailable("The read marker cannot be stored now");
  }

  /** Names the subject of a person; whatever the person is called, it is one word. */
  #subject(person: string): string {
    const digest = createHash("sha256").update(person).digest("hex");
    return this.#setting.link.subject("client", `${PREFIX}${digest}`);
  }
}

/** Reads a record of {@linkcode JetStreamLink.records}; the person is undefined where an older version wrote it. */
export function readMarkers(
  text: string,
): { person: string | undefined; markers: KeptMarkers } {
  const kept: KeptMarkers = JSON.parse(text);
  return {
    person: kept.find(([id]) => id === "")?.[1],
    markers: kept.filter(([id]) => id !== ""),
  };
}

/** Says whether a record of a client is one of markers. */
export function isOfMarkers(of: string): boolean {
  return of.startsWith(PREFIX);
}

function markersIn(record: Pick<StoredMessage, "text"> | undefined): KeptMarkers {
  return record === undefined ? [] : JSON.parse(record.text);
}
