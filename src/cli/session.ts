/**
 * One person's session of the terminal chat: lines go to rooms, and events to the screen.
 *
 * @module
 */

import {
  type Acknowledgement,
  type ChatClient,
  type ChatRoom,
  type RoomEvent,
  SendError,
  type Status,
} from "../../client.ts";
import { Conversation } from "../client/conversation.ts";
import { reasonOf } from "../protocol/errors.ts";
import { MAX_BODY_BYTES } from "../protocol/frames.ts";
import { utf8Bytes } from "../protocol/utf8.ts";
import { type Command, COMMAND_HELP, type MessagePlace, parseCommand } from "./commands.ts";
import type { Line } from "./editor.ts";
import { Names } from "./names.ts";
import { invitationTo, type Look, type Shown, statusLine, toJson, toText } from "./render.ts";
import type { Screen } from "./terminal.ts";

/** Settings of a session. */
export interface SessionOptions {
  /** The command with which others join a room. */
  joinCommand: (roomId: string) => string;
  /** The number of entries of history that a joined room begins with. */
  last: number;
  /** The look of lines of text; without it, JSON is shown. */
  look?: Look;
  /** Takes errors instead of the screen. */
  complain?: (line: string) => void;
}

/** The newest messages that commands can be about. */
const MOST_HELD = 1_000;

/** A command about a message. */
type AboutMessage = Extract<Command, { place?: MessagePlace }>;

/** The most messages that are not acknowledged; the next line waits. */
const MAX_UNSENT = 512;

/** Milliseconds without an acknowledgement after which the prompt shows it. */
const PROMPT_MS = 300;

/** Milliseconds for which the end waits for acknowledgements, and then for events to be shown. */
const LEAVE_MS = 2_000;

/** Milliseconds between two updates of the countdown to the next attempt. */
const COUNT_MS = 1_000;

const PROMPT = "> ";

/** A conversation, in one room after the other. */
export class TerminalSession {
  readonly #chat: ChatClient;
  readonly #screen: Screen;
  readonly #options: SessionOptions;
  readonly #stop = new AbortController();
  readonly #stopped: Promise<void>;
  #room: ChatRoom | undefined;
  /** The newest messages of that room, as they are now. */
  #conversation: Conversation | undefined;
  /** The `seq` of the last message that was said there, and of the last one that was deleted; 0 for none. */
  #said = 0;
  #deleted = 0;
  /** Names of the people in that room. */
  readonly #names = new Names();
  /** Settles when all events of the room were shown. */
  #events: Promise<void> = Promise.resolve();
  readonly #unsent = new Set<Promise<void>>();
  #promptTimer: ReturnType<typeof setTimeout> | undefined;
  #countdown: ReturnType<typeof setInterval> | undefined;
  #leaving = false;
  /** Set once nothing more is shown. */
  #isGone = false;
  #exitCode = 0;
  /** The failure of work that nobody waits for. */
  #failure: unknown;

  /** Makes a session for a client that is connected. */
  constructor(chat: ChatClient, screen: Screen, options: SessionOptions) {
    this.#chat = chat;
    this.#screen = screen;
    this.#options = options;
    const { signal } = this.#stop;
    this.#stopped = new Promise((resolve) => signal.addEventListener("abort", () => resolve()));
  }

  /** Ends the conversation now. */
  stop(): void {
    this.#stop.abort();
  }

  /** Talks until the input ends, leaves, and returns the exit code of the program. */
  async run(room: ChatRoom): Promise<number> {
    const statuses = this.#guard(this.#showStatuses());
    await this.#enter(room);
    await this.#updatePrompt();
    for await (const line of this.#screen.lines(this.#stop.signal)) {
      if (this.#stop.signal.aborted || !await this.#act(line)) break;
    }
    await this.#leave();
    await statuses;
    if (this.#failure !== undefined) throw this.#failure;
    return this.#exitCode;
  }

  /** Carries out a line; returns false for the last one. */
  async #act({ text, literal }: Line): Promise<boolean> {
    if (utf8Bytes(text) > MAX_BODY_BYTES) {
      await this.#fail(`Not sent: the line is longer than ${MAX_BODY_BYTES} bytes`, text);
      return true;
    }
    const command: Command = literal ? { type: "say", text } : parseCommand(text);
    try {
      await this.#perform(command);
    } catch (error) {
      if (!this.#stop.signal.aborted) await this.#fail(reasonOf(error));
    }
    return command.type !== "quit";
  }

  async #perform(command: Command): Promise<void> {
    const { signal } = this.#stop;
    switch (command.type) {
      case "nothing":
      case "quit":
        return;
      case "say":
        return await this.#say(command.text);
      case "join": {
        const { last } = this.#options;
        return await this.#enter(await this.#chat.joinRoom(command.roomId, { signal, last }));
      }
      case "create":
        return await this.#enter(await this.#chat.createRoom(command.name, { signal }));
      case "leave":
        return await this.#exit(this.#here());
      case "who": {
        const { members, presence } = this.#here();
        const own = this.#chat.clientId;
        return await this.#show({
          type: "members",
          members: [...members.values()],
          presence,
          own,
        });
      }
      case "reply":
      case "edit":
      case "delete":
      case "react":
      case "unreact":
        return await this.#change(command);
      case "nick":
        return await this.#chat.rename(command.name, { signal });
      case "help":
        return await this.#show({ type: "help", text: COMMAND_HELP });
      case "wrong":
        return await this.#fail(command.message);
      default:
        command satisfies never;
    }
  }

  #here(): ChatRoom {
    if (this.#room !== undefined) return this.#room;
    throw new Error("You are in no room: /join ID or /create NAME");
  }

  /** Enters a room, and leaves the one before. */
  async #enter(room: ChatRoom): Promise<void> {
    const before = this.#room;
    if (room === before) throw new Error("You are in this room already");
    if (before !== undefined) await this.#exit(before);
    this.#room = room;
    this.#conversation = new Conversation(room, { most: MOST_HELD });
    this.#said = this.#deleted = 0;
    this.#names.meet(room.members.values());
    const { id: roomId, name } = room;
    await this.#show({
      type: "room",
      roomId,
      name,
      command: this.#options.joinCommand(roomId),
    });
    this.#events = this.#guard(this.#showEvents(room));
  }

  /** Leaves a room once everything said there is in its log, and shown. */
  async #exit(room: ChatRoom): Promise<void> {
    await Promise.race([Promise.all(this.#unsent), this.#stopped]);
    this.#room = undefined;
    try {
      await room.leave({ signal: this.#stop.signal });
    } catch (error) {
      this.#room = room;
      throw error;
    }
    await this.#events;
  }

  async #say(text: string): Promise<void> {
    const room = this.#here();
    await this.#track(text, () => this.#note(room.send(text)));
  }

  /** Notes the place of a message, which commands may be about before it is shown. */
  async #note(sending: Promise<Acknowledgement>): Promise<Acknowledgement> {
    const stored = await sending;
    this.#said = Math.max(this.#said, stored.seq ?? 0);
    return stored;
  }

  /** Answers, changes or redacts a message, or reacts to it. */
  async #change({ type, place, text }: AboutMessage): Promise<void> {
    const room = this.#here();
    const conversation = this.#conversation!;
    // What was said just before may be what this is about.
    await Promise.race([Promise.all(this.#unsent), this.#stopped]);
    const seq = this.#seqOf(type, place);
    if (type === "delete") {
      this.#deleted = seq;
      if (seq === this.#said) this.#said = 0;
    }
    await this.#track(text, () => {
      switch (type) {
        case "reply":
          return this.#note(room.send(text, { replyTo: seq }));
        case "edit":
          return conversation.edit(seq, text);
        case "delete":
          return conversation.redact(seq, text === "" ? {} : { reason: text });
        case "react":
          return conversation.react(seq, text);
        case "unreact":
          return conversation.unreact(seq, text);
      }
    });
  }

  /** The message that a command is about: the newest that it can be about unless a place is given. */
  #seqOf(type: AboutMessage["type"], place: MessagePlace | undefined): number {
    if (place !== undefined && "seq" in place) return place.seq;
    const all = [...this.#conversation?.messages.values() ?? []].filter(({ redacted }) =>
      !redacted
    );
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

  /** Sends something, and shows in the prompt that it is not acknowledged. */
  async #track(text: string, send: () => Promise<Acknowledgement>): Promise<void> {
    const [oldest] = this.#unsent;
    if (this.#unsent.size >= MAX_UNSENT) await Promise.race([oldest, this.#stopped]);
    const sending = this.#guard(this.#send(text, send));
    this.#unsent.add(sending);
    sending.then(() => {
      this.#unsent.delete(sending);
      if (this.#unsent.size === 0) this.#guard(this.#updatePrompt());
    });
    if (this.#screen.interactive) {
      this.#promptTimer ??= setTimeout(() => this.#guard(this.#updatePrompt()), PROMPT_MS);
    }
  }

  async #send(text: string, send: () => Promise<Acknowledgement>): Promise<void> {
    try {
      await send();
    } catch (error) {
      const perhaps = error instanceof SendError && error.mayBeStored ? "Perhaps not" : "Not";
      await this.#fail(`${perhaps} sent: ${reasonOf(error)}`, text);
      if (error instanceof SendError) this.#guard(this.#correct(error, text));
    }
  }

  /** Shows that a message that was given up is stored after all. */
  async #correct({ outcome }: SendError, body: string): Promise<void> {
    const stored = await outcome;
    if (stored !== undefined && !this.#leaving) {
      await this.#show({ type: "sent", ...stored, body });
    }
  }

  /** Shows the number of unsent lines in the prompt: a line is shown itself once the log has it. */
  async #updatePrompt(): Promise<void> {
    clearTimeout(this.#promptTimer);
    this.#promptTimer = undefined;
    const { size } = this.#unsent;
    await this.#screen.setPrompt(size === 0 ? PROMPT : `${size} unsent ${PROMPT}`);
  }

  async #showEvents(room: ChatRoom): Promise<void> {
    for await (const event of room.events()) {
      if (this.#isGone) return;
      await this.#show(this.#told(room, event), room.id);
      if (event.type === "leave") this.#names.forget(event.from);
    }
  }

  /** Adds to an event what is known here of its member. */
  #told(room: ChatRoom, event: RoomEvent): Shown {
    switch (event.type) {
      case "message":
      case "change": {
        this.#names.know(event.from, event.name);
        const about = event.re === undefined
          ? undefined
          : this.#conversation?.messages.get(event.re);
        const shown = about === undefined ? event : { ...event, about: { ...about } };
        if (this.#room === room) this.#conversation?.take(event);
        return shown;
      }
      case "join":
      case "back":
        this.#names.know(event.from, event.name);
        return event;
      case "rename": {
        const formerly = this.#names.last(event.from);
        this.#names.know(event.from, event.name);
        // While history is shown, members who are still here are known by their latest name only.
        return formerly === undefined || formerly === event.name ? event : { ...event, formerly };
      }
      case "gap":
      case "recovered":
        this.#names.meet(room.members.values());
        if (this.#room === room) this.#conversation?.take(event);
        return event;
      case "role":
      case "kick": {
        const own = this.#chat.clientId;
        const members = [...room.members.values()];
        const member = members.find(({ clientId, sub }) =>
          event.to === clientId || event.to === sub
        );
        const id = member?.clientId ?? (this.#names.knows(event.to) ? event.to : undefined);
        const target = { own: (id ?? event.to) === own, ...(id === undefined ? {} : { id }) };
        return { ...event, target };
      }
      case "room":
        return { ...event, type: "settings" };
      case "closed":
        if (this.#room !== room || this.#leaving) return { type: "left", name: room.name };
        this.#room = undefined;
        this.#count();
        return event;
      default:
        return event;
    }
  }

  async #showStatuses(): Promise<void> {
    let isConnected = true;
    let wasLost = false;
    for await (const status of this.#chat.statuses()) {
      const lost = isConnected && status.type === "reconnecting";
      isConnected = status.type === "connected";
      wasLost ||= lost || status.type === "closed";
      if (this.#leaving || !wasLost) continue;
      await this.#show({ type: "status", status, ...(lost ? { lost } : {}) });
      await this.#keepStatus(status);
      if (status.type === "closed") {
        this.#exitCode = 1;
        this.stop();
      }
    }
    clearInterval(this.#countdown);
  }

  /** Shows the state of the connection, and counts down to the next attempt where there is none. */
  async #keepStatus(status: Status): Promise<void> {
    clearInterval(this.#countdown);
    const since = performance.now();
    const show = () => this.#screen.setStatus(statusLine(status, performance.now() - since));
    if (this.#screen.interactive && status.type === "reconnecting") {
      this.#countdown = setInterval(() => this.#guard(show()), COUNT_MS);
    }
    await show();
  }

  async #leave(): Promise<void> {
    const settled = Promise.all(this.#unsent);
    // A pipe can wait until it is told to stop; a person wants to be gone.
    if (!this.#screen.interactive) await Promise.race([settled, this.#stopped]);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LEAVE_MS);
    await Promise.race([settled, late]);
    clearTimeout(timer);
    this.#leaving = true;
    if (!this.#screen.interactive) await this.#hearOut();
    await this.#chat.close();
    await Promise.all(this.#unsent);
    // A pipe gets all events until then; for a person, a busy room would never end.
    const end = this.#screen.interactive
      ? setTimeout(() => this.#isGone = true, LEAVE_MS)
      : undefined;
    await this.#events;
    clearTimeout(end);
  }

  /** Leaves the room by a request: the reply comes after everything said, the history too. */
  async #hearOut(): Promise<void> {
    if (this.#chat.status.type !== "connected") return;
    const { signal } = this.#stop;
    // A failure does not matter: the client is closed next.
    await this.#room?.leave({ timeoutMs: LEAVE_MS, signal }).catch(() => {});
  }

  async #show(shown: Shown, roomId?: string): Promise<void> {
    const { look } = this.#options;
    const text = look === undefined ? toJson(shown, roomId) : this.#toText(shown, look);
    if (text !== undefined) await this.#screen.show(text);
    if (shown.type !== "room" || look === undefined) return;
    const invitation = invitationTo(shown);
    if (invitation !== undefined) await this.#screen.show(invitation, { whole: true });
  }

  #toText(shown: Shown, look: Look): string | undefined {
    const { columns } = this.#screen;
    // The last column is left free: some terminals begin the next row when it is filled.
    return toText(shown, look, { now: Date.now(), columns: columns - 1, names: this.#names });
  }

  /** Shows a failure, and goes on. */
  async #fail(message: string, body?: string): Promise<void> {
    this.#count();
    const { complain, look } = this.#options;
    const shown: Shown = { type: "error", message, ...(body === undefined ? {} : { body }) };
    if (complain === undefined || look === undefined) await this.#show(shown);
    else complain(this.#toText(shown, look) ?? message);
  }

  /** Counts a failure for the exit code: a program needs it, a person has seen it and went on. */
  #count(): void {
    if (!this.#screen.interactive || this.#leaving) this.#exitCode = 1;
  }

  /** Ends the session where work fails that nobody waits for. */
  #guard(work: Promise<void>): Promise<void> {
    return work.catch((error) => {
      this.#failure ??= error;
      this.stop();
    });
  }
}
