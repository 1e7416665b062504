// This module runs in browsers: it needs no Deno.

/**
 * A room as one person sees it in the terminal chat: what was said, who is there, what is unread.
 *
 * @module
 */

import type {
  Acknowledgement,
  ChatClient,
  ChatRoom,
  RoomEvent,
  SendOptions,
} from "../../client.ts";
import { Conversation } from "../client/conversation/conversation.ts";
import { RoomCharter } from "../client/conversation/moderation.ts";
import type { AboutMessage, MessagePlace } from "./words/commands.ts";
import { mentions } from "./words/mentions.ts";
import { NAMELESS, Names } from "./words/names.ts";
import type { KnownPerson } from "./words/people.ts";
import type { Shown } from "./words/shown.ts";
import { Scrollback } from "./scrollback.ts";

/** The newest messages that commands can be about. */
const MOST_HELD = 1_000;

/** The most people who are remembered because their role was changed. */
const MOST_MODERATED = 200;

/** The member list of a room, with roles. */
export type MembersShown = Extract<Shown, { type: "members" }>;

/** One room of a terminal session. */
export class RoomView {
  /** The room. */
  readonly room: ChatRoom;
  /** The newest messages, as they are now. */
  readonly conversation: Conversation;
  /** The settings of the room and the roles in it. */
  readonly charter: RoomCharter;
  /** Names of the people in it. */
  readonly names = new Names();
  /** The lines that were shown, or are to be. */
  readonly scrollback = new Scrollback();
  /** The `seq` of the newest entry when it was entered. */
  readonly since: number;
  /** The `seq` of the last message that was said here, and of the last one that was deleted; 0 for none. */
  #said = 0;
  #deleted = 0;
  /** The messages of others that nobody has seen, and those among them with one's name. */
  unread = 0;
  mentioned = 0;
  /** The `seq` of the newest entry that was seen; 0 for none. */
  seen = 0;
  /** The `seq` of the newest entry that was taken. */
  #newest = 0;
  /** The `seq` of the oldest entry that was shown; undefined before the first. */
  oldest: number | undefined;
  /** Set while the lines are shown that came before somebody went there. */
  isArriving = false;
  /** Set while it is being left. */
  isLeaving = false;
  /** Settles when all events of the room were taken. */
  events: Promise<void> = Promise.resolve();
  readonly #chat: Pick<ChatClient, "clientId" | "name">;
  /** Set once the first unread message of history was found. */
  #isMarked = false;
  /** The name of who has removed this person. */
  #remover: string | undefined;
  /** The names of people whose role was changed, by what the charter calls them. */
  readonly #moderated = new Map<string, string>();

  /** Makes the view of a room that was just entered. */
  constructor(room: ChatRoom, chat: Pick<ChatClient, "clientId" | "name">) {
    this.room = room;
    this.since = room.head;
    this.#chat = chat;
    this.conversation = new Conversation(room, { most: MOST_HELD });
    this.charter = new RoomCharter(room, chat.clientId);
    this.names.meet(room.members.values());
  }

  /** Takes in an event, and adds to it what is known here of its people. */
  take(event: RoomEvent): Shown {
    this.charter.take(event);
    switch (event.type) {
      case "message":
      case "change": {
        this.names.know(event.from, event.name);
        const shown = this.#withMessage(event);
        this.conversation.take(event);
        if (event.type !== "message" || !this.#isNews(event)) return shown;
        return this.#calls(event.body) ? { ...shown, mention: true } as Shown : shown;
      }
      case "join":
      case "back":
        this.names.know(event.from, event.name);
        return event;
      case "rename": {
        const formerly = this.names.last(event.from);
        this.names.know(event.from, event.name);
        // While history is shown, members who are still here are known by their latest name only.
        return formerly === undefined || formerly === event.name ? event : { ...event, formerly };
      }
      case "role":
      case "kick":
        if (this.isRemovedBy(event)) this.#remover = this.names.of(event.from, event.name);
        return this.#withPerson(event);
      case "room":
        return { ...event, type: "settings" };
      case "gap":
      case "recovered":
        this.names.meet(this.room.members.values());
        this.conversation.take(event);
        return event;
      case "closed":
        return this.isLeaving
          ? { type: "left", name: this.room.name }
          : { ...event, name: this.room.name, ...(event.removed && this.#removal()) };
      default:
        return event;
    }
  }

  #removal(): { by?: string } {
    return this.#remover === undefined ? {} : { by: this.#remover };
  }

  /** Adds to the events of a page, which are older than those here, what is known of their people. */
  takeOlder(events: readonly RoomEvent[]): Shown[] {
    const older = new Conversation(this.room, { most: MOST_HELD });
    return events.map((event): Shown => {
      if ("from" in event && event.from !== "" && !this.names.knows(event.from)) {
        this.names.know(event.from, event.name);
      }
      if (event.type === "room") return { ...event, type: "settings" };
      if (event.type === "role" || event.type === "kick") return this.#withPerson(event);
      if (event.type !== "message" && event.type !== "change") return event;
      const shown = this.#withMessage(event, older);
      older.take(event);
      return shown;
    });
  }

  /** Says whether an event is the first message of history that this person has not read; once. */
  isFirstUnread(event: RoomEvent): boolean {
    if (event.type !== "message" || event.own || this.#isMarked) return false;
    const { read = 0 } = this.room.reply;
    if (read === 0 || event.seq <= read || event.seq > this.since) return false;
    this.#isMarked = true;
    return true;
  }

  /** Says whether somebody has been made to leave by an event, and this person is the one. */
  isRemovedBy(event: RoomEvent): boolean {
    if (event.type !== "kick" && !(event.type === "role" && event.role === "none")) return false;
    return event.seq > this.since && this.#idOf(event.to) === this.#chat.clientId;
  }

  /** Says whether an event is a message of somebody else that came after this person. */
  #isNews({ seq, own }: { seq: number; own: boolean }): boolean {
    return !own && seq > this.since;
  }

  #calls(body: string): boolean {
    const { name = NAMELESS } = this.#chat;
    return name !== NAMELESS && mentions(body, name);
  }

  #withMessage(
    event: Extract<RoomEvent, { type: "message" | "change" }>,
    older?: Conversation,
  ): Shown {
    if (event.re === undefined) return event;
    const about = this.conversation.messages.get(event.re) ?? older?.messages.get(event.re);
    return about === undefined ? event : { ...event, about: { ...about } };
  }

  #withPerson(event: Extract<RoomEvent, { type: "role" | "kick" }>): Shown {
    const id = this.#idOf(event.to);
    if (id !== undefined) {
      this.#moderated.delete(event.to);
      this.#moderated.set(event.to, this.names.of(id, this.names.last(id)));
      const [first] = this.#moderated.keys();
      if (this.#moderated.size > MOST_MODERATED) this.#moderated.delete(first!);
    }
    const label = this.#moderated.get(event.to);
    const own = id === this.#chat.clientId;
    return { ...event, target: { own, ...(label === undefined ? {} : { label }) } };
  }

  /** The client id of somebody that the charter names; undefined for who is not known here. */
  #idOf(to: string): string | undefined {
    for (const { clientId, sub } of this.room.members.values()) {
      if (to === clientId || to === sub) return clientId;
    }
    return to === this.#chat.clientId || this.names.knows(to) ? to : undefined;
  }

  /** The people that moderation can be about. */
  people(): KnownPerson[] {
    const here = [...this.room.members.values()].map(({ clientId, name, sub }) => ({
      to: sub ?? clientId,
      label: this.names.of(clientId, name),
    }));
    const known = new Set(here.map(({ to }) => to));
    const gone = [...this.#moderated].filter(([to]) => !known.has(to));
    return [...here, ...gone.map(([to, label]) => ({ to, label }))];
  }

  /** The member list at a time in milliseconds since 1970. */
  members(at: number): MembersShown {
    const { room, charter } = this;
    const own = this.#chat.clientId;
    const roles = charter.roles(at);
    const members = [...room.members.values()].map((member) => {
      const { clientId, sub } = member;
      const key = sub ?? clientId;
      const role = clientId === own ? charter.role(at) : roles.get(key);
      roles.delete(key);
      return role === undefined || role === "member" ? member : { ...member, role };
    });
    const absent = [...roles].filter(([, role]) => role !== "member").map(([to, role]) => {
      const label = this.#moderated.get(to);
      return { to, role, ...(label === undefined ? {} : { label }) };
    });
    return {
      type: "members",
      members,
      presence: room.presence,
      own,
      ...(absent.length === 0 ? {} : { absent }),
    };
  }

  /** Notes a line of the room, and whether somebody sees it. */
  note(shown: Shown, isSeen: boolean): void {
    this.scrollback.add(shown, isSeen);
    if (!("epoch" in shown)) return;
    this.oldest ??= shown.seq;
    this.#newest = shown.seq;
    if (isSeen) this.seen = Math.max(this.seen, shown.seq);
    else if (shown.type === "message" && this.#isNews(shown)) {
      this.unread++;
      if ("mention" in shown && shown.mention) this.mentioned++;
    }
  }

  /** Takes out the lines that nobody has seen, which are seen from now on. */
  see(): Shown[] {
    this.unread = this.mentioned = 0;
    this.seen = Math.max(this.seen, this.#newest);
    return this.scrollback.see();
  }

  /** Says something, and notes its place, which commands may be about before it is shown. */
  async say(text: string, options: SendOptions = {}): Promise<Acknowledgement> {
    const stored = await this.room.send(text, options);
    this.#said = Math.max(this.#said, stored.seq ?? 0);
    return stored;
  }

  /** Finds the message that a command is about, and returns what answers, changes or redacts it. */
  changeBy({ type, place, text }: AboutMessage): () => Promise<Acknowledgement> {
    const { conversation } = this;
    const seq = this.#seqOf(type, place);
    if (type === "delete") {
      this.#deleted = seq;
      if (seq === this.#said) this.#said = 0;
    }
    return () => {
      switch (type) {
        case "reply":
          return this.say(text, { replyTo: seq });
        case "edit":
          return conversation.edit(seq, text);
        case "delete":
          return conversation.redact(seq, text === "" ? {} : { reason: text });
        case "react":
          return conversation.react(seq, text);
        case "unreact":
          return conversation.unreact(seq, text);
      }
    };
  }

  /** The message that a command is about: the newest that it can be about unless a place is given. */
  #seqOf(
    type: AboutMessage["type"],
    place: MessagePlace | undefined,
  ): number {
    if (place !== undefined && "seq" in place) return place.seq;
    const all = [...this.conversation.messages.values()].filter(({ redacted }) => !redacted);
    const isMine = type === "edit" || type === "delete";
    const found = place !== undefined
      ? all.at(-place.back)
      : all.findLast(({ own, seq }) => own === isMine && seq !== this.#deleted) ??
        (isMine ? undefined : all.at(-1));
    // It may be in the log, and not be shown yet.
    const seq = isMine && place === undefined ? Math.max(this.#said, found?.seq ?? 0) : found?.seq;
    if (seq) return seq;
    throw new Error(`There is no message to ${type === "reply" ? "reply to" : type} here`);
  }
}
