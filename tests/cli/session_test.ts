import { assert, assertEquals, assertMatch } from "@std/assert";
import { ChatClient } from "../../client.ts";
import type { Line } from "../../src/cli/editor.ts";
import { TerminalSession } from "../../src/cli/session.ts";
import type { Screen } from "../../src/cli/terminal.ts";
import { TestChat } from "../support/fixtures.ts";
import { said, ScriptedServer } from "../support/scripted_server.ts";
import { bounded } from "../support/waiting.ts";

/** A screen that a test types on; JSON comes out. */
class TestScreen implements Screen {
  readonly shown: Record<string, unknown>[] = [];
  /** The lines for people. */
  readonly text: string[] = [];
  readonly prompts: string[] = [];
  readonly statuses: string[] = [];
  readonly columns = Infinity;
  readonly #entered: (Line | undefined)[] = [];
  #wake: () => void = () => {};

  constructor(readonly interactive: boolean) {}

  /** Enters lines; undefined is the end of the input. */
  enter(...lines: (string | undefined)[]): void {
    this.#entered.push(
      ...lines.map((text) => text === undefined ? undefined : { text, literal: false }),
    );
    this.#wake();
  }

  /** Pastes a text, and enters it. */
  paste(text: string): void {
    this.#entered.push({ text, literal: true });
    this.#wake();
  }

  async *lines(signal: AbortSignal): AsyncGenerator<Line, void, undefined> {
    signal.addEventListener("abort", () => this.enter(undefined));
    if (signal.aborted) return;
    while (true) {
      while (this.#entered.length === 0) await this.#change();
      const line = this.#entered.shift();
      if (line === undefined) return;
      yield line;
    }
  }

  show(text: string): Promise<void> {
    if (text.startsWith("{")) this.shown.push(JSON.parse(text));
    else this.text.push(text);
    this.#wake();
    return Promise.resolve();
  }

  setPrompt(prompt: string): Promise<void> {
    this.prompts.push(prompt);
    this.#wake();
    return Promise.resolve();
  }

  setStatus(status: string): Promise<void> {
    this.statuses.push(status);
    this.#wake();
    return Promise.resolve();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  /** Waits until something of that type was shown for the `nth` time, and returns it. */
  async saw(type: string, nth = 1): Promise<Record<string, unknown>> {
    while (true) {
      const found = this.shown.filter((shown) => shown.type === type)[nth - 1];
      if (found !== undefined) return found;
      await bounded(this.#change(), () => `no ${type} in ${JSON.stringify(this.shown)}`);
    }
  }

  /** Waits until something like this was shown, and returns it. */
  async until(
    isIt: (shown: Record<string, unknown>) => boolean,
  ): Promise<Record<string, unknown>> {
    while (true) {
      const found = this.shown.find(isIt);
      if (found !== undefined) return found;
      await bounded(this.#change(), () => `it is not in ${JSON.stringify(this.shown)}`);
    }
  }

  /** Waits until there is such a status. */
  async kept(pattern: RegExp): Promise<void> {
    while (!pattern.test(this.statuses.at(-1) ?? "none")) {
      await bounded(this.#change(), () => `${pattern} is not among ${this.statuses}`);
    }
  }

  /** Waits until there is such a prompt. */
  async prompted(prompt: string): Promise<void> {
    while (this.prompts.at(-1) !== prompt) {
      await bounded(this.#change(), () => `${prompt} is not among ${this.prompts}`);
    }
  }

  /** All that was shown, without what differs from run to run. */
  get story(): string[] {
    return this.shown.map(({ type, body, name, message }) =>
      [type, name, body, message].filter((part) => part !== undefined).join(" ")
    );
  }

  #change(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const before = this.#wake;
    this.#wake = () => {
      before();
      resolve();
    };
    return promise;
  }
}

/** A session in a room called Lobby. */
class Talk implements AsyncDisposable {
  private constructor(
    readonly chat: ChatClient,
    readonly screen: TestScreen,
    readonly session: TerminalSession,
    readonly exitCode: Promise<number>,
  ) {}

  static async start(
    { url }: { url: string },
    {
      interactive = true,
      name = "Ana",
      last = 0,
      room = "",
      sendTimeoutMs = 60_000,
      text = false,
    } = {},
  ): Promise<Talk> {
    const chat = new ChatClient(url, { name, sendTimeoutMs });
    await chat.connect();
    const screen = new TestScreen(interactive);
    const session = new TerminalSession(chat, screen, {
      joinCommand: (id) => `join ${id}`,
      last,
      ...(text ? { look: { colour: false, time: () => "12:00:00" } } : {}),
    });
    const entered = room === "" ? await chat.createRoom("Lobby") : await chat.joinRoom(room);
    return new Talk(chat, screen, session, session.run(entered));
  }

  /** The end, whose exit code is returned. */
  end(): Promise<number> {
    return bounded(this.exitCode, () => `no end: ${JSON.stringify(this.screen.shown)}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.session.stop();
    await this.chat.close();
    await this.exitCode.catch(() => {});
  }
}

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
  const news = ben.screen.text.findIndex((line) => line.endsWith(". New messages:"));
  assertEquals(ben.screen.text.slice(news + 1).map((line) => line.slice(9)), [
    "  Ana: one",
    "* Ana: hey ben!",
    "  Ana: benjamin",
  ]);
  assert(ben.screen.text.some((line) => line.includes("1 Lobby: 3 new, 1 with your name, ")));
  ben.screen.enter("/room 7", "/leave");
  await ben.screen.kept(/^Kitchen \| 1 here \| owner$/);
  assert(ben.screen.text.some((line) => line.includes('You are in no room "7"')));
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
