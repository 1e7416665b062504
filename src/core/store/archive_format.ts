/**
 * The lines of an archive, each a JSON object with one key that says what it is. `docs/operate.md`
 * describes them. What a line says is checked as what clients say is: a store could not be opened
 * any more, or would hand it to people.
 *
 * @module
 */

import { decode } from "../../protocol/decode.ts";
import { ChatError } from "../../protocol/errors.ts";
import { describe, isFields, type RawFields } from "../../protocol/fields.ts";
import { MAX_BODY_BYTES, MAX_FRAME_CHARS, type MemberInfo } from "../../protocol/frames.ts";
import { MAX_LINKS } from "../../protocol/links.ts";
import type { RoleInfo } from "../../protocol/moderation.ts";
import { type ChangedSettings, isRole } from "../../protocol/roles.ts";
import { MAX_MEMBERS } from "../../protocol/roster.ts";
import { utf8Bytes, wellFormedJson } from "../../protocol/utf8.ts";
import type { ArchivedEntry, ArchivedHead, ArchivedMarker } from "./archive.ts";
import { MAX_ROLES } from "../authority/charter.ts";
import type { Came, StoredLink } from "../authority/link_list.ts";

/** The version of the format. */
export const ARCHIVE_VERSION = 1;

/** The longest line, in UTF-16 units: a room with all the members and roles that it may have. */
export const MAX_LINE_CHARS = 16_777_216;

/** The longest name that any version has allowed, and the longest name of a person, in UTF-16 units. */
const MAX_NAME = 1_024;
const MAX_PERSON = 1_024;

/** Ids of rooms, which are words in every store. */
const ROOM_ID = /^[\w-]{1,128}$/;

/** The kinds of changes of a message. */
const CHANGES = ["edit", "redact", "react", "unreact"];

/** A line of an archive: what it says, and what becomes known by it. */
export type ArchiveLine =
  | { readonly type: "room"; readonly head: ArchivedHead }
  | { readonly type: "entry"; readonly entry: ArchivedEntry }
  | { readonly type: "marker"; readonly marker: ArchivedMarker }
  | { readonly type: "begin" | "end" | "over" };

/** A file is no archive, or a broken one. */
export class ArchiveError extends Error {
  /** The number of the line, from 1. */
  readonly line: number;

  /** Makes an error about a line. */
  constructor(line: number, reason: string) {
    super(`line ${line}: ${reason}`);
    this.line = line;
  }
}

/** Writes the first line of an archive that is made at the time `at`, in milliseconds since 1970. */
export function encodeBegin(at: number): string {
  return JSON.stringify({ parley_archive: ARCHIVE_VERSION, at });
}

/** Writes the line of a room. */
export function encodeHead(head: ArchivedHead): string {
  const { id, name, settings, roles, links, came, members, quiet } = head;
  return JSON.stringify({ room: { id, name, settings, roles, links, came, members, quiet } });
}

/** Writes the line of an entry. */
export function encodeArchived({ text }: ArchivedEntry): string {
  return `{"entry":${text.trimEnd()}}`;
}

/** Writes the line of a marker. */
export function encodeMarker({ person, seq }: ArchivedMarker): string {
  return JSON.stringify({ marker: { person, seq } });
}

/** Writes the line behind a room. */
export function encodeEnd(entries: number, markers: number): string {
  return JSON.stringify({ end: { entries, markers } });
}

/** Writes the last line. */
export function encodeOver(rooms: number): string {
  return JSON.stringify({ rooms });
}

/** Reads the lines of an archive in their order. */
export class ArchiveReader {
  readonly #ids = new Set<string>();
  #lines = 0;
  #place: "start" | "between" | "room" | "over" = "start";
  #seq = 0;
  #entries = 0;
  #markers = 0;

  /** The number of lines so far. */
  get lines(): number {
    return this.#lines;
  }

  /** The ids of the rooms so far. */
  get ids(): ReadonlySet<string> {
    return this.#ids;
  }

  /**
   * Reads the next line.
   *
   * @throws {ArchiveError} where it is none that can stand here.
   */
  take(line: string): ArchiveLine {
    this.#lines++;
    try {
      return this.#take(line);
    } catch (error) {
      if (error instanceof ChatError) throw this.error(error.message);
      throw error instanceof SyntaxError ? this.error("it is no JSON") : error;
    }
  }

  /**
   * Ends with the file.
   *
   * @throws {ArchiveError} where more should have come.
   */
  end(): void {
    if (this.#place === "over") return;
    this.#lines++;
    throw this.error(`the file ends here, before its last line, {"rooms":…}`);
  }

  /** An error about the line that was read last. */
  error(reason: string): ArchiveError {
    return new ArchiveError(this.#lines, reason);
  }

  #take(line: string): ArchiveLine {
    if (this.#place === "room" && line.startsWith('{"entry":') && line.trimEnd().endsWith("}")) {
      const text = line.slice('{"entry":'.length, line.lastIndexOf("}")).trimEnd();
      return this.#entry(JSON.parse(text), text);
    }
    const fields: unknown = JSON.parse(line);
    if (!isFields(fields)) throw this.error(`it is no object, but ${describe(fields)}`);
    const [key = "", ...others] = Object.keys(fields);
    const place = this.#place;
    if (place === "start" && key === "parley_archive") return this.#begin(fields);
    if (place === "start") throw this.error("this is no archive: see docs/operate.md");
    if (others.length > 0) throw this.error(`it has more than one key: ${[key, ...others]}`);
    const value = fields[key];
    if (place === "between" && key === "room") return this.#room(fieldsIn(key, value));
    if (place === "between" && key === "rooms") return this.#over(value);
    if (place === "room" && key === "entry") return this.#entry(value, JSON.stringify(value));
    if (place === "room" && key === "marker") return this.#marker(fieldsIn(key, value));
    if (place === "room" && key === "end") return this.#end(fieldsIn(key, value));
    throw this.error(`${JSON.stringify(key)} cannot stand here`);
  }

  #begin({ parley_archive: version }: RawFields): ArchiveLine {
    if (version !== ARCHIVE_VERSION) {
      throw this.error(`version ${describe(version)} is not known, only ${ARCHIVE_VERSION}`);
    }
    this.#place = "between";
    return { type: "begin" };
  }

  #room({ id, name, settings, roles, links, came, members, quiet }: RawFields): ArchiveLine {
    if (typeof id !== "string" || !ROOM_ID.test(id)) throw wrong("id", "an id of a room", id);
    if (this.#ids.has(id)) throw this.error(`room ${id} was there before`);
    this.#ids.add(id);
    this.#place = "room";
    this.#seq = this.#entries = this.#markers = 0;
    const head: ArchivedHead = {
      id,
      name: textIn("name", name, MAX_NAME),
      settings: settingsIn(id, fieldsIn("settings", settings ?? {})),
      roles: listIn("roles", roles ?? [], MAX_ROLES).map(roleIn),
      ...(links === undefined ? {} : { links: listIn("links", links, MAX_LINKS).map(linkIn) }),
      ...(came === undefined ? {} : { came: listIn("came", came, MAX_ROLES).map(cameIn) }),
      members: listIn("members", members ?? [], MAX_MEMBERS).map(memberIn),
      ...(quiet === true ? { quiet } : {}),
    };
    return { type: "room", head };
  }

  #entry(value: unknown, text: string): ArchiveLine {
    const entry = fieldsIn("entry", value);
    if (this.#markers > 0) throw this.error("entries stand before markers");
    const seq = numberIn("seq", entry.seq, this.#seq + 1);
    checkEntry(entry);
    if (text.length > MAX_FRAME_CHARS) {
      throw this.error(
        `the entry is ${text.length} characters long, and at most ${MAX_FRAME_CHARS} may be`,
      );
    }
    this.#seq = seq;
    this.#entries++;
    // Its number is replaced where it stands.
    const ordered = text.startsWith(`{"seq":${seq},`) ? text : JSON.stringify({ seq, ...entry });
    return { type: "entry", entry: { seq, text: wellFormedJson(ordered) } };
  }

  #marker({ person, seq }: RawFields): ArchiveLine {
    const marker = {
      person: textIn("person", person, MAX_PERSON),
      seq: numberIn("seq", seq, 1),
    };
    if (marker.person === "") throw wrong("person", "a text that is not empty", person);
    if (marker.seq > this.#seq) {
      throw this.error(`the marker is beyond the last entry, ${this.#seq}`);
    }
    this.#markers++;
    return { type: "marker", marker };
  }

  #end({ entries, markers }: RawFields): ArchiveLine {
    if (entries !== this.#entries || markers !== this.#markers) {
      const found = `${this.#entries} entries and ${this.#markers} markers`;
      throw this.error(
        `the room should have ${entries} entries and ${markers} markers, not ${found}`,
      );
    }
    this.#place = "between";
    return { type: "end" };
  }

  #over(rooms: unknown): ArchiveLine {
    if (rooms !== this.#ids.size) {
      throw this.error(`there should be ${describe(rooms)} rooms, not ${this.#ids.size}`);
    }
    this.#place = "over";
    return { type: "over" };
  }
}

/** Checks what every reader of a log counts on. */
function checkEntry(entry: RawFields): void {
  const { at, from, name, sub, event, n, body, re } = entry;
  numberIn("at", at, 0);
  textIn("from", from, MAX_NAME);
  if (name !== undefined) textIn("name", name, MAX_NAME);
  if (sub !== undefined) textIn("sub", sub, MAX_NAME);
  if (event !== undefined) {
    textIn("event", event, MAX_NAME);
    if (event === "role") roleIn(entry);
    return;
  }
  numberIn("n", n, 1);
  if (re !== undefined || body === undefined) numberIn("re", re, 1);
  const words = body ?? entry.edit ?? "";
  if (typeof words !== "string") throw wrong(body === undefined ? "edit" : "body", "a text", words);
  if (utf8Bytes(words) > MAX_BODY_BYTES) {
    throw new ChatError("too_large", `a message has at most ${MAX_BODY_BYTES} bytes`);
  }
  if (body === undefined && CHANGES.filter((kind) => entry[kind] !== undefined).length !== 1) {
    throw new ChatError("invalid_frame", "the entry is no message, no change and no event");
  }
}

function settingsIn(roomId: string, settings: RawFields): ChangedSettings {
  if (Object.keys(settings).length === 0) return {};
  const frame = decode(
    JSON.stringify({ action: "room", body: { room_id: roomId, ...settings } }),
    "v1",
  );
  return frame.action === "room" ? frame.settings : {};
}

function roleIn(value: unknown): RoleInfo {
  const { to, role, until } = fieldsIn("role", value);
  if (!isRole(role)) throw wrong("role", "a role", role);
  return {
    to: textIn("to", to, MAX_NAME),
    role,
    ...(until === undefined ? {} : { until: numberIn("until", until, 0) }),
  };
}

function linkIn(value: unknown): StoredLink {
  const { id, role, until, uses, to, counts, ended } = fieldsIn("link", value);
  if (!isRole(role)) throw wrong("role", "a role", role);
  const used = Object.entries(fieldsIn("counts", counts ?? {}));
  return {
    id: textIn("id", id, MAX_NAME),
    role,
    ...(until === undefined ? {} : { until: numberIn("until", until, 0) }),
    ...(uses === undefined ? {} : { uses: numberIn("uses", uses, 1) }),
    ...(to === undefined ? {} : { to: textIn("to", to, MAX_NAME) }),
    ...(counts === undefined
      ? {}
      : { counts: Object.fromEntries(used.map(([key, count]) => [key, numberIn(key, count, 0)])) }),
    ...(ended === undefined
      ? {}
      : { ended: listIn("ended", ended, MAX_ROLES).map((one) => textIn("ended", one, MAX_NAME)) }),
  };
}

function cameIn(value: unknown): Came {
  const { to, id, role, until, unproven } = fieldsIn("came", value);
  if (!isRole(role)) throw wrong("role", "a role", role);
  return {
    to: textIn("to", to, MAX_NAME),
    id: textIn("id", id, MAX_NAME),
    role,
    ...(until === undefined ? {} : { until: numberIn("until", until, 0) }),
    ...(unproven === true ? { unproven } : {}),
  };
}

function memberIn(value: unknown): MemberInfo {
  const { client_id, name, away, sub, bot } = fieldsIn("member", value);
  return {
    client_id: textIn("client_id", client_id, MAX_NAME),
    ...(name === undefined ? {} : { name: textIn("name", name, MAX_NAME) }),
    ...(away === true ? { away } : {}),
    ...(sub === undefined ? {} : { sub: textIn("sub", sub, MAX_NAME) }),
    ...(bot === true ? { bot } : {}),
  };
}

function fieldsIn(name: string, value: unknown): RawFields {
  if (isFields(value)) return value;
  throw wrong(name, "an object", value);
}

function listIn(name: string, value: unknown, most: number): unknown[] {
  if (Array.isArray(value) && value.length <= most) return value;
  throw wrong(name, `a list of at most ${most}`, value);
}

function textIn(name: string, value: unknown, most: number): string {
  if (typeof value === "string" && value.length <= most) return value.toWellFormed();
  throw wrong(name, `a text of at most ${most} characters`, value);
}

function numberIn(name: string, value: unknown, least: number): number {
  if (typeof value === "number" && Number.isSafeInteger(value) && value >= least) return value;
  throw wrong(name, `a whole number of at least ${least}`, value);
}

function wrong(name: string, wanted: string, value: unknown): ChatError {
  return new ChatError("invalid_frame", `${name} must be ${wanted}, not ${describe(value)}`);
}
