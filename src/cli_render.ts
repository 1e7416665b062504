// This module runs in browsers: it needs no Deno.

/**
 * What happened in the terminal chat, as a line of text or of JSON. Whatever comes from
 * others is made visible here, so that it can do nothing to a terminal.
 *
 * @module
 */

import type { MemberInfo, PresenceChange, RoomEvent, Status } from "../client.ts";
import { visible } from "./visible.ts";

/** Everything that is shown. */
export type Shown =
  | RoomEvent
  /** With the name somebody had before. */
  | PresenceChange & { formerly?: string }
  /** This person entered a room; others do so with the command. */
  | { type: "room"; roomId: string; name: string; command: string }
  /** This person left a room. */
  | { type: "left"; name: string }
  /** Who is here; `own` is the id of this person. */
  | { type: "members"; members: MemberInfo[]; presence: boolean; own: string }
  | { type: "status"; status: Status }
  | { type: "help"; text: string }
  /** Something that was perhaps not sent is in the log, at `seq`, or at 0 where only that is known. */
  | { type: "sent"; seq: number; body: string }
  /** Something did not work; `body` is what was not sent for that. */
  | { type: "error"; message: string; body?: string };

/** How things are shown. */
export interface Look {
  /** Whether to colour lines, with SGR sequences (ECMA-48, section 8.3.117). */
  colour: boolean;
  /** Writes a time, in milliseconds since 1970, as it is seen from now. */
  time: (at: number, now: number) => string;
}

/** What a line is about: a mark behind the time that nothing others say can imitate, and a colour. */
const KINDS = {
  other: { mark: " ", sgr: "" },
  own: { mark: ">", sgr: "32" },
  come: { mark: "+", sgr: "36" },
  go: { mark: "-", sgr: "36" },
  change: { mark: "~", sgr: "36" },
  note: { mark: ".", sgr: "2" },
  lost: { mark: "!", sgr: "33" },
  error: { mark: "!", sgr: "31" },
} as const;

/** How much of a message is repeated in an error about it. */
const EXCERPT_CHARS = 60;

/** One JSON object in one line, with the id of the room it is about. The escapes of `visible` are those of JSON, so that none is lost. */
export function toJson(shown: Shown, roomId?: string): string {
  return visible(JSON.stringify(roomId === undefined ? shown : { ...shown, roomId }));
}

/** One line, or the few lines of a list; undefined for what is not worth one. */
export function toText(shown: Shown, now: number, look: Look): string | undefined {
  const content = contentOf(shown);
  if (content === undefined) return undefined;
  const [kind, text, name] = content;
  const { mark, sgr } = KINDS[kind];
  const paint = (code: string, part: string) =>
    look.colour && code !== "" ? `\x1b[${code}m${part}\x1b[0m` : part;
  const time = paint("2", look.time("at" in shown ? shown.at : now, now));
  const said = name === undefined ? "" : `${paint("1", `${name}:`)} `;
  return `${time} ${paint(sgr, mark)} ${said}${paint(sgr, text)}`;
}

type Content = [kind: keyof typeof KINDS, text: string, name?: string];

function contentOf(shown: Shown): Content | undefined {
  switch (shown.type) {
    case "message":
      return [shown.own ? "own" : "other", visible(shown.body), nameOf(shown)];
    case "join":
      return ["come", shown.own ? "You joined" : `${nameOf(shown)} joined`];
    case "back":
      return ["come", shown.own ? "You are back" : `${nameOf(shown)} is back`];
    case "away":
      return ["go", shown.own ? "You were away" : `${nameOf(shown)} is away`];
    case "leave":
      return ["go", shown.own ? "You left" : `${nameOf(shown)} left`];
    case "rename":
      return ["change", renamed(shown)];
    case "quiet":
      return ["note", "From here on the room is too large to tell who comes and goes"];
    case "typing":
      return undefined;
    case "gap":
      return ["lost", `Some messages were lost: #${shown.fromSeq} to #${shown.toSeq}`];
    case "recovered":
      return shown.recovered ? undefined : ["lost", "The history before this point is gone"];
    case "closed":
      return ["error", `The room is closed: ${visible(shown.reason)}`];
    case "room": {
      const { name, roomId, command } = shown;
      return [
        "note",
        `Room ${visible(name)}: ${visible(roomId)}\nTo join it: ${visible(command)}`,
      ];
    }
    case "left":
      return ["go", `You left ${visible(shown.name)}`];
    case "members":
      return ["note", membersOf(shown)];
    case "status":
      return statusOf(shown.status);
    case "help":
      return ["note", `Commands\n${shown.text}`];
    case "sent":
      return ["note", visible(`Sent after all: ${excerptOf(shown.body)}`)];
    case "error": {
      const excerpt = shown.body === undefined ? "" : `: ${excerptOf(shown.body)}`;
      return ["error", visible(shown.message + excerpt)];
    }
    default:
      // A later client may tell more: what is not known is passed over.
      shown satisfies never;
      return undefined;
  }
}

function nameOf({ from, name }: { from: string; name?: string }): string {
  return visible(name ?? from);
}

function renamed(shown: PresenceChange & { formerly?: string }): string {
  if (shown.own) return `You are ${nameOf(shown)} now`;
  return `${visible(shown.formerly ?? shown.from)} is ${nameOf(shown)} now`;
}

function membersOf({ members, presence, own }: Extract<Shown, { type: "members" }>): string {
  if (!presence) return "The room is too large to tell who is here";
  const names = members.map(({ client_id, name, away }) =>
    visible(name ?? client_id) + (client_id === own ? " (you)" : away ? " (away)" : "")
  );
  return `${names.length} here: ${names.join(", ")}`;
}

function statusOf(status: Status): Content | undefined {
  switch (status.type) {
    case "idle":
    case "connecting":
      return undefined;
    case "connected":
      return ["note", "Connected again"];
    case "reconnecting":
      return ["note", `Reconnecting in ${(status.delayMs / 1_000).toFixed(1)} s`];
    case "closed": {
      const reason = status.reason === "" ? "" : `: ${visible(status.reason)}`;
      return status.willReconnect
        ? ["note", `Connection lost${reason}`]
        : ["error", `Connection closed${reason}`];
    }
    default:
      status satisfies never;
      return undefined;
  }
}

function excerptOf(body: string): string {
  return body.length > EXCERPT_CHARS ? `${body.slice(0, EXCERPT_CHARS)}…` : body;
}

/**
 * Makes a function that writes times as people read them: with the date where it is not
 * today's. The time zone is the one of the machine unless another is named.
 */
export function clock(timeZone?: string): Look["time"] {
  // Swedes write times as ISO 8601 does.
  const format = new Intl.DateTimeFormat("sv-SE", {
    dateStyle: "short",
    timeStyle: "medium",
    ...(timeZone === undefined ? {} : { timeZone }),
  });
  return (at, now) => {
    // Whatever a server sends for a time: what is none has no place on a calendar.
    if (!(Math.abs(at) <= 8.64e15)) return "--:--:--";
    const [date, time = ""] = format.format(at).split(" ");
    return format.format(now).startsWith(`${date} `) ? time : `${date} ${time}`;
  };
}
