/**
 * The frames of the wire, as types, and the limits they keep: what a client may
 * say, and what a server answers. PROTOCOL.md is the specification.
 *
 * @module
 */

import type { ErrorCode } from "./errors.ts";

export type { ErrorCode };

/** The WebSocket subprotocol of everything beyond the plain protocol. */
export const SUBPROTOCOL: string = "parley.v1";

/** The two ways of speaking: the plain one of one room and no `ref`, and `parley.v1`. */
export type Dialect = "plain" | "v1";

/** The largest message body, in bytes of UTF-8. */
export const MAX_BODY_BYTES: number = 65_536;

/**
 * The same as it stands in JSON. Only a body of control characters reaches it, which take six bytes
 * each: the runtime keeps a buffer as large as the largest frame for each connection, and all
 * members of a room would pay for one such body.
 */
export const MAX_BODY_JSON_BYTES: number = 2 * MAX_BODY_BYTES;

/**
 * The longest frame that is parsed at all, in UTF-16 units, and the largest one that a server
 * sends, in bytes of UTF-8: a body of the largest size in which every byte is written as `\u0000`,
 * and its envelope.
 */
export const MAX_FRAME_CHARS: number = 6 * MAX_BODY_BYTES + 1_024;

/** The longest name of a room or a person, in bytes of UTF-8. */
export const MAX_NAME_BYTES: number = 128;

/** The same in UTF-16 units: a name has no more of them than bytes. */
export const MAX_NAME_CHARS: number = MAX_NAME_BYTES;

/** The longest id, secret or `ref`, in UTF-16 units. */
export const MAX_WORD_CHARS: number = 128;

/** The most bodies in one `messages` frame. */
export const MAX_BATCH: number = 256;

/**
 * The most members that one frame names. The runtime keeps for each connection a buffer as large as
 * the largest frame it was sent: in one frame, the members of a room of 100 took 1.5 KiB of each of
 * them on average, for as long as it was connected.
 */
export const MAX_LISTED: number = 16;

/** The most entries of history a `join` may ask for with `last`. */
export const MAX_LAST: number = 10_000;

/** A client's own mark on a request; its reply carries the same one. */
export type Ref = string | number;

/** Fields that every request may have. */
export interface Request {
  /** The client's mark on it. */
  ref?: Ref;
}

/** `hello`: the first frame of `parley.v1`. */
export interface HelloFrame extends Request {
  /** The name of the request. */
  action: "hello";
  /** The name that others see. */
  name?: string;
  /** The secret of an earlier `connected`, to be the same client again. */
  session?: string;
  /** Its messages up to this number need no answer any more; missing where the client does not know. */
  n?: number;
  /** The greatest number that it has sent, with an answer or without; missing where it does not know. */
  sent?: number;
}

/** `create`: makes a room and joins it. */
export interface CreateFrame extends Request {
  /** The name of the request. */
  action: "create";
  /** The room's name. */
  name: string;
}

/** `join`: becomes a member, from now on or from an earlier place in the log. */
export interface JoinFrame extends Request {
  /** The name of the request. */
  action: "join";
  /** Which room, as it may have been typed. */
  roomId: string;
  /** The log's epoch as the client knows it; goes with `after`. */
  epoch?: string;
  /** The `seq` of the last entry the client has: go on behind it. */
  after?: number;
  /** The number of entries of history to begin with. */
  last?: number;
  /** Where the room is lost, make it again under the same id, with this name and a new epoch. */
  roomName?: string;
  /** The proof that the room is called so, from an earlier reply. */
  roomToken?: string;
}

/** `leave`: ends a membership. */
export interface LeaveFrame extends Request {
  /** The name of the request. */
  action: "leave";
  /** Which room; plain clients name none. */
  roomId?: string;
}

/** `message` and `messages`: one or several bodies for a room's log, in order. */
export interface MessageFrame extends Request {
  /** The name of the request. */
  action: "message" | "messages";
  /** Which room; plain clients name none. */
  roomId?: string;
  /** The client's number of the first body; the server counts where it is left out. */
  n?: number;
  /** The texts of the messages, in order. */
  bodies: string[];
}

/** `typing`: passed on to the others in the room, never stored. */
export interface TypingFrame extends Request {
  /** The name of the request. */
  action: "typing";
  /** Which room. */
  roomId: string;
}

/** `rename`: changes how others see this client. */
export interface RenameFrame extends Request {
  /** The name of the request. */
  action: "rename";
  /** The new name. */
  name: string;
}

/** `ping`: answered by `pong`. */
export interface PingFrame extends Request {
  /** The name of the request. */
  action: "ping";
}

/** `pong`: the answer to the server's `ping`, which has no answer itself. */
export interface PongFrame extends Request {
  /** The name of the request. */
  action: "pong";
}

/** `pause`: ends the connection without a word to the others, as the client will be back. */
export interface PauseFrame extends Request {
  /** The name of the request. */
  action: "pause";
  /** After how many milliseconds it will not come back any more; as long as the server allows unless given. */
  forMs?: number;
}

/** Everything a client may say, read and checked. */
export type ClientFrame =
  | HelloFrame
  | CreateFrame
  | JoinFrame
  | LeaveFrame
  | MessageFrame
  | TypingFrame
  | RenameFrame
  | PingFrame
  | PongFrame
  | PauseFrame;

/** The names of the actions, in the order of PROTOCOL.md. */
export const ACTIONS = [
  "hello",
  "create",
  "join",
  "leave",
  "message",
  "messages",
  "typing",
  "rename",
  "ping",
  "pong",
  "pause",
] as const;

/** The actions that plain clients have too. */
export const PLAIN_ACTIONS: ReadonlySet<string> = new Set(["create", "join", "leave", "message"]);

/** A person in a room. */
export interface MemberInfo {
  /** The public id of the client. */
  client_id: string;
  /** The name that others see, where the client has one. */
  name?: string;
  /** Set while the client has no connection and may still come back. */
  away?: true;
}

/** A message in a room's log. */
export interface MessageEntry {
  /** The place in the room's log; it only grows. */
  seq: number;
  /** When the server took it, in milliseconds since 1970. */
  at: number;
  /** The author's client id. */
  from: string;
  /** The author's number of this message. */
  n: number;
  /** The author's name, where there is one. */
  name?: string;
  /** The text of the message. */
  body: string;
}

/** Changes that a room's log tells besides messages. `quiet`: from here on the room is too large to log who comes and goes. */
export type PresenceEvent = "join" | "away" | "back" | "leave" | "rename" | "quiet";

/** Somebody came, went, or is called something else. */
export interface PresenceEntry {
  /** The place in the room's log. */
  seq: number;
  /** When it happened, in milliseconds since 1970. */
  at: number;
  /** The kind of change. */
  event: PresenceEvent;
  /** The client id it happened to; empty for `quiet`. */
  from: string;
  /** The name of the client, where there is one. */
  name?: string;
}

/** One place of a room's log, as it travels. */
export type Entry = MessageEntry | PresenceEntry;

/** A message that has no place in a log yet: see {@linkcode MessageEntry}. */
export interface MessageDraft extends Readonly<Omit<MessageEntry, "seq" | "name">> {
  /** The author's name, if there is one. */
  readonly name: string | undefined;
  /** The mark of the request that it came with, for answers; it is not stored. */
  readonly ref?: Ref | undefined;
}

/** A change that has no place in a log yet: see {@linkcode PresenceEntry}. */
export interface PresenceDraft extends Readonly<Omit<PresenceEntry, "seq" | "name">> {
  /** It is not numbered, and never repeated. */
  readonly n: 0;
  /** The name of the client, if there is one. */
  readonly name: string | undefined;
}

/** An entry that has no place in a log yet. */
export type Draft = MessageDraft | PresenceDraft;

/** The limits a server keeps, as it announces them. */
export interface Limits {
  /** Bytes of UTF-8 in a message body. */
  body_bytes: number;
  /** UTF-16 units in a name. */
  name_chars: number;
  /** Bytes of UTF-8 in a name; earlier servers did not tell. */
  name_bytes?: number;
  /** Bodies in one `messages` frame. */
  batch: number;
  /** Rooms one client may be in. */
  rooms: number;
  /** Bytes of UTF-8 in the largest frame that the server sends, or reads. */
  frame_bytes: number;
  /** Frames a second on average; missing where there is no limit, like all below. */
  rate?: number;
  /** The most frames at once. */
  burst?: number;
  /** Frames at once of a new client. */
  start?: number;
  /** The number of members that a frame is told to for its price: for twice as many it costs twice as much. */
  price_members?: number;
}

/** Fields that every answer may have. */
export interface Reply {
  /** The mark of the request. */
  ref?: Ref;
}

/** The answer to `hello`. */
export interface ConnectedFrame extends Reply {
  /** The outcome of the request. */
  status: "connected";
  /** The public id of the client. */
  client_id: string;
  /** The secret that makes a later `hello` the same client. */
  session: string;
  /** `true` where `hello` brought an earlier session back. */
  resumed: boolean;
  /** The number of the last message the server took from this client; 0 at first. */
  n: number;
  /** After how long without a word the server asks for one; it closes after two of these. In milliseconds. */
  heartbeat_ms: number;
  /** The bounds that the server sets. */
  limits: Limits;
  /** The same in words, for people. */
  message: string;
}

/** A request was carried out. Which fields there are depends on the request: see PROTOCOL.md. */
export interface SuccessFrame extends Reply {
  /** The outcome of the request. */
  status: "success";
  /** The same in words, for people. */
  message?: string;
  /** Which room. */
  room_id?: string;
  /** The name of the room. */
  room_name?: string;
  /** The proof for a server that has lost the room that it is called so. */
  room_token?: string;
  /** Names this life of the log: it changes when the log was lost. */
  epoch?: string;
  /** The `seq` of the newest entry, before anything the request itself adds. */
  seq?: number;
  /** The entries behind this `seq` follow: the cursor to come back with until one of them has come. */
  after?: number;
  /** Who is in the room; of many, those that no {@linkcode MembersFrame} before it has named. */
  members?: MemberInfo[];
  /** Says that the log tells who comes and goes; `false` in rooms too large for it. */
  presence?: boolean;
  /** The answer to `after`: `true` if nothing is missing behind it. */
  recovered?: boolean;
  /** The number of a message that was stored already, with `duplicate`. */
  n?: number;
  /** The message was stored before. */
  duplicate?: true;
}

/** A request was refused, and nothing has changed. */
export interface ErrorFrame extends Reply {
  /** The outcome of the request. */
  status: "error";
  /** The stable name of what went wrong. */
  code: ErrorCode;
  /** The same in words, for people. */
  message: string;
  /** The number of the refused message. */
  n?: number;
  /** Milliseconds after which trying again makes sense. */
  retry_after_ms?: number;
}

/** Members of a room that is being joined, where they are many: the reply behind it names the last of them. */
export interface MembersFrame {
  /** The name of the event. */
  event: "members";
  /** Which room. */
  room_id: string;
  /** Some of those who are in it. */
  members: MemberInfo[];
}

/** New entries of a room, oldest first. */
export interface EntriesFrame {
  /** The name of the event. */
  event: "entries";
  /** Which room. */
  room_id: string;
  /** The entries, oldest first. */
  entries: Entry[];
}

/** The entries from `from_seq` to `to_seq` fell off the log before this member could take them. */
export interface GapFrame {
  /** The name of the event. */
  event: "gap";
  /** Which room. */
  room_id: string;
  /** The first entry that is missing. */
  from_seq: number;
  /** The last entry that is missing. */
  to_seq: number;
}

/** Somebody is typing. */
export interface TypingEvent {
  /** The name of the event. */
  event: "typing";
  /** Which room. */
  room_id: string;
  /** Whose client id it is. */
  from: string;
  /** The name of that client, where there is one. */
  name?: string;
}

/** The server ends this connection; a close follows. */
export interface GoodbyeFrame {
  /** The name of the event. */
  event: "goodbye";
  /** The code of the close that follows: it can get lost. */
  code: number;
  /** Why, for people. */
  reason: string;
  /** Where coming back is welcome: after how many milliseconds, instead of a backoff. */
  retry_after_ms?: number;
}

/** The server has heard nothing for a heartbeat, and asks for a sign of life: a `pong` is enough. */
export interface PingEvent {
  /** The name of the event. */
  event: "ping";
}

/** The answer to `ping`. */
export interface PongEvent extends Reply {
  /** The name of the event. */
  event: "pong";
}

/** Everything a `parley.v1` server may say: answers have a `status`, all else has an `event`. */
export type ServerFrame =
  | (ConnectedFrame | SuccessFrame | ErrorFrame) & { event?: undefined }
  | (MembersFrame | EntriesFrame | GapFrame | TypingEvent | GoodbyeFrame | PingEvent | PongEvent)
    & {
      status?: undefined;
    };
