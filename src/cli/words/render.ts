// This module runs in browsers: it needs no Deno.

/**
 * Writes what happened in the terminal chat as a line of text or of JSON. Text from others is
 * escaped here, so that it can do nothing to a terminal.
 *
 * @module
 */

import type { Message, MessageChange, PresenceChange, Status } from "../../../client.ts";
import { escapeJson, escapeLines, escapeText } from "../../protocol/escape.ts";
import { shownName } from "../../protocol/names.ts";
import { expandTabs, wrap } from "./columns.ts";
import { kicked, removedFrom, roleChanged, settingsChanged } from "./moderation_words.ts";
import type { Names } from "./names.ts";
import { linkLines, membersOf, roomLine } from "./room_words.ts";
import type { About, Shown } from "./shown.ts";

/** The look of lines of text. */
export interface Look {
  /** `true`: colours lines, with SGR sequences (ECMA-48, section 8.3.117). */
  colour: boolean;
  /** Writes a time for a reader at `now`; both are in milliseconds since 1970. */
  time: (at: number, now: number) => string;
}

/** The time, the width and the names that lines are written with. */
export interface Setting {
  /** The time, in milliseconds since 1970. */
  now: number;
  /** The most columns of a row; infinite where there are no rows. */
  columns: number;
  /** Names of the people in the room. */
  names: Names;
}

/** Kinds of lines: each has a mark after the time, which no text can imitate, and a colour. */
const KINDS = {
  other: { mark: " ", sgr: "" },
  own: { mark: ">", sgr: "32" },
  mention: { mark: "*", sgr: "33" },
  come: { mark: "+", sgr: "36" },
  go: { mark: "-", sgr: "36" },
  change: { mark: "~", sgr: "36" },
  note: { mark: ".", sgr: "2" },
  lost: { mark: "!", sgr: "33" },
  error: { mark: "!", sgr: "31" },
} as const;

/** A room id that is one short word. */
const ROOM_ID = /^[\w-]{1,64}$/;

/** A link that is one word. */
const LINK = /^[\w.=%-]{1,2000}$/;

/** The most characters of a message that is answered or changed. */
const QUOTED_CHARS = 24;

/** The most UTF-16 units of a message that an error about it repeats. */
const EXCERPT_CHARS = 60;

/** Writes JSON in one line, with the id of the room it is about; escapes show what nobody sees. */
export function toJson(shown: Shown, roomId?: string): string {
  const { about: _, target: __, numbered: ___, ...told } = {
    about: undefined,
    target: undefined,
    numbered: undefined,
    ...shown,
  };
  return escapeJson(JSON.stringify(roomId === undefined ? told : { ...told, roomId }));
}

/**
 * Writes one line or several, all but the first indented: no text of others begins a row. Undefined
 * for what is not worth a line.
 */
export function toText(shown: Shown, look: Look, setting: Setting): string | undefined {
  const content = shown.type === "links"
    ? linksOf(shown, look, setting)
    : contentOf(shown, setting.names);
  if (content === undefined) return undefined;
  const [kind, lines, name] = content;
  const { mark, sgr } = KINDS[kind];
  const paint = (code: string, part: string) =>
    look.colour && code !== "" && part !== "" ? `\x1b[${code}m${part}\x1b[0m` : part;
  const time = look.time("sentAt" in shown ? shown.sentAt : setting.now, setting.now);
  const author = name === undefined ? "" : `${name}: `;
  const rows = rowsOf(author, lines, time.length + 3, setting.columns);
  let unsaid = author.length;
  const painted = rows.map((row) => {
    const bold = row.slice(0, unsaid);
    unsaid -= bold.length;
    return paint("1", bold) + paint(sgr, row.slice(bold.length));
  });
  return `${paint("2", time)} ${paint(sgr, mark)} ${
    painted.join(`\n${indentFor(setting.columns)}`)
  }`;
}

function linksOf(
  { links }: Extract<Shown, { type: "links" }>,
  { time }: Look,
  { now }: Setting,
): Content {
  return ["note", linkLines(links, (at) => time(at, now))];
}

/** Breaks lines into rows; the first row starts after `before` columns. */
function rowsOf(author: string, lines: string[], before: number, columns: number): string[] {
  if (columns === Infinity) return lines.map((line, i) => i === 0 ? author + line : line);
  const rest = Math.max(columns - indentFor(columns).length, 1);
  return lines.flatMap((line, i) =>
    i === 0
      ? wrap(author + expandTabs(line), rest, Math.max(columns - before, 1))
      : wrap(expandTabs(line), rest)
  );
}

/** The indent of the rows after the first: as wide as a time and a mark, where there is room. */
function indentFor(columns: number): string {
  return " ".repeat(columns < 32 ? 2 : 11);
}

/**
 * The line with the command that joins a room. People copy it, so that it must not be broken.
 * Undefined where the server's id of the room could pass for more than an id.
 */
export function invitationTo(
  shown: Extract<Shown, { type: "room" | "invitation" }>,
): string | undefined {
  const { roomId, command } = shown;
  if (!ROOM_ID.test(roomId)) return undefined;
  if (shown.type === "room") return `To join it: ${escapeText(command)}`;
  if (!LINK.test(shown.link)) return undefined;
  return `In a browser: ${escapeText(shown.url)}\nIn a terminal: ${escapeText(command)}`;
}

type Content = [kind: keyof typeof KINDS, lines: string[], name?: string];

function contentOf(
  shown: Exclude<Shown, { type: "links" }>,
  names: Names,
): Content | undefined {
  switch (shown.type) {
    case "message":
      return [kindOf(shown), linesOf(shown.body), authorOf(shown, names)];
    case "change":
      return changeOf(shown, names);
    case "join":
      return presence(shown, names, "come", "joined", "joined");
    case "back":
      return presence(shown, names, "come", "are back", "is back");
    case "away":
      return presence(shown, names, "go", "were away", "is away");
    case "leave":
      return presence(shown, names, "go", "left", "left");
    case "rename":
      return ["change", [renamed(shown, names)]];
    case "quiet":
      return ["note", ["From here on the room is too large to tell who comes and goes"]];
    case "typing":
      return undefined;
    case "gap":
      return ["lost", [`Some messages were lost: #${shown.fromSeq} to #${shown.toSeq}`]];
    case "recovered":
      return shown.recovered ? undefined : ["lost", ["The history before this point is gone"]];
    case "closed":
      if (shown.removed) return ["error", [removedFrom(shown)]];
      return ["error", [`The room is closed: ${escapeText(shown.reason)}`]];
    case "role":
      return ["change", [roleChanged(shown, names)]];
    case "kick":
      return ["change", [kicked(shown, names)]];
    case "settings": {
      const lines = settingsChanged(shown, names);
      return lines.length === 0 ? undefined : ["change", lines];
    }
    case "room":
      return ["note", [`Room ${shownName(shown.name)}: ${escapeText(shown.roomId)}`]];
    case "left":
      return ["go", [`You left ${shownName(shown.name)}`]];
    case "members":
      return ["note", membersOf(shown, names)];
    case "status":
      return statusOf(shown.status, shown.lost);
    case "topic":
      return ["note", [shown.topic === "" ? "No topic" : `Topic: ${escapeText(shown.topic)}`]];
    case "rooms":
      return ["note", shown.rooms.map(roomLine)];
    case "invitation":
      return ["note", [`Link ${escapeText(shown.id)}: whoever has it can come in`]];
    case "current":
      return ["note", [`Room ${shown.number}: ${shownName(shown.name)}`]];
    case "history":
      return ["note", [historyLine(shown)]];
    case "search":
      return ["note", [searchLine(shown)]];
    case "unread":
      return ["note", ["New messages:"]];
    case "note":
      return ["note", [escapeText(shown.text)]];
    case "help":
      return ["note", ["Commands", ...shown.text.split("\n")]];
    case "sent":
      return ["note", [escapeText(`Sent after all: ${excerptOf(shown.body)}`)]];
    case "error": {
      const excerpt = shown.body === undefined ? "" : `: ${excerptOf(shown.body)}`;
      return ["error", [escapeText(shown.message + excerpt)]];
    }
    default:
      // A later client may have more events: they are ignored here.
      shown satisfies never;
      return undefined;
  }
}

function presence(
  { own, from, name }: PresenceChange,
  names: Names,
  kind: keyof typeof KINDS,
  ownWords: string,
  words: string,
): Content {
  return [kind, [own ? `You ${ownWords}` : `${names.of(from, name)} ${words}`]];
}

function kindOf({ own, mention }: { own: boolean; mention?: true }): keyof typeof KINDS {
  return own ? "own" : mention ? "mention" : "other";
}

/** The author of a message, and the message that it answers. */
function authorOf(shown: Message & { about?: About; numbered?: true }, names: Names): string {
  const author = (shown.numbered ? `#${shown.seq} ` : "") + names.of(shown.from, shown.name);
  if (shown.re === undefined) return author;
  return `${author} (to ${messageOf(shown.about, shown.re, names)})`;
}

/** The words for a change of a message; undefined for one of a later version. */
function changeOf(shown: MessageChange & { about?: About }, names: Names): Content | undefined {
  const { own, from, name, re, edit, redact, reason, react, unreact, about } = shown;
  const who = own ? "You" : names.of(from, name);
  if (redact) {
    const whose = about === undefined || about.from === from
      ? "a message"
      : `a message of ${about.own ? "yours" : names.of(about.from, about.name)}`;
    return ["change", [`${who} deleted ${whose}${reason ? `: ${escapeText(reason)}` : ""}`]];
  }
  const what = messageOf(about, re, names);
  if (typeof edit === "string") {
    const [first = "", ...rest] = linesOf(edit);
    // Nobody changes what others said.
    const before = about === undefined ? what : quoted(about.body);
    return ["change", [`${who} changed ${before} to: ${first}`, ...rest]];
  }
  if (typeof react === "string") return ["note", [`${who}: ${escapeText(react)} to ${what}`]];
  if (typeof unreact !== "string") return undefined;
  return ["note", [`${who}: no ${escapeText(unreact)} to ${what} any more`]];
}

/** A few words of a message, in one line. */
function messageOf(about: About | undefined, seq: number, names: Names): string {
  if (about === undefined) return `#${seq}`;
  return `${about.own ? "you" : names.of(about.from, about.name)}: ${quoted(about.body)}`;
}

/** The first words of a text, in quotes. */
function quoted(body: string): string {
  const [line = ""] = body.split(/\r?\n/, 1);
  const characters = [...line];
  const isCut = characters.length > QUOTED_CHARS || line !== body;
  return `"${escapeText(characters.slice(0, QUOTED_CHARS).join(""))}${isCut ? "…" : ""}"`;
}

/** The lines of a message, without empty ones at its end. */
function linesOf(body: string): string[] {
  const lines = escapeLines(body);
  while (lines.length > 1 && lines.at(-1) === "") lines.pop();
  return lines;
}

function renamed(shown: PresenceChange & { formerly?: string }, names: Names): string {
  const { from, name, formerly, own } = shown;
  if (own) return `You are ${names.of(from, name)} now`;
  return `${names.of(from, formerly)} is ${names.of(from, name)} now`;
}

function historyLine({ events, more }: { events: number; more: boolean }): string {
  if (events === 0) return "There is nothing before that";
  return `Before that${more ? ", and there is more" : ""}:`;
}

function searchLine(
  { text, found, more }: { text: string; found: number; more: boolean },
): string {
  const count = `${found} ${found === 1 ? "message" : "messages"} with ${quoted(text)}`;
  return `${count}${more ? ", and there may be older ones" : ""}${found === 0 ? "" : ":"}`;
}

function statusOf(status: Status, lost = false): Content | undefined {
  switch (status.type) {
    case "idle":
    case "connecting":
      return undefined;
    case "reconnecting":
      return lost ? ["note", [`Connection lost${reasonIn(status)}`]] : undefined;
    case "connected":
      return ["note", ["Connected again"]];
    case "closed":
      return ["error", [`Connection closed${reasonIn(status)}`]];
    default:
      status satisfies never;
      return undefined;
  }
}

function reasonIn({ reason }: { reason: string }): string {
  return reason === "" ? "" : `: ${escapeText(reason)}`;
}

/** The beginning of a message, in one line. */
function excerptOf(body: string): string {
  const [line = ""] = body.split(/\r?\n/, 1);
  const excerpt = line.slice(0, EXCERPT_CHARS);
  return excerpt === body ? body : `${excerpt}…`;
}

/**
 * Makes a function that writes times for people: with the date where it is not today's, in the time
 * zone of the machine unless another is named.
 */
export function clock(timeZone?: string): Look["time"] {
  // Swedes write times as ISO 8601 does.
  const format = new Intl.DateTimeFormat("sv-SE", {
    dateStyle: "short",
    timeStyle: "medium",
    ...(timeZone === undefined ? {} : { timeZone }),
  });
  return (at, now) => {
    // A server may send anything for a time: outside of this range there is no date.
    if (!(Math.abs(at) <= 8.64e15)) return "--:--:--";
    const [date, time = ""] = format.format(at).split(" ");
    return format.format(now).startsWith(`${date} `) ? time : `${date} ${time}`;
  };
}
