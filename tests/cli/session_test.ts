import { assert, assertEquals, assertMatch } from "@std/assert";
import { TestChat } from "../support/fixtures.ts";
import { said, ScriptedServer } from "../support/scripted_server.ts";
import { Talk } from "./talk.ts";

Deno.test("a session tells its room, sends lines, and leaves at the end of the input", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server, { interactive: false });
  ana.screen.enter("one", "", "//two", undefined);
  assertEquals(await ana.end(), 0);
  assertEquals(ana.screen.story, [
    "room Lobby",
    "join Ana",
    "message Ana one",
    "message Ana /two",
    "left Lobby",
  ]);
  const { roomId, command } = await ana.screen.saw("room");
  assertEquals(command, `join ${roomId}`);
  assertEquals(server.chat.size.connections, 0);
});

Deno.test("others see each other come, talk, change their names and go", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server);
  const { roomId } = await ana.screen.saw("room");
  await using ben = await Talk.start(server, { name: "Ben", room: String(roomId) });
  ben.screen.enter("hi", "/nick Bob", "/who", "quit");
  assertEquals(await ben.end(), 0);
  await ana.screen.saw("leave");
  assertEquals(ana.screen.story, [
    "room Lobby",
    "join Ana",
    "join Ben",
    "message Ben hi",
    "rename Bob",
    "leave Bob",
  ]);
  assertEquals((await ana.screen.saw("rename")).formerly, "Ben");
  const { members, own } = await ben.screen.saw("members");
  assert(Array.isArray(members) && members.length === 2);
  assertEquals(own, ben.chat.clientId);
});

Deno.test("messages are answered, changed, reacted to and deleted by commands", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server, { name: "Ana" });
  const { roomId } = await ana.screen.saw("room");
  await using ben = await Talk.start(server, { name: "Ben", room: String(roomId) });
  await ana.screen.saw("join", 2);
  ana.screen.enter("helo", "/edit hello");
  await ben.screen.until(({ type, edit }) => type === "change" && edit === "hello");
  ben.screen.enter("/react 👋", "/reply hi", "oops", "/delete", "/edit ^1 hi!");
  const last = await ana.screen.until(({ edit }) => edit === "hi!");
  const changes = ana.screen.shown.filter(({ type }) =>
    ["message", "change"].includes(String(type))
  );
  const [helo, , react, hi, oops] = changes;
  assertEquals(
    changes.map(({ body, re, edit, react, redact }) => body ?? edit ?? react ?? [re, redact]),
    [
      "helo",
      "hello",
      "👋",
      "hi",
      "oops",
      [oops?.seq, true],
      "hi!",
    ],
  );
  assertEquals([react?.re, hi?.re, last.re], [helo?.seq, helo?.seq, hi?.seq]);
  ben.screen.enter("/edit #1 x", "/unreact no");
  await ben.screen.until(({ type, message }) =>
    type === "error" && /no message 1$/.test(String(message))
  );
  await ben.screen.until(({ type, message }) =>
    type === "error" && /has not that/.test(String(message))
  );
});

Deno.test("/leave, /create and /join go from room to room", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server);
  const { roomId } = await ana.screen.saw("room");
  ana.screen.enter("in the lobby", "leave", "to nobody", `/join ${roomId}`, `/join ${roomId}`);
  ana.screen.enter("/create Kitchen", "in the kitchen", "/quit");
  assertEquals(await ana.end(), 0);
  const nowhere = "error You are in no room: /join ID or /create NAME";
  // With several rooms, nobody knows which one is told of first at the end.
  const told = ana.screen.story;
  assertEquals(told.splice(-2).toSorted(), ["left Kitchen", "left Lobby"]);
  assertEquals(told, [
    "room Lobby",
    "join Ana",
    "message Ana in the lobby",
    "left Lobby",
    nowhere,
    "room Lobby",
    "join Ana",
    "error You are in this room already",
    "room Kitchen",
    "join Ana",
    "message Ana in the kitchen",
  ]);
});

Deno.test("what was pasted is said, whatever it looks like", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server);
  for (const text of ["quit", "/leave", "//x", "quit\n/quit\n", ""]) ana.screen.paste(text);
  ana.screen.enter("quit");
  assertEquals(await ana.end(), 0);
  const bodies = ana.screen.shown.filter(({ type }) => type === "message").map(({ body }) => body);
  assertEquals(bodies, ["quit", "/leave", "//x", "quit\n/quit\n", ""]);
});

Deno.test("a line that is no message is an error, and nothing is sent", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server, { interactive: false });
  ana.screen.enter("/foo", "x".repeat(65_537), "/join nowhere", "y".repeat(65_536), undefined);
  assertEquals(await ana.end(), 1);
  const errors = ana.screen.shown.filter(({ type }) => type === "error");
  assertEquals(errors.map(({ message }) => message), [
    'Unknown command "/foo": /help lists them, // sends a slash',
    "Not sent: the line is longer than 65536 bytes",
    "Room nowhere does not exist",
  ]);
  assertEquals(ana.screen.shown.filter(({ type }) => type === "message").length, 1);
});

Deno.test("whoever was told that a message was perhaps not sent is told when it was", async () => {
  const givenUp = Promise.withResolvers<void>();
  await using server = new ScriptedServer(async (peer) => {
    await peer.welcome();
    await peer.admit();
    const { n } = await peer.next();
    await givenUp.promise;
    peer.entries(said(7, "hello", "me", Number(n)));
  });
  await using ana = await Talk.start(server, { sendTimeoutMs: 20 });
  ana.screen.enter("hello");
  const { message } = await ana.screen.saw("error");
  assertMatch(String(message), /^Perhaps not sent: /);
  givenUp.resolve();
  assertEquals(await ana.screen.saw("sent"), { type: "sent", seq: 7, body: "hello" });
});

Deno.test("what a person did wrong does not count in the end", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server);
  ana.screen.enter("/foo", "/help", undefined);
  assertEquals(await ana.end(), 0);
  assertEquals(ana.screen.prompts[0], "> ");
});

Deno.test("a room that is deleted is left behind, and the next line is an error", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server, { interactive: false });
  const { roomId } = await ana.screen.saw("room");
  await ana.screen.saw("join");
  server.chat.deleteRoom(String(roomId));
  ana.screen.enter("is anybody there?", undefined);
  assertEquals(await ana.end(), 1);
  assertEquals((await ana.screen.saw("error")).body, "is anybody there?");
});

Deno.test("a room that is deleted can be left, and another one made", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server);
  const { roomId } = await ana.screen.saw("room");
  await ana.screen.saw("join");
  server.chat.deleteRoom(String(roomId));
  ana.screen.enter("leave", "/create Kitchen", "quit");
  assertEquals(await ana.end(), 0);
  assertEquals(ana.screen.story, [
    "room Lobby",
    "join Ana",
    "left Lobby",
    "room Kitchen",
    "join Ana",
    "left Kitchen",
  ]);
});

Deno.test("history comes with `last`, and tells what somebody was called in it", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server);
  const { roomId } = await ana.screen.saw("room");
  ana.screen.enter("one", "two", "/nick Eva");
  await ana.screen.saw("rename");
  await using ben = await Talk.start(server, { name: "Ben", last: 3 });
  ben.screen.enter(`/join ${roomId}`, "quit");
  assertEquals(await ben.end(), 0);
  assertEquals(ben.screen.story.filter((line) => !line.startsWith("left")).slice(-5), [
    "room Lobby",
    "message Ana one",
    "message Ana two",
    "rename Eva",
    "join Ben",
  ]);
});

Deno.test("a session that is told to stop leaves at once", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server);
  await ana.screen.saw("join");
  ana.session.stop();
  assertEquals(await ana.end(), 0);
  assertEquals(ana.screen.story.at(-1), "left Lobby");
  assertEquals(server.chat.size.connections, 0);
});

Deno.test("a server that goes away shows, and lines wait for it in the prompt", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server);
  await ana.screen.saw("join");
  await server.chat.close();
  await ana.screen.kept(/^Offline, trying/);
  ana.screen.enter("still there?", "hello?");
  await ana.screen.prompted("2 unsent > ");
  ana.screen.enter(undefined);
  assertEquals(await ana.end(), 1);
  const errors = ana.screen.shown.filter(({ type }) => type === "error");
  assertEquals(errors.map(({ body }) => body), ["still there?", "hello?"]);
});
