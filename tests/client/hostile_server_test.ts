import { assert, assertEquals, assertRejects } from "@std/assert";
import { ChatClient, ChatError, type ChatRoom, type RoomEvent } from "../../client.ts";
import type { Frame } from "../support/fixtures.ts";
import { said, type Script, ScriptedServer, Wire } from "../support/scripted_server.ts";
import { bounded, until } from "../support/waiting.ts";

// Row S16 of the scoreboard: whatever a server does, the client never hangs past its
// timeout, never grows without bound, and never makes more than one attempt a second.

/** The timeout of clients of which all waits have to end in time. The others have the usual one, as machines may be busy. */
const TIMEOUT_MS = 150;

/** Less than the usual timeout, and more than a busy machine is late. */
const IN_TIME_MS = 5_000;

/** Connects to a server and reports how and when that ended. */
async function attempt(url: string): Promise<{ error: string; tookMs: number }> {
  const since = performance.now();
  await using chat = new ChatClient(url, { timeoutMs: TIMEOUT_MS });
  const error = await bounded(chat.connect(), () => "connect hangs").then(() => "", String);
  return { error, tookMs: performance.now() - since };
}

function assertInTime(tookMs: number): void {
  assert(tookMs < IN_TIME_MS, `It took ${tookMs} ms`);
}

async function inRoom(url: string): Promise<{ chat: ChatClient; room: ChatRoom }> {
  const chat = new ChatClient(url);
  await chat.connect();
  return { chat, room: await chat.createRoom("Lobby") };
}

/** Lets the client into room `r1` and goes on with the script; every later connection is let in too. */
function admitting(script: Script): Script {
  return async (peer, turn) => {
    await peer.welcome({ resumed: turn > 0 });
    await peer.admit({ recovered: true });
    await script(peer, turn);
  };
}

/** The events of a room up to one that `last` says is the last. */
async function eventsTo(room: ChatRoom, last: (event: RoomEvent) => boolean): Promise<RoomEvent[]> {
  const events: RoomEvent[] = [];
  const reading = (async () => {
    for await (const event of room.events()) {
      events.push(event);
      if (last(event)) break;
    }
  })();
  await bounded(reading, () => `the last event does not come: ${JSON.stringify(events)}`);
  return events;
}

/** The delays that a client chose before its next `count` attempts, each when a connection has `ended`; none is waited for. */
async function delays(
  chat: ChatClient,
  count: number,
  ended: () => void = () => {},
): Promise<number[]> {
  const chosen: number[] = [];
  const reading = (async () => {
    for await (const status of chat.statuses()) {
      if (status.type !== "reconnecting") continue;
      ended();
      if (chosen.push(status.delayMs) === count) break;
      globalThis.dispatchEvent(new Event("online"));
    }
  })();
  await bounded(reading, () => `only ${chosen.length} attempts`);
  return chosen;
}

function assertPatient(chosen: number[]): void {
  const totalMs = chosen.reduce((sum, delayMs) => sum + delayMs);
  assert(totalMs >= chosen.length * 1_000, `${chosen.length} attempts in ${totalMs} ms`);
}

/**
 * A server of bytes, which answers each connection with a text and no more: what it says comes
 * before any WebSocket, where no scripted server can say anything.
 */
class RawServer implements Disposable {
  readonly #listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  readonly #open: Deno.TcpConn[] = [];

  constructor(answer: (request: string) => string | undefined) {
    this.#accept(answer);
  }

  get url(): string {
    return `ws://127.0.0.1:${this.#listener.addr.port}`;
  }

  async #accept(answer: (request: string) => string | undefined): Promise<void> {
    for await (const conn of this.#listener) {
      this.#open.push(conn);
      const bytes = new Uint8Array(4_096);
      const count = await conn.read(bytes).catch(() => null);
      const text = answer(new TextDecoder().decode(bytes.subarray(0, count ?? 0)));
      if (text !== undefined) await conn.write(new TextEncoder().encode(text)).catch(() => {});
    }
  }

  [Symbol.dispose](): void {
    this.#listener.close();
    for (const conn of this.#open) conn.close();
  }
}

const SWITCH = "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nconnection: upgrade\r\n";

for (
  const [name, text] of [
    ["says nothing at all", undefined],
    ["is no web server", "220 mail.example.org ESMTP\r\n"],
    ["answers 200", "HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nhi"],
    ["answers 401", "HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n"],
    ["answers 503", "HTTP/1.1 503 Busy\r\nretry-after: 0\r\ncontent-length: 0\r\n\r\n"],
    ["sends endless headers", "HTTP/1.1 101 x\r\n" + "x: y\r\n".repeat(1_000)],
    [
      "answers with a wrong accept",
      `${SWITCH}sec-websocket-accept: wrong\r\nsec-websocket-protocol: parley.v1\r\n\r\n`,
    ],
  ] as const
) {
  Deno.test(`S16 connecting to a server that ${name} fails in time`, async () => {
    using server = new RawServer(() => text);
    const { error, tookMs } = await attempt(server.url);
    assert(error !== "", "It connected");
    assertInTime(tookMs);
  });
}

const FIRST_WORDS: [string, Script, { protocol?: string }?][] = [
  ["speaks no subprotocol", async (peer) => void await peer.welcome(), { protocol: "" }],
  ["never answers hello", () => {}],
  ["answers hello with garbage", (peer) => peer.sendRaw("hello?")],
  ["answers hello with bytes", (peer) => peer.sendRaw(new Uint8Array(100))],
  ["answers hello with an empty frame", (peer) => peer.sendRaw("")],
  ["answers hello with 5 MiB of nothing", (peer) => peer.sendRaw(" ".repeat(5 * 1_048_576))],
  ["answers hello 10,000 levels deep", (peer) => peer.sendRaw("[".repeat(10_000))],
  ["answers hello with a room", async (peer) => void await peer.admit()],
  ["answers hello without limits", async (peer) => void await peer.welcome({ limits: null })],
  ["answers hello without an id", async (peer) => void await peer.welcome({ client_id: 5 })],
  ["closes at once", (peer) => peer.close(1001)],
  ["says goodbye at once", (peer) => {
    peer.send({ event: "goodbye", code: 4500, reason: "No", retry_after_ms: 0 });
    peer.close(4500);
  }],
];

for (const [name, script, options] of FIRST_WORDS) {
  Deno.test(`S16 connecting to a server that ${name} fails in time`, async () => {
    await using server = new ScriptedServer(script, options);
    const { error, tookMs } = await attempt(server.url);
    assert(error !== "", "It connected");
    assertInTime(tookMs);
    assertEquals(server.attempts.length, 1);
  });
}

Deno.test("S16 a server that never answers a close is left behind after a second", async () => {
  await using server = new ScriptedServer(admitting(() => {}));
  await using wire = new Wire(new URL(server.url).host);
  const { chat } = await inRoom(wire.url);
  wire.die();
  const since = performance.now();
  await chat.close();
  assertInTime(performance.now() - since);
  wire.heal();
});

Deno.test("S16 a server that never pongs is given up, and left alone longer and longer", async () => {
  await using server = new ScriptedServer(async (peer) => {
    peer.pongs = false;
    await peer.welcome({ heartbeat_ms: 24 });
  });
  await using chat = new ChatClient(server.url);
  const ends = [performance.now()];
  await chat.connect();
  assertPatient(await delays(chat, 12, () => ends.push(performance.now())));
  // Whatever else runs on the machine only makes it longer.
  const lifetimeMs = Math.min(...ends.slice(1).map((end, i) => end - ends[i]!));
  assert(lifetimeMs < 36 + 200, `A dead connection lived ${lifetimeMs} ms`);
});

const LOOPS: [string, Script][] = [
  ["closes every connection", (peer) => peer.close(1001)],
  ["breaks off after every welcome", async (peer) => {
    await peer.welcome({ resumed: true });
    peer.close();
  }],
  ["asks to come back at once, for ever", async (peer) => {
    await peer.welcome({ resumed: true });
    peer.send({ event: "goodbye", code: 1001, reason: "x", retry_after_ms: 0 });
    peer.close(1001);
  }],
  ["sends garbage after every welcome", async (peer) => {
    await peer.welcome({ resumed: true });
    peer.sendRaw("garbage");
  }],
  ["welcomes without limits", async (peer) => void await peer.welcome({ limits: undefined })],
  ["never lets the client back into its room", async (peer) => {
    await peer.welcome({ resumed: true });
    const { ref } = await peer.next();
    peer.send({ status: "error", ref, code: "unavailable", message: "x", retry_after_ms: 0 });
    peer.close(1001);
  }],
];

for (const [name, later] of LOOPS) {
  Deno.test(`S16 a server that ${name} is left alone longer and longer`, async () => {
    await using server = new ScriptedServer(async (peer, turn) => {
      if (turn > 0) return await later(peer, turn);
      await peer.welcome();
      await peer.admit();
      peer.close(1001);
    });
    const { chat } = await inRoom(server.url);
    await using _chat = chat;
    assertPatient(await delays(chat, 12));
    // One chain of attempts, not several.
    assert(server.attempts.length <= 13, `${server.attempts.length} attempts`);
  });
}

const GARBAGE: [string, string | Uint8Array<ArrayBuffer>][] = [
  ["text", "garbage"],
  ["bytes", new Uint8Array([0x7b, 0x7d])],
  ["5 MiB of text", "x".repeat(5 * 1_048_576)],
  ["a list", "[]"],
  ["entries that are null", '{"event":"entries","room_id":"r1","entries":[null]}'],
  ["entries that are a number", '{"event":"entries","room_id":"r1","entries":5}'],
  ["no entries", '{"event":"entries","room_id":"r1"}'],
  ["a seq that is text", '{"event":"entries","room_id":"r1","entries":[{"seq":"9","body":"x"}]}'],
  ["a seq of null", '{"event":"entries","room_id":"r1","entries":[{"seq":null,"body":"x"}]}'],
  ["a gap of text", '{"event":"gap","room_id":"r1","from_seq":"a","to_seq":"b"}'],
  ["a goodbye without a code", '{"event":"goodbye"}'],
];

for (const [name, data] of GARBAGE) {
  Deno.test(`S16 a server that sends ${name} costs a connection, and nothing else`, async () => {
    await using server = new ScriptedServer(admitting((peer, turn) => {
      if (turn === 0) return peer.sendRaw(data);
      peer.entries(said(1, "sense"));
    }));
    const { chat, room } = await inRoom(server.url);
    await using _chat = chat;
    const hurried = delays(chat, 2).catch(() => {});
    const events = await eventsTo(room, ({ type }) => type === "message");
    assertEquals(events.map(({ type }) => type), ["recovered", "message"]);
    await chat.close();
    await hurried;
  });
}

const HARMLESS: [string, Frame][] = [
  ["an event nobody knows", { event: "party", room_id: "r1" }],
  ["a status nobody knows", { status: "odd" }],
  ["a reply nobody asked for", { status: "success", ref: 999, room_id: "r1" }],
  ["an acknowledgement of nothing", { status: "success", n: 7, seq: 7, duplicate: true }],
  ["a refusal of nothing", { status: "error", code: "not_in_room", message: "x", n: 7 }],
  ["an error nobody knows", { status: "error", code: "odd", message: "x" }],
  ["another welcome", { status: "connected", client_id: "you" }],
  ["entries of a strange room", { event: "entries", room_id: "r2", entries: [said(1, "x")] }],
  ["an entry of a strange kind", {
    event: "entries",
    room_id: "r1",
    entries: [{ seq: 1, at: 1, from: "x", event: "waves" }],
  }],
  ["__proto__", JSON.parse('{"event":"typing","room_id":"__proto__","from":"x"}')],
];

for (const [name, frame] of HARMLESS) {
  Deno.test(`S16 a server that sends ${name} changes nothing`, async () => {
    await using server = new ScriptedServer(admitting((peer) => {
      peer.send(frame);
      peer.entries(said(2, "sense"));
    }));
    const { chat, room } = await inRoom(server.url);
    await using _chat = chat;
    await eventsTo(room, ({ type }) => type === "message");
    assertEquals([chat.clientId, chat.rooms.size, chat.status.type], ["me", 1, "connected"]);
    assertEquals(server.attempts.length, 1);
  });
}

Deno.test("S16 what comes twice or too late is given out once", async () => {
  await using server = new ScriptedServer(admitting((peer) => {
    peer.entries(said(1, "a"), said(2, "b"), said(2, "b"), said(1, "a"));
    peer.entries(said(2, "b"), said(5, "e"), said(4, "d"), said(6, "f"));
  }));
  const { chat, room } = await inRoom(server.url);
  await using _chat = chat;
  const events = await eventsTo(room, (event) => "seq" in event && event.seq === 6);
  assertEquals(events.map((event) => "seq" in event && event.seq), [1, 2, 5, 6]);
});

Deno.test("S16 a log that began anew is noticed by its epoch, whatever the server claims", async () => {
  await using server = new ScriptedServer(async (peer, turn) => {
    await peer.welcome({ resumed: true });
    await peer.admit({ epoch: `e${turn}`, recovered: true });
    peer.entries(said(turn === 0 ? 50 : 1, turn === 0 ? "old" : "new"));
    if (turn === 0) peer.close(1001);
  });
  const { chat, room } = await inRoom(server.url);
  await using _chat = chat;
  const hurried = delays(chat, 2).catch(() => {});
  const events = await eventsTo(room, (event) => event.type === "message" && event.body === "new");
  assertEquals(events[1], { type: "recovered", recovered: false });
  assertEquals([room.epoch, room.cursor], ["e1", 1]);
  await chat.close();
  await hurried;
});

Deno.test("S16 a flood of entries that nobody reads is not kept", async () => {
  const total = 30_000;
  await using server = new ScriptedServer(admitting((peer) => {
    for (let seq = 1; seq <= total; seq += 100) {
      peer.entries(...Array.from({ length: 100 }, (_, i) => said(seq + i, "x")));
    }
    peer.send({ event: "typing", room_id: "r1", from: "end" });
  }));
  const { chat, room } = await inRoom(server.url);
  await using _chat = chat;
  await until(() => room.cursor >= total, () => `only ${room.cursor} entries came`);
  const events = await eventsTo(room, ({ type }) => type === "typing");
  const [gap] = events;
  assert(gap?.type === "gap" && gap.toSeq >= total / 2, JSON.stringify(gap));
  // The gap, the rest, and the typing.
  assertEquals(events.length, 1 + total - gap.toSeq + 1);
});

Deno.test("S16 a server that welcomes and then says nothing ends every wait in time", async () => {
  await using server = new ScriptedServer(async (peer) => void await peer.welcome());
  await using chat = new ChatClient(server.url, { timeoutMs: TIMEOUT_MS });
  await chat.connect();
  const since = performance.now();
  await Promise.all([
    assertRejects(() => chat.createRoom("x"), ChatError, "took longer"),
    assertRejects(() => chat.joinRoom("x"), ChatError, "took longer"),
    assertRejects(() => chat.rename("x"), ChatError, "took longer"),
  ]);
  assertInTime(performance.now() - since);
});
