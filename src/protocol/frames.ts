/**
 * The frames of the wire as types, those of clients and those of servers.
 * PROTOCOL.md is the specification.
 *
 * @module
 */

import type { ChangeDraft, ChangeEntry, ChangeParts, MessageNow, MessageParts } from "./changes.ts";
import type { ErrorCode } from "./errors.ts";
import type { AuthFrame, ConnectedFrame, ExpiringEvent, HelloFrame, RevokeFrame } from "./hello.ts";
import type { LinkEntry, LinkInfo, UnlinkEntry, UseEntry } from "./link_frames.ts";
import type {
  Author,
  KickEntry,
  ModerationDraft,
  ModerationFrame,
  OwnRole,
  RemovedFrame,
  RoleEntry,
  RoleInfo,
  RolesFrame,
  SettingsEntry,
  VoidEntry,
} from "./moderation.ts";
import type {
  HistoryFrame,
  ReadEvent,
  ReadFrame,
  RoomsFrame,
  RoomSummary,
  SearchFrame,
} from "./reading.ts";
import type { ChangedSettings } from "./roles.ts";

export type {
  AuthFrame,
  ChangeDraft,
  ChangeEntry,
  ChangeParts,
  ConnectedFrame,
  ErrorCode,
  ExpiringEvent,
  HelloFrame,
  MessageNow,
  MessageParts,
  RevokeFrame,
};
export type { HistoryFrame, ReadEvent, ReadFrame, RoomsFrame, RoomSummary, SearchFrame };
export type * from "./link_frames.ts";
export type * from "./moderation.ts";
export type { ChangedSettings, Role } from "./roles.ts";
export * from "./limits.ts";

/** The WebSocket subprotocol of everything beyond the plain protocol. */
export const SUBPROTOCOL: string = "parley.v1";

/** The forms of the protocol: `plain`, of one room and no `ref`, and `v1`, which is `parley.v1`. */
export type Dialect = "plain" | "v1";

/** A client's own mark on a request; the reply repeats it. */
export type Ref = string | number;

/** Fields that every request may have. */
export interface Request {
  /** The client's mark on it. */
  ref?: Ref;
}

/** `create`: makes a room and joins it. */
export interface CreateFrame extends Request {
  /** The name of the request. */
  action: "create";
  /** The room's name. */
  name: string;
  /** The id of a named room; one by chance unless given. */
  roomId?: string;
}

/** `join`: becomes a member, from now on or from an earlier position in the log. */
export interface JoinFrame extends Request {
  /** The name of the request. */
  action: "join";
  /** The id of the room, as somebody may have typed it. */
  roomId: string;
  /** The log's epoch as the client knows it; goes with `after`. */
  epoch?: string;
  /** The `seq` of the last entry that the client has. */
  after?: number;
  /** The number of entries of history to begin with. */
  last?: number;
  /** The name with which a lost room is made again, under the same id and with a new epoch. */
  roomName?: string;
  /** The proof of that name, from an earlier reply. */
  roomToken?: string;
  /** The link that lets the client in. */
  link?: string;
}

/** `leave`: ends a membership. */
export interface LeaveFrame extends Request {
  /** The name of the request. */
  action: "leave";
  /** The id of the room; plain clients name none. */
  roomId?: string;
}

/** `message` and `messages`: one or several bodies for a room's log, in order. */
export interface MessageFrame extends Request {
  /** The name of the request. */
  action: "message" | "messages";
  /** The id of the room; plain clients name none. */
  roomId?: string;
  /** The client's number of the first body; the server counts where it is left out. */
  n?: number;
  /** The texts of the messages, in order. */
  bodies: string[];
  /** Parts that the one message of a `message` has besides its text; none unless given. */
  parts?: MessageParts;
  /** A change of an older message, in the place of all that; none unless given. */
  change?: ChangeParts;
}

/** `typing`: passed on to the others in the room, never stored. */
export interface TypingFrame extends Request {
  /** The name of the request. */
  action: "typing";
  /** The id of the room. */
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

/** `pong`: the answer to the server's `ping`; it gets none itself. */
export interface PongFrame extends Request {
  /** The name of the request. */
  action: "pong";
}

/** `pause`: ends the connection without telling the others, as the client will be back. */
export interface PauseFrame extends Request {
  /** The name of the request. */
  action: "pause";
  /** Milliseconds after which it will not come back; as many as the server allows unless given. */
  forMs?: number;
}

/** Every frame of a client, read and checked. */
export type ClientFrame =
  | HelloFrame
  | AuthFrame
  | RevokeFrame
  | CreateFrame
  | JoinFrame
  | LeaveFrame
  | MessageFrame
  | HistoryFrame
  | RoomsFrame
  | ReadFrame
  | SearchFrame
  | TypingFrame
  | RenameFrame
  | PingFrame
  | PongFrame
  | PauseFrame
  | ModerationFrame;

/** The names of the actions, in the order of PROTOCOL.md. */
export const ACTIONS = [
  "hello",
  "auth",
  "revoke",
  "create",
  "join",
  "leave",
  "message",
  "messages",
  "history",
  "rooms",
  "read",
  "search",
  "typing",
  "rename",
  "ping",
  "pong",
  "pause",
  "kick",
  "role",
  "room",
  "delete",
  "link",
  "unlink",
  "links",
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
  /** The `sub` of the client, where that is proved. */
  sub?: string;
  /** Set where a token says that it is a program. */
  bot?: true;
}

/** A message in a room's log. */
export interface MessageEntry {
  /** The position in the room's log; it only grows. */
  seq: number;
  /** The time at which the server took it, in milliseconds since 1970. */
  at: number;
  /** The author's client id. */
  from: string;
  /** The author's number of this message. */
  n: number;
  /** The author's name, where there is one. */
  name?: string;
  /** The `sub` of the author, where that is proved. */
  sub?: string;
  /** Set where a token says that the author is a program. */
  bot?: true;
  /** The text of the message. */
  body: string;
  /** A value for programs. */
  data?: unknown;
  /** The `seq` of the message that it answers, which is older. */
  re?: number;
  /** Its state since: in history only, and where something came of it. */
  now?: MessageNow;
}

/**
 * Changes that a room's log has besides messages.
 *
 * - `join`: a new member.
 * - `away`: its connection is lost, and it may still come back.
 * - `back`: it has come back.
 * - `leave`: it has left, or did not come back in time.
 * - `rename`: it is called `name` from now on.
 * - `quiet`: from here on the room is too large to log who comes and goes.
 */
export type PresenceEvent = "join" | "away" | "back" | "leave" | "rename" | "quiet";

/** Somebody came, went or has another name. */
export interface PresenceEntry {
  /** The position in the room's log. */
  seq: number;
  /** The time at which it happened, in milliseconds since 1970. */
  at: number;
  /** The kind of change. */
  event: PresenceEvent;
  /** The client id of that member; empty for `quiet`. */
  from: string;
  /** The name of the client, where there is one. */
  name?: string;
  /** The `sub` of the client, where that is proved. */
  sub?: string;
  /** Set where a token says that it is a program. */
  bot?: true;
}

/** An entry of a room's log, as it is on the wire. */
export type Entry =
  | MessageEntry
  | ChangeEntry
  | PresenceEntry
  | RoleEntry
  | KickEntry
  | SettingsEntry
  | LinkEntry
  | UnlinkEntry
  | UseEntry
  | VoidEntry;

/** A message that has no `seq` yet: see {@linkcode MessageEntry}. */
export interface MessageDraft
  extends
    Readonly<Omit<MessageEntry, "seq" | "name" | "sub" | "bot" | "data" | "re" | "now">>,
    MessageParts {
  /** The author's name, if there is one. */
  readonly name: string | undefined;
  /** The `sub` of the author, where that is proved. */
  readonly sub?: string | undefined;
  /** Set where a token says that the author is a program. */
  readonly bot?: true | undefined;
  /** The `ref` of its request, for the reply; it is not stored. */
  readonly ref?: Ref | undefined;
  /** The author, where more is known of it than its client id. */
  readonly by?: Author | undefined;
}

/** A change of presence that has no `seq` yet: see {@linkcode PresenceEntry}. */
export interface PresenceDraft
  extends Readonly<Omit<PresenceEntry, "seq" | "name" | "sub" | "bot">> {
  /** Presence has no number, and is never repeated. */
  readonly n: 0;
  /** The name of the client, if there is one. */
  readonly name: string | undefined;
  /** The `sub` of the client, where that is proved. */
  readonly sub?: string | undefined;
  /** Set where a token says that it is a program. */
  readonly bot?: true | undefined;
  /** The client, where more is known of it than its id. */
  readonly by?: Author | undefined;
}

/** A draft of a client, with its number. */
export type ClientDraft = MessageDraft | ChangeDraft;

/** An entry that has no `seq` yet. */
export type Draft = ClientDraft | PresenceDraft | ModerationDraft;

/** Fields that every answer may have. */
export interface Reply {
  /** The mark of the request. */
  ref?: Ref;
}

/** A request was carried out. PROTOCOL.md says which request is answered with which fields. */
export interface SuccessFrame extends Reply {
  /** The outcome of the request. */
  status: "success";
  /** The same in words, for people. */
  message?: string;
  /** The id of the room. */
  room_id?: string;
  /** The name of the room. */
  room_name?: string;
  /** The proof of that name, for a server that has lost the room. */
  room_token?: string;
  /** The name of this life of the log; a lost log begins another. */
  epoch?: string;
  /** The `seq` of the newest entry, before anything the request itself adds. */
  seq?: number;
  /** The `seq` after which entries follow: the cursor to come back with until one has come. */
  after?: number;
  /** The members of the room, except those that a {@linkcode MembersFrame} before has named. */
  members?: MemberInfo[];
  /** `false` where the room is quiet: too large to log who comes and goes. */
  presence?: boolean;
  /** The answer to `after`: `true` if nothing after it is missing. */
  recovered?: boolean;
  /** The read marker of this person in the room: it has read up to that `seq`. */
  read?: number;
  /** The rooms that the client is in. */
  rooms?: RoomSummary[];
  /** The entries of a page, in the order of the log. */
  entries?: Entry[];
  /** `true` where the log goes on behind that page, in the direction that was asked for. */
  more?: boolean;
  /** The `seq` before which a search goes on, where it has more to look at. */
  before?: number;
  /** The role of this client; missing where the store of the server knows no roles. */
  you?: OwnRole;
  /** The settings of the room that differ from those of a new one, where any do. */
  settings?: ChangedSettings;
  /** For moderators: the roles that the log gives, except those that a {@linkcode RolesFrame} before has named. */
  roles?: RoleInfo[];
  /** The link that was made, or by which this client has come in; of a room that it has made, its owner link. */
  link?: string;
  /** The id of the link that was made. */
  id?: string;
  /** The links into the room. */
  links?: LinkInfo[];
  /** The number of a message that was stored already, with `duplicate`. */
  n?: number;
  /** The message was stored before. */
  duplicate?: true;
  /** The time before which tokens are revoked, in seconds since 1970. */
  issued_before?: number;
  /** The `sub` of the new token. */
  sub?: string;
  /** Milliseconds until the new token ends, where it does. */
  expires_in_ms?: number;
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

/** Members of a large room that is being joined: the reply that follows names the last. */
export interface MembersFrame {
  /** The name of the event. */
  event: "members";
  /** The id of the room. */
  room_id: string;
  /** Some of the members. */
  members: MemberInfo[];
}

/** New entries of a room, oldest first. */
export interface EntriesFrame {
  /** The name of the event. */
  event: "entries";
  /** The id of the room. */
  room_id: string;
  /** The entries, oldest first. */
  entries: Entry[];
}

/** The entries from `from_seq` to `to_seq` fell off the log before this member was sent them. */
export interface GapFrame {
  /** The name of the event. */
  event: "gap";
  /** The id of the room. */
  room_id: string;
  /** The `seq` of the first entry that is missing. */
  from_seq: number;
  /** The `seq` of the last entry that is missing. */
  to_seq: number;
}

/** Somebody is typing. */
export interface TypingEvent {
  /** The name of the event. */
  event: "typing";
  /** The id of the room. */
  room_id: string;
  /** The client id of whoever types. */
  from: string;
  /** The name of that client, where there is one. */
  name?: string;
}

/** The server ends this connection; a close follows. */
export interface GoodbyeFrame {
  /** The name of the event. */
  event: "goodbye";
  /** The code of the close that follows, as that can get lost. */
  code: number;
  /** The reason, for people. */
  reason: string;
  /** Milliseconds after which this client is asked to come back, instead of a backoff. */
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

/** Everything a `parley.v1` server may say: replies have a `status`, all else has an `event`. */
export type ServerFrame =
  | (ConnectedFrame | SuccessFrame | ErrorFrame) & { event?: undefined }
  | (
    | MembersFrame
    | RolesFrame
    | EntriesFrame
    | RemovedFrame
    | GapFrame
    | TypingEvent
    | ReadEvent
    | GoodbyeFrame
    | ExpiringEvent
    | PingEvent
    | PongEvent
  )
    & {
      status?: undefined;
    };
