import { assert, assertEquals } from "@std/assert";
import { TestChat } from "../support/fixtures.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { Talk } from "./talk.ts";

Deno.test("owners moderate by name, and who is removed is told why and stays away", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server);
  const { roomId } = await ana.screen.saw("room");
  await using ben = await Talk.start(server, { name: "Ben Jo", room: String(roomId) });
  await ana.screen.saw("join", 2);
  ana.screen.enter("/topic Cats", "/mute Ben Jo 10m Too loud");
  await ben.screen.until(({ type, topic }) => type === "settings" && topic === "Cats");
  const mute = await ben.screen.saw("role");
  assertEquals([mute.role, mute.reason, mute.to], ["reader", "Too loud", ben.chat.clientId]);
  assertEquals(Number(mute.until) - Number(mute.sentAt), 600_000);
  ben.screen.enter("hello?", "/members", "/kick Ana");
  await ben.screen.until(({ type, body }) => type === "error" && body === "hello?");
  await ben.screen.until(({ message }) => /forbidden|may not/.test(String(message)));
  const { members } = await ben.screen.saw("members");
  assertEquals((members as { role?: string }[]).map(({ role }) => role), [undefined, "reader"]);
  await ben.screen.kept(/^Lobby \| 2 here \| read only \| Cats$/);
  ana.screen.enter("/unmute @ben jo", "/op Ben Jo", "/deop ben jo:", "/kick Ben Jo Off topic");
  const closed = await ben.screen.saw("closed");
  assertEquals([closed.reason, closed.removed], ["Off topic", true]);
  assertEquals([closed.name, closed.by], ["Lobby", "Ana"]);
  await ben.screen.kept(/^$/);
  assertEquals(ben.chat.rooms.size, 0);
  ben.screen.enter(`/join ${roomId}`);
  await ben.screen.saw("room", 2);
  ana.screen.enter("/ban Ben Jo", "/ban Nobody", "/members");
  await ben.screen.saw("closed", 2);
  await ana.screen.until(({ message }) => /nobody called "Nobody"/.test(String(message)));
  const list = await ana.screen.saw("members");
  assertEquals(list.absent, [{ to: ben.chat.clientId, role: "none", label: "Ben Jo" }]);
  ben.screen.enter(`/join ${roomId}`);
  await ben.screen.until(({ message }) => /does not exist/.test(String(message)));
  ana.screen.enter("/unban Ben Jo");
  await ana.screen.until(({ type, role }) => type === "role" && role === "member");
});

Deno.test("whoever was kicked without a connection does not stay by itself", async () => {
  await using server = new ScriptedServer(async (peer, turn) => {
    await peer.welcome({ resumed: turn > 0 });
    await peer.admit({ seq: 1, after: 1, recovered: true });
    if (turn === 0) return peer.close(1001);
    peer.entries({ seq: 2, at: 1, from: "a", name: "Ana", event: "kick", to: "me" } as never);
    const { action, ref } = await peer.next();
    peer.send({ status: "success", room_id: "r1", ref, message: action });
  });
  await using ana = await Talk.start(server);
  await ana.screen.kept(/^Offline/);
  ana.chat.retryNow();
  assertEquals((await ana.screen.saw("kick")).to, "me");
  await ana.screen.saw("closed");
  assertEquals(ana.chat.rooms.size, 0);
});

Deno.test("history, search and markers come by commands", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server);
  const { roomId } = await ana.screen.saw("room");
  ana.screen.enter(...Array.from({ length: 9 }, (_, i) => `line ${i}`));
  await ana.screen.until(({ body }) => body === "line 8");
  await using ben = await Talk.start(server, { name: "Ben" });
  ben.screen.enter(`/join ${roomId}`);
  await ben.screen.saw("join", 2);
  ben.screen.enter("/history 4", "/history 256", "/history", "/search LINE 8", "/read");
  const first = await ben.screen.saw("history");
  assertEquals([first.events, first.more], [4, true]);
  assertEquals((await ben.screen.saw("history", 3)).events, 0);
  const bodies = ben.screen.shown.filter(({ type }) => type === "message").map(({ body }) => body);
  const lines = (from: number, to: number) =>
    Array.from({ length: to - from }, (_, i) => `line ${from + i}`);
  assertEquals(bodies.slice(0, 9), [...lines(5, 9), ...lines(0, 5)]);
  const { found, text } = await ben.screen.saw("search");
  assertEquals([found, text], [1, "LINE 8"]);
});

Deno.test("several rooms are told apart, and what is unread is counted", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server);
  const { roomId } = await ana.screen.saw("room");
  await using ben = await Talk.start(server, { name: "Ben", room: String(roomId), text: true });
  ben.screen.enter("/create Kitchen");
  await ben.screen.kept(/^1:Lobby \[2:Kitchen\] \| 1 here \| owner$/);
  ana.screen.enter("one", "hey ben!", "benjamin");
  await ben.screen.kept(/^1:Lobby\(3!\) \[2:Kitchen\]/);
  assertEquals(ben.screen.text.filter((line) => line.includes("benjamin")), []);
  assert(ben.screen.text.some((line) => line.endsWith(". Ana calls you in room 1, Lobby")));
  ben.screen.enter("/rooms", "/room lob");
  await ben.screen.kept(/^\[1:Lobby\] 2:Kitchen \| 2 here$/);
  await ben.screen.told(/benjamin$/);
  const news = ben.screen.text.findIndex((line) => line.endsWith(". New messages:"));
  assertEquals(ben.screen.text.slice(news + 1).map((line) => line.slice(9)), [
    "  Ana: one",
    "* Ana: hey ben!",
    "  Ana: benjamin",
  ]);
  assert(ben.screen.text.some((line) => line.includes("1 Lobby: 3 new, 1 with your name, ")));
  assertEquals(ben.screen.bells, 1);
  ben.session.goTo(9);
  ben.session.goTo(2);
  await ben.screen.kept(/^1:Lobby \[2:Kitchen\]/);
  ben.session.goTo(1);
  await ben.screen.kept(/^\[1:Lobby\]/);
  const { candidates } = ben.session.complete("/kick a")!;
  assertEquals([candidates, ben.session.complete("/room K")?.candidates], [["Ana "], ["Kitchen "]]);
  ben.screen.enter("/room 7", "/leave");
  await ben.screen.kept(/^Kitchen \| 1 here \| owner$/);
  assert(ben.screen.text.some((line) => line.includes('You are in no room "7"')));
});

Deno.test("who reads back sees pages, and asks for what is older, to the beginning", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server);
  const { roomId } = await ana.screen.saw("room");
  ana.screen.enter(...Array.from({ length: 200 }, (_, i) => `line ${i}`));
  await ana.screen.until(({ body }) => body === "line 199");
  await using ben = await Talk.start(server, { name: "Ben", text: true });
  ben.screen.enter(`/join ${roomId}`);
  await ben.screen.kept(/^1:Lobby \[2:Lobby\] \| 2 here/);
  ben.session.page("down");
  assertEquals(ben.screen.page, undefined);
  ben.session.page("up");
  await ben.screen.read(/Ana: line 19\d$/);
  assert(ben.screen.page!.every((row) => row.length <= 40) && ben.screen.page!.length === 6);
  await ben.screen.kept(/^Reading back/);
  for (let i = 0; i < 30; i++) ben.session.page("up");
  await ben.screen.read(/line 1?\d\d$/);
  for (let i = 0; i < 60; i++) {
    ben.session.page("up");
    await ben.screen.kept(/^Reading back(?: at the beginning)? \(End returns\)$/);
  }
  await ben.screen.read(/ \+ Ana joined$/);
  ana.screen.enter("said meanwhile");
  ben.session.page("down");
  await ben.screen.read(/line \d$/);
  ben.session.page("end");
  await ben.screen.kept(/^1:Lobby \[2:Lobby\]/);
  assertEquals(ben.screen.page, undefined);
  ben.session.page("up");
  await ben.screen.kept(/^Reading back/);
  ben.screen.enter("I am back");
  await ben.screen.kept(/^1:Lobby \[2:Lobby\]/);
  assertEquals(ben.screen.page, undefined);
});

Deno.test("history that was not read begins with a line", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server);
  const { roomId } = await ana.screen.saw("room");
  const options = { name: "Ben", room: String(roomId), last: 50, text: true };
  await using ben = await Talk.start(server, options);
  ana.screen.enter("one");
  await ben.screen.told(/ Ana: one$/);
  ben.screen.enter("/read", "/leave");
  await ben.screen.told(/You left/);
  ana.screen.enter("two", "three");
  await ana.screen.until(({ body }) => body === "three");
  ben.screen.enter(`/join ${roomId}`);
  await ben.screen.told(/Ana: three$/);
  const again = ben.screen.text.slice(
    ben.screen.text.findIndex((line) => line.includes("You left")),
  );
  const lines = again.map((line) => line.slice(9));
  const news = lines.indexOf(". New messages:");
  assertEquals(lines.slice(news, news + 3), [". New messages:", "  Ana: two", "  Ana: three"]);
  assert(lines.indexOf("  Ana: one") < news);
});

Deno.test("who goes to a room says there what follows at once, and sees its lines in order", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server);
  const { roomId } = await ana.screen.saw("room");
  await using ben = await Talk.start(server, { name: "Ben", room: String(roomId), text: true });
  ben.screen.enter("/create Kitchen");
  await ben.screen.kept(/\[2:Kitchen\]/);
  for (let i = 0; i < 50; i++) ana.screen.enter(`line ${i}`);
  await ben.screen.kept(/^1:Lobby\(\d+\)/);
  ben.session.goTo(1);
  ben.screen.enter("I am here");
  await ana.screen.until(({ body }) => body === "I am here");
  await ben.screen.told(/Ana: line 49$/);
  const lines = ben.screen.text.map((line) => /Ana: (.*)$/.exec(line)?.[1]).filter(Boolean);
  assertEquals(lines, Array.from({ length: 50 }, (_, i) => `line ${i}`));
  await ben.screen.kept(/^\[1:Lobby\] 2:Kitchen \|/);
});

Deno.test("who leaves for good has read the room", async () => {
  const read = Promise.withResolvers<unknown>();
  await using server = new ScriptedServer(async (peer) => {
    await peer.welcome();
    await peer.admit({ seq: 1, after: 1 });
    peer.entries({ seq: 2, at: 1, from: "b", name: "Ben", n: 1, body: "hi" });
    while (true) {
      const { action, body } = await peer.next();
      if (action === "read") return read.resolve(body);
    }
  });
  await using ana = await Talk.start(server);
  await ana.screen.saw("message");
  ana.screen.enter("quit");
  assertEquals(await read.promise, { room_id: "r1", seq: 2 });
  assertEquals(await ana.end(), 0);
});

Deno.test("whoever is removed does not say in another room what was meant for that one", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server);
  const { roomId } = await ana.screen.saw("room");
  await using ben = await Talk.start(server, { name: "Ben" });
  ben.screen.enter(`/join ${roomId}`);
  await ana.screen.saw("join", 2);
  ana.screen.enter("/kick Ben");
  await ben.screen.saw("closed");
  await ben.screen.kept(/^1:Lobby$/);
  ben.screen.enter("for Ana alone", "/room 1", "for my room", "quit");
  const { message } = await ben.screen.saw("error");
  assertEquals(message, "You are in no room: /room N or /join ID");
  assertEquals(await ben.end(), 0);
  const said = ben.screen.shown.filter(({ type }) => type === "message").map(({ body }) => body);
  assertEquals(said, ["for my room"]);
});

Deno.test("who goes on quickly is shown the room where that ends", async () => {
  await using server = new TestChat();
  await using ana = await Talk.start(server, { text: true });
  ana.screen.enter("/create Two", "/create Three");
  await ana.screen.kept(/\[3:Three\]/);
  for (const number of [1, 2, 1, 3, 2]) ana.session.goTo(number);
  await ana.screen.kept(/^1:Lobby \[2:Two\] 3:Three/);
  await ana.screen.told(/Room 2: Two$/);
  ana.screen.enter("here");
  await ana.screen.told(/> Ana: here$/);
  const shown = ana.screen.text.filter((line) => /Room \d: /.test(line));
  assertEquals(shown.filter((line) => !line.endsWith("Room 2: Two")), []);
});
