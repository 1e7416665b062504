import { assert, assertEquals, assertMatch } from "@std/assert";
import { createOps } from "../../src/ops/ops.ts";
import type { ChatOptions } from "../../src/server/chat.ts";
import { nats } from "../../src/store/jetstream/nats.ts";
import { sqlite } from "../../src/store/sqlite/sqlite.ts";
import { type Frame, TestChat } from "../support/fixtures.ts";
import { NatsServer, NEEDS_NATS } from "../support/nats_server.ts";
import { findProgram } from "../support/permissions.ts";
import { tempFolder } from "../support/temp_folder.ts";
import { bounded, until } from "../support/waiting.ts";

const FOLDER = tempFolder();

const TOKEN = "0123456789abcdef0123456789abcdef";

/** A chat whose streams are at a URL. */
class Streams implements AsyncDisposable {
  readonly chat: TestChat;
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly faults: unknown[] = [];

  constructor(options: ChatOptions = {}, mostReaders = 100) {
    this.chat = new TestChat(options);
    const ops = createOps(this.chat.chat, {
      version: "1",
      store: "memory",
      apiToken: TOKEN,
      mostReaders,
      failed: (error) => this.faults.push(error),
    });
    this.#server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => {} }, ops);
  }

  urlOf(roomId: string): string {
    return `http://127.0.0.1:${this.#server.addr.port}/api/v1/rooms/${roomId}/stream`;
  }

  async make(): Promise<string> {
    return (await this.chat.chat.createRoom("Lobby")).roomId;
  }

  ask(roomId: string, query = "", options: RequestInit = {}): Promise<Response> {
    const headers = { authorization: `Bearer ${TOKEN}`, ...options.headers };
    return fetch(`${this.urlOf(roomId)}${query}`, { ...options, headers });
  }

  async post(
    roomId: string,
    body: unknown,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    const answer = await this.ask(roomId, "", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: JSON.stringify(body),
    });
    await answer.body?.cancel();
    return answer;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.chat[Symbol.asyncDispose]();
    await bounded(this.#server.shutdown(), () => "a reader holds the server up");
    assertEquals(this.faults, []);
  }
}

/** The events of a stream as they come. */
class Events implements AsyncDisposable {
  readonly #reader: ReadableStreamDefaultReader<string>;
  #text = "";

  constructor(answer: Response) {
    this.#reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  }

  /** The next event; undefined at the end. */
  async next(): Promise<{ event: string; data: Frame & Frame[] } | undefined> {
    while (!this.#text.includes("\n\n")) {
      const { value, done } = await bounded(this.#reader.read(), () => "no event comes");
      if (done) return undefined;
      this.#text += value;
    }
    const end = this.#text.indexOf("\n\n");
    const [, event = "", data = ""] = /^event: (.*)\ndata:(.*)$/.exec(this.#text.slice(0, end)) ??
      [];
    this.#text = this.#text.slice(end + 2);
    return { event, data: JSON.parse(data) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reader.cancel();
  }
}

const offsetIn = ({ headers }: Response) => headers.get("stream-next-offset")!;
const bodiesIn = (entries: Frame[]) => entries.map(({ body }) => body);

Deno.test("a stream is read from an offset on, and goes on where it was left", async () => {
  await using streams = new Streams();
  const id = await streams.make();
  const empty = await streams.ask(id);
  assertEquals([await empty.json(), empty.headers.get("stream-up-to-date")], [[], "true"]);
  const posted = await streams.post(id, ["first", {
    body: "second",
    as: "CI",
    data: { build: 7 },
  }]);
  assertEquals(posted.status, 204);
  const whole = await streams.ask(id, "?offset=-1");
  const entries = await whole.json();
  assertEquals(bodiesIn(entries), ["first", "second"]);
  assertEquals([entries[1].name, entries[1].data], ["CI", { build: 7 }]);
  assertEquals(offsetIn(whole), offsetIn(posted));
  await streams.post(id, { body: "third", re: 1 });
  const rest = await streams.ask(id, `?offset=${offsetIn(whole)}`);
  assertEquals((await rest.json()).map(({ body, re }: Frame) => [body, re]), [["third", 1]]);
  const head = await streams.ask(id, "", { method: "HEAD" });
  assertEquals([offsetIn(head), head.headers.get("cache-control")], [offsetIn(rest), "no-store"]);
  const now = await streams.ask(id, "?offset=now");
  assertEquals([await now.json(), offsetIn(now)], [[], offsetIn(rest)]);
});

Deno.test("what has not changed is not sent again, and what was redacted is", async () => {
  await using streams = new Streams();
  const { host: ana, roomId: id } = await streams.chat.host1();
  ana.send({ action: "message", room_id: id, body: "a secret" });
  const [said] = await ana.entries(1);
  const first = await streams.ask(id);
  await first.body?.cancel();
  const etag = first.headers.get("etag")!;
  const again = await streams.ask(id, "", { headers: { "if-none-match": etag } });
  assertEquals([again.status, await again.text()], [304, ""]);
  ana.send({ action: "message", room_id: id, re: said!.seq, redact: true });
  await ana.entries(1);
  const later = await streams.ask(id, "", { headers: { "if-none-match": etag } });
  assertEquals([later.status, (await later.text()).includes("secret")], [200, false]);
  await ana[Symbol.asyncDispose]();
});

Deno.test("a long poll waits for an entry, and ends when the chat closes", async () => {
  await using streams = new Streams();
  const id = await streams.make();
  const waiting = streams.ask(id, "?offset=now&live=long-poll");
  const other = await streams.make();
  await streams.chat.chat.publish(other, "elsewhere");
  await streams.post(id, "here");
  const answer = await bounded(waiting, () => "nothing comes");
  assertEquals(bodiesIn(await answer.json()), ["here"]);
  assertMatch(answer.headers.get("stream-cursor") ?? "", /^\d+$/);
  const idle = streams.ask(id, `?offset=${offsetIn(answer)}&live=long-poll`);
  await streams.chat.chat.close();
  const { status } = await bounded(idle, () => "it waits for ever");
  assert(status === 204 || status === 503, `${status}`);
  await (await idle).body?.cancel();
});

Deno.test("events come as they are said, with the place behind each", async () => {
  await using streams = new Streams();
  const id = await streams.make();
  await streams.post(id, "before");
  const answer = await streams.ask(id, "?offset=-1&live=sse");
  assertEquals(answer.headers.get("content-type"), "text/event-stream");
  await using events = new Events(answer);
  assertEquals(bodiesIn((await events.next())!.data), ["before"]);
  const control = (await events.next())!;
  assertEquals([control.event, control.data.upToDate], ["control", true]);
  await streams.post(id, 'a "text"\nin two lines');
  assertEquals(bodiesIn((await events.next())!.data), ['a "text"\nin two lines']);
  const { streamNextOffset } = (await events.next())!.data;
  await streams.post(id, "behind");
  const rest = await streams.ask(id, `?offset=${streamNextOffset}`);
  assertEquals(bodiesIn(await rest.json()), ["behind"]);
  streams.chat.chat.deleteRoom(id);
  // It says what there was, and ends.
  for (let event = await events.next(); event !== undefined;) event = await events.next();
  const gone = await streams.ask(id);
  assertEquals([gone.status, (await gone.json()).code], [404, "room_not_found"]);
});

Deno.test("a reader who was too slow is told what is missing", async () => {
  await using streams = new Streams({ logEntries: 2 });
  const id = await streams.make();
  const { headers } = await streams.post(id, "1");
  const offset = headers.get("stream-next-offset");
  await streams.post(id, ["2", "3", "4", "5"]);
  const [gap, ...kept] = await (await streams.ask(id, `?offset=${offset}`)).json();
  assertEquals(gap, { event: "gap", room_id: id, from_seq: 2, to_seq: 3 });
  assertEquals(bodiesIn(kept), ["4", "5"]);
  // Whoever begins has lost nothing.
  assertEquals(bodiesIn(await (await streams.ask(id, "?offset=-1")).json()), ["4", "5"]);
});

Deno.test("a long log comes in pieces, from the store too", async () => {
  const store = sqlite(`${FOLDER}/long.db`);
  await using streams = new Streams({ store, logEntries: 10, historyEntries: 10_000 });
  const id = await streams.make();
  const texts = Array.from({ length: 40 }, (_, i) => `${i} ${"x".repeat(20_000)}`);
  for (let i = 0; i < texts.length; i += 10) await streams.post(id, texts.slice(i, i + 10));
  const read: unknown[] = [];
  let query = "?offset=-1";
  for (let pieces = 1;; pieces++) {
    const answer = await streams.ask(id, query);
    read.push(...bodiesIn(await answer.json()));
    query = `?offset=${offsetIn(answer)}`;
    if (answer.headers.get("stream-up-to-date") !== "true") continue;
    assert(pieces > 2, `${pieces} pieces`);
    break;
  }
  assertEquals(read, texts);
});

Deno.test("a producer's requests are stored once, over a restart too", async () => {
  const path = `${FOLDER}/producer.db`;
  const number = (seq: number, epoch = 0) => ({
    "producer-id": "builds",
    "producer-epoch": String(epoch),
    "producer-seq": String(seq),
  });
  let id = "";
  {
    await using streams = new Streams({ store: sqlite(path) });
    id = await streams.make();
    assertEquals((await streams.post(id, ["a", "b"], number(0))).status, 200);
    const repeat = await streams.post(id, ["a", "b"], number(0));
    assertEquals([repeat.status, repeat.headers.get("producer-seq")], [204, "0"]);
    const hole = await streams.post(id, "d", number(2));
    assertEquals([hole.status, hole.headers.get("producer-expected-seq")], [409, "1"]);
    assertEquals((await streams.post(id, "c", number(1))).status, 200);
  }
  await using streams = new Streams({ store: sqlite(path) });
  assertEquals((await streams.post(id, "c", number(1))).status, 204);
  assertEquals((await streams.post(id, "d", number(2))).status, 200);
  assertEquals((await streams.post(id, "e", number(0, 1))).status, 200);
  assertEquals((await streams.post(id, "x", number(3))).status, 403);
  const entries = await (await streams.ask(id)).json();
  assertEquals(bodiesIn(entries), ["a", "b", "c", "d", "e"]);
});

Deno.test("every wrong request is a problem, and stores nothing", async () => {
  await using streams = new Streams({}, 1);
  const id = await streams.make();
  const json = { "content-type": "application/json" };
  const post = (body: string, headers: Record<string, string> = json): RequestInit => ({
    method: "POST",
    headers,
    body: new TextEncoder().encode(body),
  });
  const wrong: [status: number, code: string, query: string, options?: RequestInit][] = [
    [400, "invalid_frame", "?offset="],
    [400, "invalid_frame", "?offset=a,b"],
    [400, "invalid_frame", "?offset=-1&offset=now"],
    [400, "invalid_frame", "?live=sse"],
    [400, "invalid_frame", "?offset=-1&live=often"],
    [410, "room_gone", "?offset=other_0000000000000001"],
    [401, "token_invalid", "", { headers: { authorization: "Bearer nobody" } }],
    [400, "invalid_json", "", post("")],
    [400, "invalid_json", "", post("{")],
    [400, "invalid_json", "", post("1", {})],
    [409, "invalid_json", "", post("1", { "content-type": "text/plain" })],
    [400, "invalid_frame", "", post("[]")],
    [400, "invalid_frame", "", post(JSON.stringify(Array(257).fill("x")))],
    [400, "invalid_frame", "", post("5")],
    [400, "invalid_frame", "", post("{}")],
    [400, "invalid_frame", "", post('{"body":"x","from":"ana"}')],
    [400, "invalid_frame", "", post('{"body":"x","as":5}')],
    [400, "invalid_frame", "", post('{"body":"x","re":0}')],
    [404, "message_not_found", "", post('{"body":"x","re":5}')],
    [400, "too_deep", "", post(`{"data":${"[".repeat(40)}${"]".repeat(40)}}`)],
    [413, "too_large", "", post(`"${"x".repeat(65_537)}"`)],
    [400, "invalid_frame", "", post('"x"', { ...json, "producer-id": "a" })],
    [400, "invalid_frame", "", post('"x"', { ...json, "stream-seq": "1" })],
    [405, "unsupported", "", post("", { ...json, "stream-closed": "true" })],
    [405, "invalid_action", "", { method: "PUT" }],
  ];
  for (const [status, code, query, options] of wrong) {
    const answer = await streams.ask(id, query, options);
    const problem = await answer.json();
    const what = `${query} ${options?.body}`;
    assertEquals([answer.status, problem.code], [status, code], `${what} ${problem.detail}`);
    assertEquals(answer.headers.get("x-content-type-options"), "nosniff");
  }
  const nowhere = await streams.ask("nowhere", "?offset=-1&live=sse");
  assertEquals([nowhere.status, (await nowhere.json()).code], [404, "room_not_found"]);
  await using _reader = new Events(await streams.ask(id, "?offset=now&live=sse"));
  const full = await streams.ask(id, "?offset=now&live=sse");
  assertEquals([full.status, (await full.json()).code], [503, "unavailable"]);
  assertEquals(await (await streams.ask(id)).json(), []);
});

Deno.test("whoever hangs up leaves its place", async () => {
  await using streams = new Streams({}, 1);
  const id = await streams.make();
  for (let i = 0; i < 3; i++) {
    let answer = await streams.ask(id, "?offset=now&live=sse");
    await until(async () => {
      if (answer.ok) return true;
      await answer.body?.cancel();
      answer = await streams.ask(id, "?offset=now&live=sse");
      return false;
    }, "the place is taken");
    await new Events(answer)[Symbol.asyncDispose]();
  }
});

Deno.test({
  name: "curl alone holds a conversation",
  ignore: findProgram("curl") === undefined,
  async fn() {
    await using streams = new Streams();
    const { host: ana, roomId: id } = await streams.chat.host1("Lobby", { name: "Ana" });
    const common = ["-sN", "-H", `Authorization: Bearer ${TOKEN}`];
    const listening = new Deno.Command("curl", {
      args: [...common, `${streams.urlOf(id)}?offset=now&live=sse`],
      stdout: "piped",
    }).spawn();
    await using events = new Events(new Response(listening.stdout));
    assertEquals((await events.next())?.event, "control");
    ana.send({ action: "message", room_id: id, body: "Is anybody there?" });
    await ana.entries(1);
    assertEquals(bodiesIn((await events.next())!.data), ["Is anybody there?"]);
    await events.next();
    const { code } = await new Deno.Command("curl", {
      args: [
        ...common,
        ...["-f", "-H", "Content-Type: application/json"],
        ...["-d", '{"body":"Yes, a curl","as":"Curl"}', streams.urlOf(id)],
      ],
    }).output();
    assertEquals(code, 0);
    const [heard] = await ana.entries(1) as unknown as Frame[];
    assertEquals([heard?.name, heard?.body], ["Curl", "Yes, a curl"]);
    assertEquals(bodiesIn((await events.next())!.data), ["Yes, a curl"]);
    listening.kill();
    await listening.status;
    await ana[Symbol.asyncDispose]();
  },
});

Deno.test({
  name: "a reader hears what is said at another node, and numbers hold there too",
  ...NEEDS_NATS,
  async fn() {
    await using server = await NatsServer.start();
    const options = () => ({
      store: nats({ servers: server.host }),
      secret: "of both nodes, 32 characters long",
    });
    await using one = new Streams(options());
    await using other = new Streams(options());
    let id = "";
    await until(async () => {
      id = await one.make().catch(() => "");
      return id !== "";
    }, "no room is made");
    await one.post(id, "first");
    const answer = await other.ask(id, "?offset=-1&live=sse");
    await using events = new Events(answer);
    assertEquals(bodiesIn((await events.next())!.data), ["first"]);
    const { streamNextOffset } = (await events.next())!.data;
    const number = { "producer-id": "p", "producer-epoch": "0", "producer-seq": "0" };
    assertEquals((await one.post(id, "second", number)).status, 200);
    assertEquals(bodiesIn((await events.next())!.data), ["second"]);
    // An offset of one node is good at the other, and so is the number of a producer.
    assertEquals((await other.post(id, "second", number)).status, 204);
    const rest = await one.ask(id, `?offset=${streamNextOffset}`);
    assertEquals(bodiesIn(await rest.json()), ["second"]);
  },
});
