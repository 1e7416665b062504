import { assertEquals } from "@std/assert";
import type { ChatOptions } from "../../src/server/chat.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import { type Frame, type RawSocket, TestChat } from "../support/fixtures.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { chance, report, setting } from "./setting.ts";

const OPERATIONS = setting(400, 10_000);
const RESTARTS = setting(1, 10);
const PEOPLE = 8;
const DEVICES = 2;

/** A device of a person, over its connections. */
class Device {
  readonly person: number;
  /** The marker that it was told last. */
  read = 0;
  /** Markers that were told to it and went back. */
  wentBack = 0;
  #socket: RawSocket | undefined;
  #session: string | undefined;
  #n = 0;
  #refs = 0;

  constructor(person: number) {
    this.person = person;
  }

  /** Connects, comes back as itself where it can, and joins; returns the reply to that. */
  async connect(server: TestChat, roomId: string | undefined): Promise<Frame> {
    this.#socket = await server.dial();
    const body = { token: `person ${this.person}`, session: this.#session, n: this.#n };
    const welcome = await this.ask({ action: "hello", body });
    if (welcome.resumed !== true) this.#n = 0;
    this.#session = String(welcome.session);
    const joined = roomId === undefined
      ? await this.ask({ action: "create", body: "Lobby" })
      : await this.ask({ action: "join", body: { room_id: roomId } });
    this.#tell(Number(joined.read ?? 0));
    return joined;
  }

  /** Sends a request and returns its reply; what is told before it is taken in. */
  async ask(frame: object): Promise<Frame> {
    const ref = ++this.#refs;
    this.#socket!.send({ ...frame, ref });
    for (;;) {
      const said = await this.#socket!.next();
      if (said.event === "read") this.#tell(Number(said.seq));
      if (said.ref === ref) return said;
    }
  }

  /** Says how far its person has read, and returns the answer. */
  async mark(roomId: string, seq: number): Promise<Frame> {
    const marked = await this.ask({ action: "read", body: { room_id: roomId, seq } });
    this.#tell(Number(marked.seq));
    return marked;
  }

  /** Says something, and returns its place once it is stored. */
  async say(roomId: string): Promise<number> {
    const n = ++this.#n;
    this.#socket!.send({ action: "message", room_id: roomId, n, body: "x" });
    for (;;) {
      const said = await this.#socket!.next();
      if (said.event === "read") this.#tell(Number(said.seq));
      if (said.status === "error") throw new Error(JSON.stringify(said));
      const entries = (said.entries ?? []) as { n?: number; from: string; seq: number }[];
      const own = entries.find((entry) => entry.n === n && this.#session!.startsWith(entry.from));
      if (own !== undefined) return own.seq;
    }
  }

  /** Ends the connection without a word. */
  async cut(): Promise<void> {
    await this.#socket?.close();
  }

  #tell(seq: number): void {
    if (seq < this.read) this.wentBack++;
    this.read = Math.max(this.read, seq);
  }
}

Deno.test("C5 unread counts and read markers are right over devices, cuts and restarts", async () => {
  const random = chance();
  const below = (most: number) => Math.floor(random() * most);
  const path = `${tempFolder()}/markers.db`;
  const options = (): ChatOptions => ({
    authenticate: (_request, token) => token === undefined ? null : { sub: token },
    ...{ rate: 0, logEntries: 50_000, logBytes: 64_000_000, store: sqlite(path) },
  });
  let server = new TestChat(options());
  const devices = Array.from({ length: PEOPLE * DEVICES }, (_, i) => new Device(i % PEOPLE));
  const roomId = String((await devices[0]!.connect(server, undefined)).room_id);
  for (const device of devices.slice(1)) await device.connect(server, roomId);
  /** The authors of all messages by their places, and the marker of each person. */
  const authors = new Map<number, number>();
  const markers = Array<number>(PEOPLE).fill(0);
  const counts = { said: 0, read: 0, "counted": 0, cuts: 0, restarts: 0 };
  let wrongUnread = 0;
  let wrongMarkers = 0;
  let head = 0;
  try {
    for (let i = 0; i < OPERATIONS; i++) {
      const device = devices[below(devices.length)]!;
      const { person } = device;
      const deed = random();
      if (i > 0 && i % Math.ceil(OPERATIONS / (RESTARTS + 1)) === 0) {
        await server[Symbol.asyncDispose]();
        for (const each of devices) await each.cut();
        server = new TestChat(options());
        for (const each of devices) {
          const { read = 0 } = await each.connect(server, roomId);
          if (read !== markers[each.person]) wrongMarkers++;
        }
        counts.restarts++;
      } else if (deed < 0.4) {
        head = await device.say(roomId);
        authors.set(head, person);
        counts.said++;
      } else if (deed < 0.7) {
        // Mostly something new, and sometimes what was read long ago.
        const seq = random() < 0.7 ? head - below(Math.min(5, head + 1)) : below(head + 1);
        markers[person] = Math.max(markers[person]!, seq);
        const marked = await device.mark(roomId, seq);
        if (marked.seq !== markers[person]) wrongMarkers++;
        counts.read++;
      } else if (deed < 0.95) {
        const [room] = (await device.ask({ action: "rooms" })).rooms as Record<string, number>[];
        const read = markers[person]!;
        const unread = [...authors].filter(([seq, by]) => seq > read && by !== person).length;
        if (room?.read !== read) wrongMarkers++;
        // The server counts a part of what is much, and says so.
        if (room?.more ? room.unread! > unread : room?.unread !== unread) wrongUnread++;
        counts.counted++;
      } else {
        await device.cut();
        const { read = 0 } = await device.connect(server, roomId);
        if (read !== markers[person]) wrongMarkers++;
        counts.cuts++;
      }
    }
    // Behind the answer to this, nothing is on its way to a device.
    for (const device of devices) await device.ask({ action: "ping" });
    const unheard = devices.filter(({ person, read }) => read !== markers[person]).length;
    const wentBack = devices.reduce((sum, device) => sum + device.wentBack, 0);
    report("C5", `${OPERATIONS} operations of ${PEOPLE} people with ${DEVICES} devices, SQLite`, {
      ...counts,
      "unread counts wrong": wrongUnread,
      "markers wrong": wrongMarkers,
      "markers that went back": wentBack,
      "devices that did not hear of theirs": unheard,
    });
    assertEquals([wrongUnread, wrongMarkers, wentBack, unheard], [0, 0, 0, 0]);
  } finally {
    for (const device of devices) await device.cut();
    await server[Symbol.asyncDispose]();
  }
});
