/**
 * One person's session of the terminal chat: lines go to rooms, and events to the screen.
 *
 * @module
 */

import type { ChatClient, ChatRoom, Status } from "../../client.ts";
import { history, markRead } from "../client/conversation/conversation.ts";
import { reasonOf } from "../protocol/errors.ts";
import { MAX_BODY_BYTES } from "../protocol/frames.ts";
import { utf8Bytes } from "../protocol/utf8.ts";
import { type AboutMessage, type Command, COMMAND_HELP, parseCommand } from "./words/commands.ts";
import type { Completion } from "./screen/completion.ts";
import type { Line } from "./screen/editor.ts";
import { joinInvited, type WaysIn } from "./invite.ts";
import { foundLines, olderLines } from "./look_up.ts";
import { manage } from "./moderate.ts";
import { Names } from "./words/names.ts";
import type { PageMove } from "./screen/pager.ts";
import { HistoryReader } from "./reader.ts";
import { invitationTo, type Look, toJson, toText } from "./words/render.ts";
import { RoomList } from "./room_list.ts";
import { RoomView } from "./room_view.ts";
import type { Screen } from "./screen/screen.ts";
import type { Shown } from "./words/shown.ts";
import { offlineLine } from "./words/status.ts";
import { PROMPT, UnsentLines } from "./unsent.ts";

/** Settings of a session. */
export interface SessionOptions extends WaysIn {
  /** The number of entries of history that a joined room begins with. */
  last: number;
  /** `true`: rings the bell where somebody calls this person by name. */
  bell: boolean;
  /** The look of lines of text; without it, JSON is shown. */
  look?: Look;
  /** Takes errors instead of the screen. */
  complain?: (line: string) => void;
}

/** Milliseconds for which the end waits for acknowledgements, and then for events to be shown. */
const LEAVE_MS = 2_000;

/** The least milliseconds between two bells. */
const BELL_MS = 1_000;

/** Milliseconds between two updates of the countdown to the next attempt. */
const COUNT_MS = 1_000;

/** The names where there is no room. */
const NOBODY = new Names();

/** A conversation in one room or several. */
export class TerminalSession {
  readonly #chat: ChatClient;
  readonly #screen: Screen;
  readonly #options: SessionOptions;
  readonly #stop = new AbortController();
  readonly #stopped: Promise<void>;
  readonly #rooms = new RoomList();
  /** The line while there is no connection; empty otherwise. */
  #offline = "";
  /** Somebody who reads back. */
  #reader: HistoryReader | undefined;
  /** Settles when what is new was shown in the rooms where somebody went. */
  #arrivals: Promise<void> = Promise.resolve();
  /** No bell is rung before that time, on the monotonic clock. */
  #quietUntil = 0;
  #status = "";
  readonly #unsent: UnsentLines;
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
    this.#unsent = new UnsentLines({
      stopped: this.#stopped,
      prompt: screen.interactive ? (prompt) => screen.setPrompt(prompt) : () => Promise.resolve(),
      fail: (message, text) => this.#fail(message, text),
      correct: async (stored, body) => {
        if (!this.#leaving) await this.#show({ type: "sent", ...stored, body });
      },
      guard: (work) => this.#guard(work),
    });
  }

  /** Ends the conversation now. */
  stop(): void {
    this.#stop.abort();
  }

  /** Reads back in the room, or comes back to the end. */
  page(move: PageMove): void {
    const { current } = this.#rooms;
    if (this.#reader?.isOver) this.#reader = undefined;
    if (this.#reader === undefined && (move !== "up" || current === undefined)) return;
    const reader = this.#reader ??= this.#readerOf(current!);
    const moved = reader.move(move).catch((error) => this.#fail(reasonOf(error)));
    this.#guard(moved.then(() => this.#updateStatus()));
    this.#guard(this.#updateStatus());
  }

  /** Goes to the room with a number. */
  goTo(number: number): void {
    const view = this.#rooms.views[number - 1];
    if (view === undefined || view === this.#rooms.current) return;
    this.#guard(this.#go(view));
  }

  /** Finds ways to go on with the text before the cursor. */
  complete(before: string): Completion | undefined {
    return this.#rooms.complete(before, this.#chat.clientId);
  }

  #readerOf(view: RoomView): HistoryReader {
    const { signal } = this.#stop;
    return new HistoryReader(view, {
      history: ({ room }, before, limit) => history(this.#chat, room, { before, limit, signal }),
      rowsOf: (shown, view, columns) => this.#textOf(shown, view, columns)?.split("\n") ?? [],
      show: (page) => this.#screen.setPage(page),
    });
  }

  /** Talks until the input ends, leaves, and returns the exit code of the program. */
  async run(room: ChatRoom): Promise<number> {
    const statuses = this.#guard(this.#showStatuses());
    await this.#enter(room);
    await this.#screen.setPrompt(PROMPT);
    for await (const line of this.#screen.lines(this.#stop.signal)) {
      if (this.#stop.signal.aborted || !await this.#act(line)) break;
    }
    await this.#leave();
    await statuses;
    if (this.#failure !== undefined) throw this.#failure;
    return this.#exitCode;
  }

  /** Ends reading back: whoever goes on wants to see what comes. */
  async #endReading(): Promise<void> {
    await this.#reader?.end();
    this.#reader = undefined;
    await this.#updateStatus();
  }

  /** Carries out a line; returns false for the last one. */
  async #act({ text, literal }: Line): Promise<boolean> {
    if (utf8Bytes(text) > MAX_BODY_BYTES) {
      await this.#fail(`Not sent: the line is longer than ${MAX_BODY_BYTES} bytes`, text);
      return true;
    }
    await this.#endReading();
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
        const room = await joinInvited(this.#chat, command.roomId, { signal, last });
        const view = this.#rooms.viewOf(room);
        return view === undefined ? await this.#enter(room) : await this.#go(view);
      }
      case "create":
        return await this.#enter(await this.#chat.createRoom(command.name, { signal }));
      case "room":
        return await this.#go(this.#rooms.find(command.text));
      case "rooms":
        return await this.#show({ type: "rooms", rooms: this.#rooms.summaries() });
      case "leave":
        return await this.#exit(this.#here());
      case "members":
        return await this.#show(this.#here().members(Date.now()));
      case "moderate":
      case "topic":
      case "invite":
      case "links":
      case "unlink": {
        const shown = await manage(this.#chat, this.#here(), command, this.#options, signal);
        return shown && await this.#show(shown);
      }
      case "history":
        return await this.#showAll(olderLines(this.#chat, this.#here(), command.count, signal));
      case "search":
        return await this.#showAll(foundLines(this.#chat, this.#here(), command.text, signal));
      case "read":
        return await this.#markRead(this.#here());
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

  #here(): RoomView {
    const { current } = this.#rooms;
    if (current !== undefined) return current;
    const ways = this.#rooms.views.length === 0
      ? "/join ID or /create NAME"
      : "/room N or /join ID";
    throw new Error(`You are in no room: ${ways}`);
  }

  /** Enters a room, and stays in the others. */
  async #enter(room: ChatRoom): Promise<void> {
    this.#leaveBehind();
    const view = new RoomView(room, this.#chat);
    this.#rooms.add(view);
    const { id: roomId, name } = room;
    const command = this.#options.joinCommand(roomId);
    await this.#show({ type: "room", roomId, name, command });
    const { topic } = view.charter.settings;
    if (topic !== "") await this.#show({ type: "topic", topic });
    view.events = this.#guard(this.#showEvents(view));
    await this.#updateStatus();
  }

  /** Goes to another of one's rooms, and shows what is new there. */
  async #go(view: RoomView): Promise<void> {
    const { current } = this.#rooms;
    if (view === current) throw new Error("You are in this room already");
    this.#leaveBehind();
    // At once: what is typed next is meant for that room.
    this.#rooms.current = view;
    view.isArriving = true;
    this.#arrivals = this.#arrivals.then(() => this.#arrive(view));
    await this.#arrivals;
  }

  /** Shows what is new in a room where somebody goes, unless it has gone on already. */
  async #arrive(view: RoomView): Promise<void> {
    await this.#endReading();
    if (view === this.#rooms.current) {
      const { id: roomId, name } = view.room;
      await this.#show({ type: "current", roomId, name, number: this.#rooms.numberOf(view) });
      if (view.unread > 0) await this.#show({ type: "unread" });
      while (view.scrollback.pending > 0) {
        for (const shown of view.see()) {
          if (this.#options.look !== undefined) await this.#show(shown, view);
        }
      }
    }
    view.isArriving = false;
    await this.#updateStatus();
  }

  /** Marks the current room as read, as somebody does by going on. */
  #leaveBehind(): void {
    const { current } = this.#rooms;
    // A server of an earlier version has no markers, and the next word will tell of a lost connection.
    if (current !== undefined && this.#screen.interactive) this.#markRead(current).catch(() => {});
  }

  async #markRead({ room, seen }: RoomView): Promise<void> {
    if (seen === 0) return;
    await markRead(this.#chat, room, seen, { signal: this.#stop.signal });
  }

  /** Shows what was looked up in the current room. */
  async #showAll(lines: Promise<Shown[]>): Promise<void> {
    const view = this.#here();
    for (const shown of await lines) await this.#show(shown, view);
  }

  /** Leaves a room once everything said there is in its log, and shown. */
  async #exit(view: RoomView): Promise<void> {
    await Promise.race([this.#unsent.settled(), this.#stopped]);
    this.#leaveBehind();
    view.isLeaving = true;
    try {
      await view.room.leave({ signal: this.#stop.signal });
    } catch (error) {
      view.isLeaving = false;
      throw error;
    }
    await view.events;
  }

  async #say(text: string): Promise<void> {
    const view = this.#here();
    await this.#unsent.track(text, () => view.say(text));
  }

  /** Answers, changes or redacts a message, or reacts to it. */
  async #change(command: AboutMessage): Promise<void> {
    const view = this.#here();
    // What was said just before may be what this is about.
    await Promise.race([this.#unsent.settled(), this.#stopped]);
    await this.#unsent.track(command.text, view.changeBy(command));
  }

  async #showEvents(view: RoomView): Promise<void> {
    const { room, names } = view;
    for await (const event of room.events()) {
      if (this.#isGone) return;
      if (event.type === "closed" && this.#leaving) view.isLeaving = true;
      if (view.isFirstUnread(event)) await this.#tell(view, { type: "unread" });
      await this.#tell(view, view.take(event));
      if (event.type === "leave") names.forget(event.from);
      // Whoever was removed while there was no connection has come back without knowing it.
      if (view.isRemovedBy(event) && this.#chat.rooms.get(room.id) === room) {
        room.leave({ signal: this.#stop.signal }).catch(() => {});
      }
    }
    await this.#forget(view);
  }

  /** Shows what happened in a room, or keeps it for when somebody goes there. */
  async #tell(view: RoomView, shown: Shown): Promise<void> {
    const isEnd = shown.type === "closed" || shown.type === "left";
    const isHere = view === this.#rooms.current && !view.isArriving;
    const isSeen = isHere || this.#options.look === undefined;
    view.note(shown, isSeen);
    if ("mention" in shown && shown.mention) this.#ring();
    if (isSeen || isEnd) await this.#show(shown, view);
    else if ("mention" in shown && shown.mention) await this.#tellOfMention(view, shown);
    await this.#updateStatus();
  }

  async #tellOfMention(
    { names, room }: RoomView,
    { from, name }: { from: string; name?: string },
  ): Promise<void> {
    const number = this.#rooms.numberOf(this.#rooms.viewOf(room)!);
    await this.#note(`${names.of(from, name)} calls you in room ${number}, ${room.name}`);
  }

  /** Rings the bell, not more often than people can hear. */
  #ring(): void {
    const now = performance.now();
    if (!this.#options.bell || this.#options.look === undefined || now < this.#quietUntil) return;
    this.#quietUntil = now + BELL_MS;
    this.#guard(this.#screen.bell());
  }

  /** Takes a room that has ended off the list. */
  async #forget(view: RoomView): Promise<void> {
    const wasHere = view === this.#rooms.current;
    this.#rooms.remove(view);
    if (this.#leaving) return;
    if (!view.isLeaving) this.#count();
    const [next] = this.#rooms.views.slice(-1);
    // Whoever was removed goes nowhere: what is being typed was not meant for another room.
    if (wasHere && view.isLeaving && next !== undefined) await this.#go(next);
    else if (wasHere) await this.#endReading();
    await this.#updateStatus();
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
    const show = () => {
      this.#offline = offlineLine(status, performance.now() - since);
      return this.#updateStatus();
    };
    if (this.#screen.interactive && status.type === "reconnecting") {
      this.#countdown = setInterval(() => this.#guard(show()), COUNT_MS);
    }
    await show();
  }

  /** Shows the rooms in the status, or that there is no connection. */
  async #updateStatus(): Promise<void> {
    const reading = this.#reader?.isOver === false ? this.#reader.status : "";
    const status = this.#offline || reading || this.#rooms.line(Date.now());
    if (status === this.#status) return;
    this.#status = status;
    await this.#screen.setStatus(status);
  }

  async #leave(): Promise<void> {
    this.#leaveBehind();
    const settled = this.#unsent.settled();
    // A pipe can wait until it is told to stop; a person wants to be gone.
    if (!this.#screen.interactive) await Promise.race([settled, this.#stopped]);
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, LEAVE_MS);
    await Promise.race([settled, late]);
    clearTimeout(timer);
    this.#leaving = true;
    if (!this.#screen.interactive) await this.#hearOut();
    await this.#chat.close();
    await this.#unsent.settled();
    // A pipe gets all events until then; for a person, a busy room would never end.
    const end = this.#screen.interactive
      ? setTimeout(() => this.#isGone = true, LEAVE_MS)
      : undefined;
    await Promise.all(this.#rooms.views.map(({ events }) => events));
    clearTimeout(end);
  }

  /** Leaves the rooms by requests: the replies come after everything said, the history too. */
  async #hearOut(): Promise<void> {
    if (this.#chat.status.type !== "connected") return;
    const { signal } = this.#stop;
    const rooms = this.#rooms.views.map(({ room }) => room);
    // A failure does not matter: the client is closed next.
    await Promise.allSettled(rooms.map((room) => room.leave({ timeoutMs: LEAVE_MS, signal })));
  }

  async #show(shown: Shown, view?: RoomView): Promise<void> {
    const { look } = this.#options;
    const text = look === undefined
      ? toJson(shown, view?.room.id)
      : this.#toText(shown, look, view);
    if (text !== undefined) await this.#screen.show(text);
    if (shown.type !== "room" && shown.type !== "invitation" || look === undefined) return;
    const invitation = invitationTo(shown);
    if (invitation !== undefined) await this.#screen.show(invitation, { whole: true });
  }

  /** Tells a person something; programs know it already. */
  async #note(text: string): Promise<void> {
    if (this.#options.look !== undefined) await this.#show({ type: "note", text });
  }

  #toText(shown: Shown, look: Look, view = this.#rooms.current): string | undefined {
    const names = view?.names ?? NOBODY;
    // The last column is left free: some terminals begin the next row when it is filled.
    return toText(shown, look, { now: Date.now(), columns: this.#screen.columns - 1, names });
  }

  /** A line of a room in rows of `columns`. */
  #textOf(shown: Shown, { names }: RoomView, columns: number): string | undefined {
    const { look } = this.#options;
    return look && toText(shown, look, { now: Date.now(), columns, names });
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
