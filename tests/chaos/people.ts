/**
 * Real clients that write everything down: who said what with which outcome, and who
 * saw what, as a history for the checker.
 *
 * @module
 */

import { ChatClient, type ChatRoom, type ClientOptions, SendError } from "../../client.ts";
import { pause, until } from "../support/waiting.ts";
import { check, type Outcome, type Seen, type Verdict } from "./checker.ts";

/** A client in a room that notes everything it sees, and everything it says. */
export interface Person {
  chat: ChatClient;
  room: ChatRoom;
  seen: Seen[];
  /** Every change of presence it saw. */
  presence: string[];
  /** When the last message came, by the server's clock, in milliseconds since 1970. */
  lastAt: number;
}

/** A cast of clients over one server, and the history they make. */
export class Cast implements AsyncDisposable {
  readonly people: Person[] = [];
  readonly #url: () => string;
  readonly #options: ClientOptions;
  readonly #messages = new Map<string, Outcome>();
  readonly #subscribers = new Map<string, Seen[]>();
  readonly #latencies: number[] = [];
  /** The `seq` of entries that clients make no event of. */
  readonly #unseen = new Set<number>();
  #reading: Promise<void>[] = [];
  #sent = 0;
  #unsettled = 0;

  /** Makes a cast whose clients connect to `url`, which may move between connections. */
  constructor(url: string | (() => string), options: ClientOptions = {}) {
    this.#url = typeof url === "string" ? () => url : url;
    this.#options = { WebSocket: notingUses(this.#unseen), ...options };
  }

  /** The times that acknowledged messages took, in milliseconds, in the order of the acknowledgements. */
  get latencies(): readonly number[] {
    return this.#latencies;
  }

  /** The number of messages that were acknowledged. */
  get acknowledged(): number {
    return this.#latencies.length;
  }

  /** `true` where everything that was said has an outcome. */
  get settled(): boolean {
    return this.#unsettled === 0;
  }

  /** Brings a client that joins a room, or makes one. */
  async enter(roomId?: string, options: ClientOptions = {}): Promise<Person> {
    const chat = new ChatClient(this.#url(), { ...this.#options, ...options });
    let room: ChatRoom;
    try {
      await chat.connect();
      room = await (roomId === undefined ? chat.createRoom("Chaos") : chat.joinRoom(roomId));
    } catch (error) {
      await chat.close();
      throw error;
    }
    const start: Seen = { type: "start", epoch: room.epoch, after: room.cursor };
    const seen: Seen[] = [start];
    const person = { chat, room, seen, presence: [], lastAt: 0 };
    this.people.push(person);
    this.#subscribers.set(`${this.people.length}`, seen);
    this.#reading.push(read(person, start));
    return person;
  }

  /** Brings so many clients that all join one room. */
  async fill(count: number, roomId?: string): Promise<Person[]> {
    const people = [await this.enter(roomId)];
    const { id } = people[0]!.room;
    while (people.length < count) people.push(await this.enter(id));
    return people;
  }

  /**
   * Says something with an id of its own, and notes what becomes of it; never rejects.
   * Returns how long the acknowledgement took, in milliseconds; NaN where there was none.
   */
  async say({ room }: Person, padding = 0): Promise<number> {
    const id = `${++this.#sent}`;
    this.#unsettled++;
    this.#messages.set(id, { type: "unknown" });
    const begin = performance.now();
    try {
      const { seq } = await room.send(id + " ".repeat(padding));
      const tookMs = performance.now() - begin;
      this.#latencies.push(tookMs);
      // Without a place it is acknowledged all the same: nothing can be said about its order.
      if (seq !== undefined) this.#messages.set(id, { type: "acked", epoch: room.epoch, seq });
      return tookMs;
    } catch (error) {
      if (!(error instanceof SendError)) throw error;
      if (!error.mayBeStored) this.#messages.set(id, { type: "refused" });
      return NaN;
    } finally {
      this.#unsettled--;
    }
  }

  /** Notes what somebody else has said, and what became of it. */
  note(id: string, outcome: Outcome): void {
    this.#messages.set(id, outcome);
  }

  /** Has people say `count` messages in turn, so many a second together; resolves when all have an outcome. */
  async talk(
    people: readonly Person[],
    { count, perSecond, padding = 0, while: goOn = () => true }: {
      count: number;
      perSecond: number;
      padding?: number;
      while?: () => boolean;
    },
  ): Promise<void> {
    const begin = performance.now();
    const said: Promise<number>[] = [];
    while (said.length < count && goOn()) {
      const due = (performance.now() - begin) * perSecond / 1_000;
      while (said.length < Math.min(count, due)) {
        said.push(this.say(people[said.length % people.length]!, padding));
      }
      if (said.length < count) await pause(2);
    }
    await Promise.all(said);
  }

  /** Waits until everybody has read what was acknowledged, then judges. */
  async verdict(withinMs = 15_000): Promise<Verdict> {
    const heads = new Map<string, number>();
    for (const outcome of this.#messages.values()) {
      if (outcome.type !== "acked") continue;
      heads.set(outcome.epoch, Math.max(heads.get(outcome.epoch) ?? 0, outcome.seq));
    }
    const behind = () =>
      this.people.filter(({ chat, room }) =>
        chat.status.type !== "closed" && room.cursor < (heads.get(room.epoch) ?? 0)
      ).length;
    // Where somebody stays behind, the verdict says what is missing.
    await until(() => behind() === 0, "", { withinMs }).catch(() => {});
    await pause(0);
    const [messages, subscribers, unseen] = [this.#messages, this.#subscribers, this.#unseen];
    return check({ messages, subscribers, unseen });
  }

  /** Closes every client. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.people.map(({ chat }) => chat.close()));
    await Promise.all(this.#reading);
    this.#reading = [];
  }
}

/** Makes sockets that note where somebody came in by a link: an owner does where its room is made again. */
function notingUses(places: Set<number>): NonNullable<ClientOptions["WebSocket"]> {
  return class extends WebSocket {
    constructor(url: URL, protocol: string) {
      super(url, protocol);
      this.addEventListener("message", ({ data }) => {
        if (!data.includes('"event":"use"')) return;
        const { entries = [] }: { entries?: { event?: string; seq: number }[] } = JSON.parse(data);
        for (const { event, seq } of entries) if (event === "use") places.add(seq);
      });
    }
  };
}

async function read(person: Person, start: Extract<Seen, { type: "start" }>): Promise<void> {
  const { room, seen } = person;
  for await (const event of room.events()) {
    switch (event.type) {
      case "message":
      case "join":
      case "away":
      case "back":
      case "leave":
      case "rename":
      case "quiet":
        // Entries that came before anybody could look where the room starts belong to it too.
        if (seen.at(-1) === start) start.after = Math.min(start.after, event.seq - 1);
        if (event.type === "message") person.lastAt = event.sentAt;
        else person.presence.push(event.type);
        seen.push({
          type: "entry",
          seq: event.seq,
          ...(event.type === "message" ? { id: event.body.trimEnd() } : {}),
        });
        break;
      case "gap":
        seen.push({ type: "gap", from: event.fromSeq, to: event.toSeq });
        break;
      case "recovered":
        if (event.recovered) break;
        start = { type: "start", epoch: room.epoch, after: room.cursor };
        seen.push(start);
        break;
      case "change":
      case "typing":
      case "role":
      case "kick":
      case "room":
      case "closed":
        break;
      default:
        event satisfies never;
    }
  }
}

/** Has all clients of this process that wait for their next attempt try at once, as a browser does. */
export function nudge(): void {
  globalThis.dispatchEvent(new Event("online"));
}

/** Says whether somebody has a connection. */
export function connected({ chat }: Person): boolean {
  return chat.status.type === "connected";
}
