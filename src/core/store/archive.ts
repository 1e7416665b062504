/**
 * An archive: rooms on their way from one store to another. A store that can give its rooms away is a
 * source, one that takes them a target; between the two they are lines of a file: see
 * `archive_format.ts`.
 *
 * @module
 */

import { encodeVoid, timestampOf, withoutSeq, withSeq } from "../../protocol/encode.ts";
import type { MemberInfo } from "../../protocol/frames.ts";
import type { RoleInfo } from "../../protocol/moderation.ts";
import type { ChangedSettings } from "../../protocol/roles.ts";
import type { Charter } from "../authority/charter.ts";
import type { Came, StoredLink } from "../authority/link_list.ts";

/** A room without its entries and markers. */
export interface ArchivedHead {
  /** The id, which it keeps. */
  readonly id: string;
  /** The name. */
  readonly name: string;
  /** The settings that differ from those of a new room. */
  readonly settings: ChangedSettings;
  /** The roles that its log gives, or gave before it dropped that. */
  readonly roles: readonly RoleInfo[];
  /** The links that count; where they are missing, the owner link alone. */
  readonly links?: readonly StoredLink[];
  /** The people who came by links. */
  readonly came?: readonly Came[];
  /** The members at its head. */
  readonly members: readonly MemberInfo[];
  /** Set where it is too large to log who comes and goes. */
  readonly quiet?: true;
}

/** An entry, as text of JSON that begins with its `seq`. */
export interface ArchivedEntry {
  readonly seq: number;
  readonly text: string;
}

/** The place up to which somebody has read. */
export interface ArchivedMarker {
  /** The person, as the hub calls it. */
  readonly person: string;
  readonly seq: number;
}

/** A room as a source gives it: its parts are of one moment, as long as they are read one after the other. */
export interface ArchivedRoom {
  readonly head: ArchivedHead;
  /** Its entries, oldest first, some at a time. */
  entries(): AsyncIterable<readonly ArchivedEntry[]>;
  /** Its read markers, some at a time. */
  markers(): AsyncIterable<readonly ArchivedMarker[]>;
}

/** Makes the head of a room of what its store has; without a charter, nothing was ever changed. */
export function headOf(
  { id, name, members, quiet }: {
    id: string;
    name: string;
    members: Iterable<MemberInfo>;
    quiet?: boolean;
  },
  charter: Charter | undefined,
): ArchivedHead {
  const { settings = {}, roles = [], ...links } = charter?.toJSON() ?? {};
  return {
    ...{ id, name, settings, roles },
    ...links,
    members: [...members],
    ...(quiet ? { quiet } : {}),
  };
}

/** A store that gives its rooms away, one after the other. */
export interface ArchiveSource {
  /** The ids of all rooms. */
  rooms(): AsyncIterable<string>;
  /** Reads a room; undefined where there is none, or none any more. */
  read(id: string): Promise<ArchivedRoom | undefined>;
  /** Ends the interest in the store. */
  close(): Promise<void>;
}

/** A room on its way into a store. Nobody sees it before `end` resolves. */
export interface RoomWriter {
  /** Adds the next entries, at most 1,000. Their numbers become others. */
  add(entries: readonly ArchivedEntry[]): Promise<void>;
  /** Adds markers behind all entries, at most 1,000. */
  mark(markers: readonly ArchivedMarker[]): Promise<void>;
  /** Makes it a room like any other. */
  end(): Promise<void>;
}

/** A store that takes rooms. */
export interface ArchiveTarget {
  /** Says whether a room of that id can be taken, is there, or was deleted. */
  look(id: string): Promise<"free" | "taken" | "deleted">;
  /** Begins to take a room; an earlier attempt may have left something of it. */
  begin(head: ArchivedHead): Promise<RoomWriter>;
  /** Ends the interest in the store. */
  close(): Promise<void>;
}

/** The most entries or markers that go into a store at once. */
export const ARCHIVE_BATCH = 1_000;

/** Entries that had `seq`s one behind the other, and have again. */
interface Run {
  readonly old: number;
  readonly now: number;
  count: number;
}

/** The new `seq`s of entries, as runs: most logs have no holes, and are one. */
export class SeqMap {
  readonly #runs: Run[] = [];

  /** Notes the next entry: both numbers are greater than all before. */
  add(old: number, now: number): void {
    const last = this.#runs.at(-1);
    if (last !== undefined && last.old + last.count === old && last.now + last.count === now) {
      last.count++;
    } else this.#runs.push({ old, now, count: 1 });
  }

  /** The new `seq` of an entry; of one that is not there, one that no entry has, and 0 where there is none. */
  of(old: number): number {
    const run = this.#at(old);
    if (run !== undefined && old < run.old + run.count) return run.now + old - run.old;
    const before = (this.#runs[0]?.now ?? 1) - 1;
    return Math.min(old, before);
  }

  /** The new place of somebody who has read up to `old`; 0 where that is before everything. */
  upTo(old: number): number {
    const run = this.#at(old);
    if (run === undefined) return this.of(old);
    return run.now + Math.min(old - run.old, run.count - 1);
  }

  /** The last run that begins at `old` or before. */
  #at(old: number): Run | undefined {
    let [low, high] = [0, this.#runs.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#runs[middle]!.old <= old) low = middle + 1;
      else high = middle;
    }
    return this.#runs[low - 1];
  }
}

/** The `re` of an entry where it stands on its own: in a text it would be escaped. */
const RE = /,"re":(\d+)/;

/** The `seq` of the message that an entry is about; undefined for most. */
export function aboutIn(text: string): number | undefined {
  const [, re] = RE.exec(text) ?? [];
  return re === undefined ? undefined : Number(re);
}

/**
 * Writes an entry with another `seq`, and that of the message that it is about. An answer to what
 * can be nowhere is a message, and a change of it is void.
 */
export function renumbered({ text }: ArchivedEntry, seq: number, places: SeqMap): string {
  const about = aboutIn(text);
  if (about === undefined) return withSeq(seq, withoutSeq(text));
  const re = places.of(about);
  if (re > 0) return withSeq(seq, withoutSeq(text).replace(RE, `,"re":${re}`));
  if ("body" in JSON.parse(text)) return withSeq(seq, withoutSeq(text).replace(RE, ""));
  return encodeVoid(seq, timestampOf(text));
}
