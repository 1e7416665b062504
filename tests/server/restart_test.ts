/**
 * A server that ends, and another one that goes on with its file.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { DEFAULTS, type EngineOptions } from "../../src/core/state/options.ts";
import type { OpenStore } from "../../src/core/store/store.ts";
import { chooseStore } from "../../src/daemon/open_store.ts";
import { Engine } from "../../src/server/engine.ts";
import type { Frame } from "../support/fixtures.ts";
import { FakeSocket } from "./fake_socket.ts";
import "../support/ignore_unpermitted.ts";
import { type LogLine, recordingLogger } from "../support/recording_logger.ts";
import { turn, until } from "../support/waiting.ts";

/** One client on one connection. */
class Client {
  readonly socket: FakeSocket = new FakeSocket();
  readonly #frames: Frame[] = [];

  /** Says something and returns the answer. */
  async ask(frame: Frame): Promise<Frame> {
    this.socket.hear(frame);
    return await this.next(({ status }) => status !== undefined);
  }

  /** Joins and returns the answer. */
  join(roomId: unknown, more: Frame = {}): Promise<Frame> {
    return this.ask({ action: "join", body: { room_id: roomId, ...more } });
  }

  /** Says something that is answered by its entry, and returns that. */
  async say(roomId: unknown, n: number, body: string): Promise<Frame> {
    this.socket.hear({ action: "message", room_id: roomId, n, body });
    return await this.entry((entry) => entry.n === n);
  }

  /** Waits for a frame; those before it are dropped. */
  async next(isIt: (frame: Frame) => boolean): Promise<Frame> {
    let found: Frame | undefined;
    await until(() => {
      this.#frames.push(...this.socket.take());
      while (found === undefined && this.#frames.length > 0) {
        const frame = this.#frames.shift()!;
        if (isIt(frame)) found = frame;
      }
      return found !== undefined;
    }, "a frame does not come");
    return found!;
  }

  /** Waits for an entry. */
  async entry(isIt: (entry: Frame) => boolean): Promise<Frame> {
    const { entries } = await this.next(({ entries }) => (entries as Frame[])?.some(isIt));
    return (entries as Frame[]).find(isIt)!;
  }

  /** Waits for what happens to somebody. */
  told(event: string, from: unknown): Promise<Frame> {
    return this.entry((entry) => entry.event === event && entry.from === from);
  }
}

/** Servers one after the other. */
class Bench implements AsyncDisposable {
  readonly log: LogLine[] = [];
  readonly #options: EngineOptions;
  readonly #folder: string;
  readonly #clients: Client[] = [];
  #engine: Engine;
  readonly #path: string;

  private constructor(options: Partial<EngineOptions>, folder: string, openStore: OpenStore) {
    this.#options = { ...DEFAULTS, closeMs: 1_000, ...options };
    this.#folder = folder;
    this.#path = `${folder}/1.db`;
    this.#engine = new Engine(this.#options, recordingLogger(this.log), openStore);
  }

  static async start(options: Partial<EngineOptions> = {}): Promise<Bench> {
    const folder = await Deno.makeTempDir();
    return new Bench(options, folder, await chooseStore(`sqlite:${folder}/1.db`));
  }

  /** Ends the server as its operator does, and starts another, with some options changed. */
  async restart(changed: Partial<EngineOptions> = {}): Promise<void> {
    await this.#close();
    await this.#start(changed);
  }

  /** Starts another server on what is on the disk now, as after a kill; the old one is gone too. */
  async crash(): Promise<void> {
    const parts = ["", "-wal", "-lock"].map((part) => `${this.#path}${part}`);
    for (const part of parts) await Deno.copyFile(part, `${part}.killed`);
    await this.#close();
    for (const part of parts) await Deno.copyFile(`${part}.killed`, part);
    await this.#start();
  }

  /** A connection; `parley.v1` unless it shall be plain. */
  connect(plain = false): Client {
    const client = new Client();
    this.#clients.push(client);
    this.#engine.accept(client.socket.socket, plain ? "plain" : "v1");
    client.socket.open();
    return client;
  }

  /** A client that has said hello, and the answer. */
  async hello(body: Frame = {}): Promise<{ client: Client; welcome: Frame }> {
    const client = this.connect();
    return { client, welcome: await client.ask({ action: "hello", body }) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
    await Deno.remove(this.#folder, { recursive: true });
    assertEquals(this.log.filter(({ level }) => level === "error"), []);
  }

  async #close(): Promise<void> {
    for (const { socket } of this.#clients) socket.readyState = WebSocket.CLOSED;
    await this.#engine.close();
    await turn();
  }

  async #start(changed: Partial<EngineOptions> = {}): Promise<void> {
    const openStore = await chooseStore(`sqlite:${this.#path}`);
    this.#engine = new Engine(
      { ...this.#options, ...changed },
      recordingLogger(this.log),
      openStore,
    );
  }
}

for (const how of ["restart", "crash"] as const) {
  Deno.test(`after a ${how} a client is the same, has missed nothing, and is a member again`, async () => {
    await using bench = await Bench.start();
    const ana = await bench.hello({ name: "Ana" });
    const ben = await bench.hello({ name: "Ben" });
    const room = await ana.client.ask({ action: "create", body: "Lobby" });
    await ben.client.join(room.room_id);
    await ana.client.say(room.room_id, 1, "one");
    const { seq } = await ben.client.entry(({ body }) => body === "one");
    const { seq: two } = await ana.client.say(room.room_id, 2, "two");
    await bench[how]();

    const again = await bench.hello({ session: ben.welcome.session });
    assertEquals(
      [again.welcome.client_id, again.welcome.session, again.welcome.resumed, again.welcome.n],
      [ben.welcome.client_id, ben.welcome.session, true, 0],
    );
    const { recovered, epoch, members } = await again.client.join(room.room_id, {
      after: seq,
      epoch: room.epoch,
    });
    assertEquals([recovered, epoch], [true, room.epoch]);
    assertEquals((members as Frame[]).map(({ name }) => name), ["Ana", "Ben"]);
    await again.client.entry(({ body }) => body === "two");
    await again.client.told("back", ben.welcome.client_id);

    const first = await bench.hello({ session: ana.welcome.session });
    assertEquals([first.welcome.resumed, first.welcome.n], [true, 2]);
    await first.client.join(room.room_id, { after: two, epoch: room.epoch });
    await again.client.told("back", ana.welcome.client_id);
    // A repeat is still one, with its first place, and numbers go on.
    first.client.socket.hear({ action: "message", room_id: room.room_id, n: 1, body: "one" });
    const repeat = await first.client.next(({ duplicate }) => duplicate === true);
    assertEquals(repeat.seq, seq);
    await first.client.say(room.room_id, 3, "three");
    await again.client.entry(({ body }) => body === "three");
    const roster = (await (await bench.hello()).client.join(room.room_id)).members as Frame[];
    assertEquals(roster.map(({ name, away }) => [name, away]), [
      ["Ana", undefined],
      ["Ben", undefined],
      [undefined, undefined],
    ]);
  });
}

Deno.test("who does not come back to the next server leaves when the grace time is over", async () => {
  await using bench = await Bench.start({ graceMs: 1_500 });
  const ana = await bench.hello({ name: "Ana" });
  const ben = await bench.hello({ name: "Ben" });
  const room = await ana.client.ask({ action: "create", body: "Lobby" });
  await ben.client.join(room.room_id);
  await ana.client.told("join", ben.welcome.client_id);
  await bench.crash();
  const again = await bench.hello({ session: ana.welcome.session });
  assertEquals(again.welcome.resumed, true);
  await again.client.join(room.room_id);
  await again.client.told("away", ben.welcome.client_id);
  await again.client.told("leave", ben.welcome.client_id);
  const late = await bench.hello({ session: ben.welcome.session });
  assertEquals([late.welcome.resumed, late.welcome.client_id], [true, ben.welcome.client_id]);
  await late.client.join(room.room_id);
  await again.client.told("join", ben.welcome.client_id);
});

Deno.test("who comes back first pays for the reading of its rooms: nothing to notice for ordinary ones, a wait for large ones", async () => {
  await using bench = await Bench.start({ rate: 0 });
  const ana = await bench.hello();
  const fill = async (messages: number, units: number) => {
    const { room_id: id } = await ana.client.ask({ action: "create", body: "Lobby" });
    for (let i = 1; i < messages; i++) {
      ana.client.socket.hear({ action: "message", room_id: id, body: "x".repeat(units) });
    }
    ana.client.socket.hear({ action: "message", room_id: id, body: "last" });
    await ana.client.entry(({ body }) => body === "last");
    return id;
  };
  const ordinary = [];
  for (let i = 0; i < 10; i++) ordinary.push(await fill(100, 200));
  const large = [await fill(30, 60_000), await fill(30, 60_000)];
  await bench.restart({ rate: 40 });
  const { client } = await bench.hello({ session: ana.welcome.session });
  const joinAll = async (rooms: unknown[]) => {
    for (const id of rooms) client.socket.hear({ action: "join", body: { room_id: id } });
    const answers: Frame[] = [];
    for (const _ of rooms) answers.push(await client.next(({ status }) => status !== undefined));
    return answers;
  };
  assertEquals(
    new Set((await joinAll(ordinary)).map(({ status }) => status)),
    new Set(["success"]),
  );
  // 1.7 MB are 106 times 16 KiB: more than the 80 frames that anybody can save up.
  const [first, second] = await joinAll(large);
  assertEquals([first?.status, second?.code], ["success", "rate_limited"]);
  assertEquals(Number(second?.retry_after_ms) > 0, true);
  await until(
    async () => (await client.join(large[1])).status === "success",
    "it is not let in when it has waited",
  );
});

Deno.test("a plain client of a server that was killed has left", async () => {
  await using bench = await Bench.start();
  const ana = await bench.hello({ name: "Ana" });
  const room = await ana.client.ask({ action: "create", body: "Lobby" });
  const pia = bench.connect(true);
  const { client_id: id } = await pia.next(({ status }) => status === "connected");
  await pia.ask({ action: "join", body: room.room_id });
  await ana.client.told("join", id);
  await bench.crash();
  const again = await bench.hello({ session: ana.welcome.session });
  await again.client.join(room.room_id);
  await again.client.told("leave", id);
});

Deno.test("a client that has left for good is unknown to the next server", async () => {
  await using bench = await Bench.start();
  const ana = await bench.hello({ name: "Ana" });
  ana.client.socket.end(1000);
  await bench.restart();
  assertEquals((await bench.hello({ session: ana.welcome.session })).welcome.resumed, false);
});

Deno.test("a session that somebody made up is nobody's, whatever the file says", async () => {
  await using bench = await Bench.start();
  const ana = await bench.hello({ name: "Ana" });
  await ana.client.ask({ action: "create", body: "Lobby" });
  // Both are on the disk at once: who she is, and that she has joined.
  await ana.client.told("join", ana.welcome.client_id);
  await bench.crash();
  const forged = `${ana.welcome.client_id}.${"0".repeat(32)}`;
  assertEquals((await bench.hello({ session: forged })).welcome.resumed, false);
  assertEquals((await bench.hello({ session: ana.welcome.session })).welcome.resumed, true);
});

Deno.test("the answers of a plain client keep their order while the disk is waited for", async () => {
  await using bench = await Bench.start();
  const pia = bench.connect(true);
  const ask = (frame: Frame) => pia.socket.hear(frame);
  ask({ action: "create", body: "Lobby" });
  ask({ action: "message", body: "1" });
  ask({ action: "dance" });
  ask({ action: "message", body: "2" });
  ask({ action: "message", body: "3" });
  ask({ action: "create", body: "Other" });
  ask({ action: "message", body: "4" });
  ask({ action: "leave" });
  const answers: unknown[] = [];
  await until(() => {
    answers.push(...pia.socket.take().map(({ message }) => message));
    return answers.at(-1) === "Left room";
  }, "an answer does not come");
  assertEquals(answers.slice(1), [
    "Room 'Lobby' created",
    "Message sent",
    "Invalid action",
    "Message sent",
    "Message sent",
    "Room 'Other' created",
    "Message sent",
    "Left room",
  ]);
});

Deno.test("whoever leaves has the entry of what it said before", async () => {
  await using bench = await Bench.start();
  const ana = await bench.hello();
  const { room_id: id } = await ana.client.ask({ action: "create", body: "Lobby" });
  ana.client.socket.take();
  ana.client.socket.hear({ action: "message", room_id: id, n: 1, body: "bye" });
  ana.client.socket.hear({ action: "leave", body: { room_id: id } });
  await ana.client.entry(({ body }) => body === "bye");
  await ana.client.next(({ message }) => message === "Left room");
});
