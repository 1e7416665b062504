import { assert, assertEquals, assertThrows } from "@std/assert";
import type { StoreEvents } from "../../src/core/store/store.ts";
import { createChat } from "../../src/server/chat.ts";
import { openMemoryStore } from "../../src/server/memory_store.ts";
import { RawSocket, TestChat } from "../support/fixtures.ts";
import { recordingLogger } from "../support/recording_logger.ts";

const QUIET = recordingLogger([]);

function ask(path: string, options: { path?: string } = {}, init?: RequestInit): Response {
  const chat = createChat({ logger: QUIET, ...options });
  return chat.fetch(new Request(`http://localhost${path}`, init));
}

Deno.test("createChat() answers what is no upgrade on its path with 426", async () => {
  const response = ask("/");
  assertEquals([response.status, response.headers.get("upgrade")], [426, "websocket"]);
  assert((await response.text()).length > 0);
  assertEquals(ask("/?x=1").status, 426);
  assertEquals(ask("/", {}, { headers: { upgrade: "h2c" } }).status, 426);
  assertEquals(ask("/", {}, { method: "POST", body: "x" }).status, 426);
});

Deno.test("createChat() shows a page to a browser, and to nobody else", async () => {
  const chromium = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8";
  for (const accept of [chromium, "text/html", "TEXT/HTML;q=0.5", "image/png, text/html"]) {
    const response = ask("/?x=<script>", {}, { headers: { accept } });
    assertEquals([response.status, response.headers.get("upgrade")], [200, null]);
    assertEquals(response.headers.get("content-type"), "text/html; charset=utf-8");
    assert((await response.text()).includes("<parley-chat page>"));
  }
  for (const accept of ["*/*", "application/json", "text/plain", "x-text/html", "text/htmlx"]) {
    assertEquals(ask("/", {}, { headers: { accept } }).status, 426, accept);
  }
  const browser = { headers: { accept: chromium } };
  assertEquals([ask("/x", {}, browser).status, ask("/healthz", {}, browser).status], [404, 200]);
  // Caches know that there are two answers.
  assertEquals([ask("/", {}, browser), ask("/")].map(({ headers }) => headers.get("vary")), [
    "accept, accept-encoding",
    "accept",
  ]);
  // Its script is at the same path, for apps that hand on no other.
  const script = ask("/chat?chat.js", { path: "/chat" }, { headers: { accept: "*/*" } });
  assertEquals([script.status, script.headers.get("content-encoding")], [200, null]);
  assert((await script.text()).includes("parley-chat"));
});

Deno.test("createChat() answers 200 on /healthz and 404 elsewhere", async () => {
  const healthy = ask("/healthz");
  assertEquals([healthy.status, await healthy.text()], [200, "ok\n"]);
  assertEquals(ask("/chat").status, 404);
  assertEquals(ask("/chat/", { path: "/chat" }).status, 404);
  assertEquals(ask("/", { path: "/chat" }).status, 404);
  assertEquals(ask("/chat", { path: "/chat" }).status, 426);
  assertEquals(ask("/healthz", { path: "/chat" }).status, 200);
});

Deno.test("createChat() answers 503 on /healthz for as long as nothing can be stored, and says why", async () => {
  let events: StoreEvents | undefined;
  const chat = createChat({
    logger: QUIET,
    store: (given, options) => {
      events = given;
      return openMemoryStore(given, options);
    },
  });
  const health = () => chat.fetch(new Request("http://localhost/healthz"));
  assertEquals([chat.failure, health().status], [undefined, 200]);
  events?.failing("the disk is full");
  assertEquals(chat.failure, "the disk is full");
  const response = health();
  assertEquals(response.status, 503);
  assertEquals(await response.text(), "Nothing can be stored: the disk is full\n");
  events?.failing(undefined);
  assertEquals([chat.failure, health().status], [undefined, 200]);
});

Deno.test("a chat on a path of its own is mounted beside another handler", async () => {
  const chat = createChat({ path: "/chat", logger: QUIET });
  const server = Deno.serve(
    { port: 0, hostname: "127.0.0.1", onListen: () => {} },
    (request) =>
      URL.parse(request.url)?.pathname === "/" ? new Response("Hello") : chat.fetch(request),
  );
  const host = `127.0.0.1:${server.addr.port}`;
  assertEquals(await (await fetch(`http://${host}/`)).text(), "Hello");
  const socket = await RawSocket.open(`ws://${host}/chat`);
  assertEquals((await socket.next()).status, "connected");
  assertEquals(chat.size, { connections: 1, rooms: 0 });
  await socket.ask({ action: "create", body: "Lobby" });
  assertEquals(chat.size, { connections: 1, rooms: 1 });
  await chat.close();
  assertEquals((await socket.closed()).code, 1001);
  await server.shutdown();
});

Deno.test("the dialect is parley.v1 where it is offered, and plain everywhere else", async () => {
  await using server = new TestChat();
  const offers: [string | null, string | null][] = [
    ["parley.v1", "parley.v1"],
    ["other, parley.v1", "parley.v1"],
    ["parley.v1,other", "parley.v1"],
    [" parley.v1 ", "parley.v1"],
    ["other", null],
    ["parley.v2", null],
    [null, null],
  ];
  for (const [offered, chosen] of offers) {
    const { status, headers } = await server.handshake({ "Sec-WebSocket-Protocol": offered });
    assertEquals([status, headers.get("sec-websocket-protocol")], [101, chosen], `${offered}`);
  }
});

Deno.test("a broken handshake is answered with 400 and ends nothing", async () => {
  await using server = new TestChat();
  assertEquals((await server.handshake({ "Sec-WebSocket-Key": null })).status, 400);
  assertEquals((await server.handshake({ "Connection": null })).status, 400);
  assertEquals((await server.handshake({ "Upgrade": null })).status, 426);
  assertEquals((await server.handshake({}, "/elsewhere")).status, 404);
  await using ana = await server.plain();
  await ana.silence();
});

Deno.test("Chat.close() says goodbye, closes with 1001, takes nobody in, and may be repeated", async () => {
  await using server = new TestChat({ resumesPerSecond: 100 });
  await using ana = await server.v1();
  await using pia = await server.plain();
  const closing = server.chat.close();
  const { status, headers } = await server.handshake();
  assertEquals([status, headers.get("retry-after")], [503, "1"]);
  const health = server.chat(new Request("http://localhost/healthz"));
  assertEquals([health.status, await health.text()], [503, "Going away\n"]);
  const reason = "Server is going away";
  assertEquals(await ana.next(), { event: "goodbye", code: 1001, reason, retry_after_ms: 10 });
  assertEquals(await pia.next(), { status: "error", message: reason });
  assertEquals([await ana.closed(), await pia.closed()], [
    { code: 1001, reason },
    { code: 1001, reason },
  ]);
  await closing;
  await server.chat.close();
  assertEquals(server.chat.size.connections, 0);
});

Deno.test("what was said before Chat.close() is delivered before the goodbye", async () => {
  await using server = new TestChat();
  const { host: ana, roomId } = await server.host1();
  await using _ana = ana;
  await using ben = await server.v1();
  await ben.ask({ action: "join", body: roomId });
  await ben.entry();
  await ana.entry();
  ana.send({ action: "message", room_id: roomId, body: "last words" });
  await ana.entry();
  const closing = server.chat.close();
  const said = await ben.entry();
  assertEquals("body" in said && said.body, "last words");
  assertEquals((await ben.until(({ event }) => event === "goodbye")).code, 1001);
  await closing;
});

Deno.test("Chat.fetch needs no this, and a chat is a handler by itself", async () => {
  const chat = createChat({ logger: QUIET });
  const handler: Deno.ServeDefaultExport = chat;
  const { fetch } = chat;
  const info = { remoteAddr: { transport: "tcp" }, completed: Promise.resolve() };
  for (const handle of [fetch, chat, handler.fetch]) {
    const response = await handle(
      new Request("http://localhost/healthz"),
      info as Deno.ServeHandlerInfo<Deno.NetAddr>,
    );
    assertEquals([response.status, await response.text()], [200, "ok\n"]);
  }
  // What looks for own members only finds them.
  assertEquals(Object.hasOwn(chat, "fetch"), true);
});

Deno.test("Chat.deleteRoom() refuses what is no id, and names it", () => {
  const chat = createChat({ logger: QUIET });
  const { message } = assertThrows(() => chat.deleteRoom(7 as unknown as string), RangeError);
  assertEquals(message, "roomId must be a string, not 7");
});

Deno.test("making a chat starts nothing: no timer, no socket, no line", async () => {
  const lines: never[] = [];
  const chat = createChat({ logger: recordingLogger(lines) });
  assertEquals([chat.size, lines], [{ connections: 0, rooms: 0 }, []]);
  assertEquals(chat.deleteRoom("nowhere"), false);
  await chat.close();
});

Deno.test("nobody is late because the process stood still", async () => {
  await using server = new TestChat({ heartbeatMs: 400 });
  await using ana = await server.v1();
  ana.send({ action: "ping", ref: "before" });
  // As Ctrl-Z and fg do it: more than two heartbeats later, what Ana said has not been heard yet.
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1_200);
  await ana.until(({ ref }) => ref === "before");
  ana.send({ action: "ping", ref: "after" });
  await ana.until(({ ref }) => ref === "after");
});
