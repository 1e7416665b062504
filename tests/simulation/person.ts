/**
 * People of a simulated world, each with a real client in a program that can be reloaded, crash, stand
 * still or vanish.
 *
 * @module
 */

import { ChatClient, ChatError, type ChatRoom, SendError } from "../../client.ts";
import {
  Conversation,
  history,
  markRead,
  type PresentMessage,
} from "../../src/client/conversation/conversation.ts";
import { createLink } from "../../src/client/conversation/links.ts";
import { kick, type Role, setRole, setSettings } from "../../src/client/conversation/moderation.ts";
import type { Observation, Reader } from "./observation.ts";
import { reactionMark } from "./log_book.ts";
import type { Network } from "./network.ts";
import { makePage } from "./platform.ts";
import type { Process, Timeline } from "./timeline.ts";

/** The time that a program may be late with anything, in milliseconds. */
const SLACK_MS = 100;

/** Timeouts of people's clients, in milliseconds. */
export const PATIENCE = { timeoutMs: 10_000, sendTimeoutMs: 60_000 };

/** The answer to a close is waited for so long, in milliseconds. */
const CLOSE_MS = 1_000;

/** The parts of a world that people are in. */
export interface PersonParts {
  readonly timeline: Timeline;
  readonly network: Network;
  /** The ids of rooms, by their letters. */
  readonly rooms: Map<string, string>;
  /** The newest links into them, by their letters. */
  readonly links: Map<string, string>;
  observe(observation: Observation): void;
  /** Has something end within `ms` milliseconds; says so where it does not. */
  promise(process: Process, what: string, ms: number, promise: Promise<unknown>): void;
  /** The mark of the next message. */
  mark(): string;
}

/** Somebody who takes part in a story. */
export interface Actor {
  readonly process: Process;
  /** Its state, in few words: what happens is counted by it. */
  readonly state: string;
  /** Its client ids, each with the id of a room that it is in; a real client has its own. */
  readonly places: readonly [clientId: string, roomId: string][];
  /** Does one thing; returns `false` where that cannot be now. */
  act(verb: string, args: readonly string[]): boolean;
  /** Goes home: ends all connections for good. */
  finish(): void;
}

/** Somebody with a real client. */
export class Person implements Actor {
  readonly name: string;
  process: Process;
  chat: ChatClient | undefined;
  /** The session that its browser or its program keeps, and where it was in its rooms. */
  #kept: { session: string | undefined; rooms: { id: string; epoch: string; after: number }[] } = {
    session: undefined,
    rooms: [],
  };
  readonly #parts: PersonParts;
  /** The rooms that it reads. */
  /** Its read markers as it was told of them, by client id and epoch. */
  readonly #markers = new Map<string, number>();
  readonly #reading = new Map<ChatRoom, Conversation>();
  #programs = 0;

  constructor(name: string, parts: PersonParts) {
    this.name = name;
    this.#parts = parts;
    this.process = this.#start();
  }

  /** The rooms that it is in, by letter. */
  get rooms(): [string, ChatRoom][] {
    const rooms = this.chat?.rooms ?? new Map<string, ChatRoom>();
    return [...this.#parts.rooms].flatMap(([letter, id]) => {
      const room = rooms.get(id);
      return room === undefined ? [] : [[letter, room] as [string, ChatRoom]];
    });
  }

  get places(): [string, string][] {
    const { chat, process } = this;
    if (chat === undefined || !process.alive || chat.status.type !== "connected") return [];
    return [...chat.rooms.keys()].map((id) => [chat.clientId, id]);
  }

  get state(): string {
    const { chat, process } = this;
    if (!process.alive) return "gone";
    if (chat === undefined) return "new";
    const { type } = chat.status;
    if (type !== "connected") return type;
    if (this.waits > 0) return "sending";
    return chat.rooms.size > 0 ? "in a room" : "connected";
  }

  /** The number of rooms that are being read, and of things that its program waits for. */
  reading = 0;
  waits = 0;
  /** When it last said that it leaves a room, or all, on the clock of the world. */
  leftAt = -Infinity;

  act(verb: string, [first = "", second = "", third = "0"]: readonly string[]): boolean {
    const { chat, process } = this;
    if (verb === "leave" || verb === "close") this.leftAt = this.#parts.timeline.now;
    if (verb === "return") {
      if (process.alive) return false;
      this.#restart(Number(first));
      return true;
    }
    if (!process.alive) return false;
    if (verb === "connect") {
      if (chat !== undefined && chat.status.type !== "closed") return false;
      this.#inside(() => this.#connect({ rooms: [] }));
      return true;
    }
    if (chat === undefined) return false;
    const room = this.rooms.find(([letter]) => letter === first)?.[1];
    switch (verb) {
      case "reload":
        this.#inside(() => {
          this.#keep(chat);
          process.tell("pagehide", { persisted: false });
          this.#end("reset");
          this.#restart(Number(first));
        });
        return true;
      case "create":
        if (this.#parts.rooms.has(first)) return false;
        this.#inside(() => this.#create(chat, first));
        return true;
      case "join":
      case "enter": {
        const id = this.#parts.rooms.get(first);
        const link = this.#parts.links.get(first);
        if (id === undefined || verb === "enter" && link === undefined) return false;
        const how = verb === "enter" ? { link } : second === "" ? {} : { last: Number(second) };
        this.#inside(() => this.#enter(chat, `${verb} ${first}`, () => chat.joinRoom(id, how)));
        return true;
      }
      case "link":
        if (room === undefined) return false;
        this.#inside(() => this.#link(chat, room, first, second as "reader", Number(third)));
        return true;
      case "admit":
        if (room === undefined) return false;
        this.#inside(() => this.#do(verb, setSettings(chat, room, { join: second as "open" })));
        return true;
      case "leave":
        if (room === undefined) return false;
        this.#inside(() => this.#do(`leave ${first}`, room.leave()));
        return true;
      case "say":
        if (room === undefined) return false;
        this.#inside(() => {
          for (let i = 0; i < Number(second); i++) this.#say(chat, room, Number(third));
        });
        return true;
      case "answer":
      case "edit":
      case "redact":
      case "react":
      case "unreact":
        if (
          room === undefined || this.#messageOf(room, verb, Number(second), third) === undefined
        ) {
          return false;
        }
        this.#inside(() => this.#change(chat, room, verb, Number(second), third));
        return true;
      case "history":
        if (room === undefined) return false;
        this.#inside(() => this.#look(chat, room, second, Number(third)));
        return true;
      case "read":
        if (room === undefined) return false;
        this.#inside(() => this.#markRead(chat, room, Math.max(0, room.cursor - Number(second))));
        return true;
      case "role":
      case "kick": {
        const to = this.#otherIn(chat, room, Number(second));
        if (room === undefined || to === undefined) return false;
        this.#inside(() => {
          const acting = verb === "kick"
            ? kick(chat, room, to)
            : setRole(chat, room, to, third as Role);
          this.#do(verb, acting);
        });
        return true;
      }
      case "rename":
        this.#inside(() => this.#do("rename", chat.rename(first)));
        return true;
      case "typing":
        if (room === undefined) return false;
        this.#inside(() => room.typing());
        return true;
      case "nudge":
        this.#inside(() => chat.retryNow());
        return true;
      case "close":
        this.#inside(() => this.#close(chat));
        return true;
      case "crash":
      case "vanish":
        this.#inside(() => {
          this.#keep(chat);
          this.#end(verb === "crash" ? "reset" : "silent");
        });
        return true;
      case "hide":
      case "show":
        this.#inside(() => {
          process.page!.visibilityState = verb === "hide" ? "hidden" : "visible";
          process.tell("visibilitychange");
        });
        return true;
      case "freeze":
        this.#inside(() => {
          process.tell("freeze");
          process.after(1, () => process.hang(Number(first)));
          process.after(Number(first), () => process.tell("resume"));
        });
        return true;
      case "hang":
        process.hang(Number(first));
        return true;
      case "skew":
        process.wallSkew += Number(first);
        return true;
      default:
        return false;
    }
  }

  finish(): void {
    const { chat, process } = this;
    if (chat !== undefined && process.alive) this.#inside(() => this.#close(chat));
  }

  #start(): Process {
    const process = this.#parts.timeline.process(`${this.name}#${++this.#programs}`);
    makePage(process);
    return process;
  }

  /** Starts its program anew after `ms` milliseconds, which connects with the session that was kept. */
  #restart(ms: number): void {
    this.process = this.#start();
    this.chat = undefined;
    this.reading = 0;
    this.waits = 0;
    this.process.after(ms, () => this.#connect(this.#kept));
  }

  #keep(chat: ChatClient): void {
    const rooms = [...chat.rooms.values()].map(({ id, epoch, cursor: after }) => ({
      id,
      epoch,
      after,
    }));
    this.#kept = { session: chat.session, rooms };
  }

  #end(how: "reset" | "silent"): void {
    const { process } = this;
    process.kill();
    this.#parts.network.died(process, how);
  }

  #inside(run: () => void): void {
    this.process.after(0, run);
  }

  #connect(
    { session, rooms }: {
      session?: string | undefined;
      rooms: { id: string; epoch: string; after: number }[];
    },
  ): void {
    const { name, process } = this;
    if (this.chat !== undefined && this.chat.status.type !== "closed") return;
    const chat = new ChatClient("ws://chat.test/", { ...PATIENCE, name, session: session ?? null });
    this.chat = chat;
    this.#watch(chat);
    const connecting = chat.connect();
    const { timeoutMs } = PATIENCE;
    connecting.then(() => {
      for (const { id, ...from } of rooms) {
        this.#enter(chat, "come back", () => chat.joinRoom(id, from));
      }
    }, (error) => this.#failed("connect", error));
    this.#parts.promise(process, `${name} connect`, timeoutMs + SLACK_MS, connecting);
  }

  async #watch(chat: ChatClient): Promise<void> {
    for await (const status of chat.statuses()) {
      this.#parts.observe({ type: "status", person: this.name, status });
    }
  }

  #create(chat: ChatClient, letter: string): void {
    this.#enter(chat, `create ${letter}`, async () => {
      const room = await chat.createRoom(`Room ${letter}`);
      if (!this.#parts.rooms.has(letter)) this.#parts.rooms.set(letter, room.id);
      return room;
    });
  }

  #enter(chat: ChatClient, what: string, enter: () => Promise<ChatRoom>): void {
    const { process } = this;
    const entering = enter().then((room) => {
      if (!this.#reading.has(room)) this.#read(chat, room, process);
    });
    this.#do(what, entering);
  }

  async #read(chat: ChatClient, room: ChatRoom, process: Process): Promise<void> {
    const { observe } = this.#parts;
    const conversation = new Conversation(room);
    this.#reading.set(room, conversation);
    const { epoch, cursor: after } = room;
    const reader: Reader = { person: this.name, process, chat, room, conversation, epoch, after };
    observe({ type: "entered", reader });
    this.reading++;
    for await (const event of room.events({ from: "start" })) {
      observe({ type: "seen", reader, event, message: conversation.take(event) });
    }
    this.reading--;
  }

  #say(chat: ChatClient, room: ChatRoom, size: number, replyTo?: number): void {
    const mark = this.#mark(chat, room);
    this.#track(mark, room.send(`${mark} ${"x".repeat(size)}`, replyTo ? { replyTo } : {}));
  }

  /** The newest message of a room but `back` ones, as it sees them: one that the verb suits, if there is one. */
  #messageOf(
    room: ChatRoom,
    verb: string,
    back: number,
    word: string,
  ): PresentMessage | undefined {
    const all = [...this.#reading.get(room)?.messages.values() ?? []];
    const suits = all.filter(({ own, reactions }) =>
      verb === "edit" ? own : verb === "unreact" && reactions.get(word)?.own === true
    );
    return (suits.length > 0 ? suits : all).at(-1 - back);
  }

  #change(chat: ChatClient, room: ChatRoom, verb: string, back: number, word: string): void {
    const conversation = this.#reading.get(room);
    const seq = this.#messageOf(room, verb, back, word)?.seq;
    if (conversation === undefined || seq === undefined) return;
    if (verb === "answer") return this.#say(chat, room, 10, seq);
    if (verb === "edit" || verb === "redact") {
      const mark = this.#mark(chat, room);
      const changing = verb === "edit"
        ? conversation.edit(seq, `${mark} edited`)
        : conversation.redact(seq, { reason: mark });
      return this.#track(mark, changing);
    }
    const [mark, changing] = verb === "react"
      ? [reactionMark(seq, word, undefined), conversation.react(seq, word)]
      : [reactionMark(seq, undefined, word), conversation.unreact(seq, word)];
    this.#track(mark, changing, false);
  }

  /** The mark of something that it is about to say. */
  #mark({ clientId }: ChatClient, { id: roomId }: ChatRoom): string {
    const mark = this.#parts.mark();
    this.#parts.observe({ type: "said", person: this.name, clientId, mark, roomId });
    return mark;
  }

  /** Tells what becomes of a message or a change; of a refusal, where its mark `isUnique`. */
  #track(mark: string, sending: Promise<{ seq?: number }>, isUnique = true): void {
    const { name: person, process } = this;
    const { observe } = this.#parts;
    const told = sending.then(({ seq }) => {
      observe({ type: "acknowledged", person, mark, seq });
    }, (error) => {
      if (!(error instanceof SendError)) return this.#failed("say", error);
      const { mayBeStored, code } = error;
      if (isUnique) observe({ type: "refused", person, mark, mayBeStored, code });
    });
    const what = `${person} say ${mark}`;
    this.waits++;
    told.finally(() => {
      if (this.process === process) this.waits--;
    });
    this.#parts.promise(process, what, PATIENCE.sendTimeoutMs + SLACK_MS, told);
  }

  #close(chat: ChatClient): void {
    this.#parts.promise(this.process, `${this.name} close`, CLOSE_MS + SLACK_MS, chat.close());
  }

  /** Reads a page of a room, in some direction from where it is. */
  #look(chat: ChatClient, room: ChatRoom, where: string, limit: number): void {
    const seq = Math.max(0, room.cursor - (where === "before" ? 0 : limit));
    const query = where === "newest" ? {} : { [where]: seq };
    const { epoch: asked, cursor } = room;
    const looking = history(chat, room, { ...query, limit }).then((page) => {
      this.#parts.observe({ type: "page", person: this.name, query, asked, cursor, page });
    });
    this.#do("history", looking);
  }

  #link(chat: ChatClient, room: ChatRoom, letter: string, role: "reader", uses: number): void {
    const making = createLink(chat, room, { role, uses }).then(({ link }) => {
      this.#parts.links.set(letter, link);
    });
    this.#do("link", making);
  }

  #markRead(chat: ChatClient, room: ChatRoom, seq: number): void {
    const key = `${chat.clientId} ${room.epoch}`;
    const least = Math.max(seq, this.#markers.get(key) ?? 0);
    const reading = markRead(chat, room, seq).then((seq) => {
      this.#markers.set(key, Math.max(seq, this.#markers.get(key) ?? 0));
      this.#parts.observe({ type: "read", person: this.name, room: room.name, least, seq });
    });
    this.#do("read", reading);
  }

  /** The client id of somebody else in a room who has a real client: those have names. */
  #otherIn(
    { clientId }: ChatClient,
    room: ChatRoom | undefined,
    which: number,
  ): string | undefined {
    const others = [...room?.members.values() ?? []].filter((member) =>
      member.clientId !== clientId && member.name !== undefined
    );
    return others[which % Math.max(1, others.length)]?.clientId;
  }

  /** Has a request end in time; it may be refused. */
  #do(what: string, doing: Promise<unknown>): void {
    doing.catch((error) => this.#failed(what, error));
    const { timeoutMs } = PATIENCE;
    this.#parts.promise(this.process, `${this.name} ${what}`, timeoutMs + SLACK_MS, doing);
  }

  #failed(what: string, error: unknown): void {
    this.#parts.observe({ type: "failed", person: this.name, what, error });
    if (!(error instanceof ChatError)) throw error;
  }
}
