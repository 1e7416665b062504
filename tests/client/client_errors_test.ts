import { assert, assertEquals, assertRejects } from "@std/assert";
import {
  ChatClient,
  ChatError,
  type ChatRoom,
  type ClientOptions,
  connect,
  SendError,
  type WaitOptions,
} from "../../client.ts";
import { RefusedError } from "../../src/protocol/errors.ts";
import { TestChat } from "../support/fixtures.ts";
import { said, ScriptedServer } from "../support/scripted_server.ts";
import { bounded, pause } from "../support/waiting.ts";
import { fate } from "./fate.ts";

/** A server that lets clients in and into a room, and then never says a word. */
function muteServer(): ScriptedServer {
  return new ScriptedServer(async (peer) => {
    await peer.welcome();
    await peer.admit();
  });
}

async function inRoom(
  url: string,
  options: ClientOptions = {},
): Promise<{ chat: ChatClient; room: ChatRoom }> {
  const chat = new ChatClient(url, options);
  await chat.connect();
  return { chat, room: await chat.createRoom("Lobby") };
}

const METHODS: Record<string, (chat: ChatClient, wait: WaitOptions) => Promise<unknown>> = {
  createRoom: (chat, wait) => chat.createRoom("x", wait),
  joinRoom: (chat, wait) => chat.joinRoom("x", wait),
  leaveRoom: (chat, wait) => chat.leaveRoom(wait),
  "room.leave": (chat, wait) => chat.room!.leave(wait),
  rename: (chat, wait) => chat.rename("x", wait),
  sendMessage: (chat, wait) => chat.sendMessage("x", wait),
  "room.send": (chat, wait) => chat.room!.send("x", wait),
};

for (const [name, call] of Object.entries(METHODS)) {
  Deno.test(`${name} ends by its timeout, the client's timeout or its signal`, async () => {
    await using server = muteServer();
    const { chat } = await inRoom(server.url, { timeoutMs: 60, sendTimeoutMs: 60 });
    await using _chat = chat;
    const reason = async (wait: WaitOptions) => {
      const error: unknown = await bounded(call(chat, wait), () => "it hangs").catch((e) => e);
      assert(error instanceof ChatError, String(error));
      return [error.code, error.cause];
    };
    for (const wait of [{ timeoutMs: 10 }, {}]) {
      assertEquals(await reason(wait), ["timeout", undefined]);
    }
    // The second is that of another message, in another room: it says nothing of this one.
    for (const enough of [new Error("Enough"), new SendError("room_gone", "Enough")]) {
      assertEquals(await reason({ signal: AbortSignal.abort(enough) }), ["aborted", enough]);
      const controller = new AbortController();
      const aborted = reason({ signal: controller.signal });
      controller.abort(enough);
      assertEquals(await aborted, ["aborted", enough]);
    }
    assertEquals(chat.rooms.size, 1);
  });
}

Deno.test("connect ends by its timeout, the client's timeout or its signal", async () => {
  await using server = new ScriptedServer(() => {});
  const wait = async (options: ClientOptions, wait: WaitOptions) => {
    await using chat = new ChatClient(server.url, options);
    return await bounded(chat.connect(wait), () => "it hangs").then(String, String);
  };
  const late = "ChatError: hello took longer than";
  assert((await wait({}, { timeoutMs: 30 })).startsWith(late));
  assert((await wait({ timeoutMs: 30 }, {})).startsWith(late));
  const controller = new AbortController();
  const aborted = wait({}, { signal: controller.signal });
  await server.attempted(3);
  controller.abort(new Error("Enough"));
  assertEquals(await aborted, "ChatError: Enough");
});

Deno.test("what is asked just before the client closes does not hang", async () => {
  await using server = muteServer();
  const { chat, room } = await inRoom(server.url);
  const asked: Promise<unknown>[] = [chat.createRoom("x"), chat.rename("x"), room.leave()];
  const answers = asked.map((wait) => bounded(wait, () => "it hangs").then(String, String));
  const sent = fate(room.send("x"));
  await chat.close();
  for (const answer of await Promise.all(answers)) assert(!answer.includes("hangs"), answer);
  assertEquals(await sent, false);
});

Deno.test("an address that no WebSocket can have is refused, and nothing is left behind", async () => {
  for (const url of ["ftp://127.0.0.1", "ws://127.0.0.1:1/#here", "nonsense"]) {
    const error = await (async () => {
      await using chat = new ChatClient(url, { timeoutMs: 20 });
      await chat.connect();
    })().catch((error) => error);
    assert(error instanceof ChatError, `${url} ${error}`);
  }
  // An attempt that was left behind would now reject with nobody there to hear it.
  await pause(40);
});

Deno.test("the server's refusals come as ChatErrors", async () => {
  await using server = new TestChat({ maxRoomsPerClient: 1 });
  await using chat = new ChatClient(server.url);
  await chat.connect();
  const code = (wait: Promise<unknown>) =>
    wait.catch((error) => error instanceof RefusedError ? error.code : error);
  assertEquals(await code(chat.joinRoom("no-such-room")), "room_not_found");
  assertEquals(await code(chat.createRoom("x".repeat(200))), "invalid_frame");
  await chat.createRoom("x");
  assertEquals(await code(chat.createRoom("x")), "too_many_rooms");
  assertEquals(await code(chat.rename("x".repeat(200))), "invalid_frame");
  assertEquals(chat.name, undefined);
});

/** Names what comes of something that fails: the class of the error, and its code. */
async function failure(work: () => Promise<unknown>): Promise<string> {
  const error = await bounded(work(), () => "it hangs").catch((error) => error);
  assert(error instanceof ChatError, String(error));
  return `${error.name} ${error.code}`;
}

Deno.test("what fails without a connection says why, by a code", async () => {
  await using mute = muteServer();
  const chat = new ChatClient(mute.url);
  assertEquals(await failure(() => chat.createRoom("x")), "ChatError not_connected");
  await chat.connect();
  assertEquals(await failure(() => chat.connect()), "ChatError already_connected");
  assertEquals(await failure(() => chat.sendMessage("x")), "ChatError not_in_room");
  const room = await chat.createRoom("Lobby");
  const asked = [failure(() => chat.rename("x")), failure(() => room.send("x"))];
  await chat.close();
  assertEquals(await Promise.all(asked), ["ChatError closed", "SendError closed"]);
  assertEquals(await failure(() => chat.createRoom("x")), "ChatError closed");
  assertEquals(await failure(() => room.send("x")), "SendError not_in_room");
  assertEquals(await failure(() => chat.connect()), "ChatError closed");
  await using down = new ChatClient("ws://127.0.0.1:1");
  assertEquals(await failure(() => down.connect()), "ConnectError unreachable");
  assertEquals(await failure(() => connect("nonsense")), "ChatError invalid_argument");
});

Deno.test("what a function cannot take is named, and is not sent", async () => {
  const actions: unknown[] = [];
  await using server = new ScriptedServer(async (peer) => {
    await peer.welcome();
    await peer.admit();
    for (;;) actions.push((await peer.next()).action);
  });
  const { chat, room } = await inRoom(server.url);
  await using _chat = chat;
  const wrong = <T>(value: unknown) => value as T;
  const calls: [words: string, call: () => unknown][] = [
    ["name cannot be 5", () => chat.createRoom(wrong(5))],
    ["roomId cannot be undefined", () => chat.joinRoom(wrong(undefined))],
    ["name cannot be 5", () => chat.rename(wrong(5n))],
    ["timeoutMs cannot be NaN", () => chat.rename("x", { timeoutMs: NaN })],
    ["timeoutMs cannot be soon", () => room.send("x", { timeoutMs: wrong("soon") })],
    ["text cannot be 5", () => room.send(wrong(5))],
    ["from cannot be end", () => room.events({ from: wrong("end") })],
    ["listener cannot be undefined", () => room.subscribe(wrong(undefined))],
    ["maxUnacknowledged cannot be 0", () => new ChatClient(server.url, { maxUnacknowledged: 0 })],
    ["url cannot be nonsense", () => new ChatClient("nonsense")],
    ["timeoutMs cannot be -1", () => connect(server.url, { timeoutMs: -1 })],
  ];
  for (const [words, call] of calls) {
    const error = await (async () => await call())().catch((error) => error);
    assert(error instanceof ChatError, `${words}: ${error}`);
    assertEquals([error.code, error.message], ["invalid_argument", words]);
  }
  assertEquals(actions, []);
});

Deno.test("what was on its way when the connection broke says so, by a code", async () => {
  await using server = new ScriptedServer(async (peer, turn) => {
    await peer.welcome();
    if (turn > 0) return;
    await peer.admit();
    for (let i = 0; i < 2; i++) await peer.next();
    peer.close(4003, "Full");
  });
  const { chat, room } = await inRoom(server.url);
  await using _chat = chat;
  const failures = await Promise.all([
    failure(() => chat.rename("x")),
    // The server that it comes back to knows nothing of it.
    failure(() => room.send("x")),
  ]);
  assertEquals(failures, ["ChatError disconnected", "SendError forgotten"]);
});

Deno.test("what a server says instead of what the protocol has is not its refusal", async () => {
  await using server = new ScriptedServer(async (peer) => {
    await peer.welcome();
    const { ref } = await peer.next();
    peer.send({ status: "success", ref });
  });
  await using chat = new ChatClient(server.url);
  await chat.connect();
  const error = await assertRejects(() => chat.createRoom("x"), ChatError, "sent no room");
  assertEquals([error.code, error instanceof RefusedError], ["internal", false]);
});

Deno.test("a message over 64 KiB is refused before it is sent, by its bytes", async () => {
  await using server = new TestChat();
  const { chat, room } = await inRoom(server.url);
  await using _chat = chat;
  // Three bytes each in UTF-8, one UTF-16 unit each; the last makes it one too many.
  const most = "€".repeat(21_845) + "x";
  const error = await assertRejects(() => room.send(most + "x"), SendError);
  assertEquals([error.code, error.mayBeStored, error.message], [
    "too_large",
    false,
    "65537 bytes, at most 65536",
  ]);
  const { seq } = await room.send(most);
  const { value } = await room.messages().next();
  assertEquals([value?.seq, value?.body === most], [seq, true]);
});

Deno.test("any text within the limit goes through, however it has to be written", async () => {
  await using server = new TestChat();
  const { chat, room } = await inRoom(server.url);
  await using _chat = chat;
  const texts = ["", "\0".repeat(21_845), "𝒳".repeat(16_384), '"\\\n\u2028', "__proto__"];
  await Promise.all(texts.map((text) => room.send(text)));
  const read: string[] = [];
  for await (const { body } of room) if (read.push(body) === texts.length) break;
  assertEquals(read, texts);
});

Deno.test("a full buffer makes send wait for its turn", async () => {
  await using server = new TestChat();
  const { chat, room } = await inRoom(server.url, { maxUnacknowledged: 2 });
  await using _chat = chat;
  const seqs = await Promise.all(Array.from({ length: 20 }, (_, i) => fate(room.send(`${i}`))));
  assertEquals(seqs, Array.from({ length: 20 }, (_, i) => Number(seqs[0]) + i));
});

Deno.test("a full buffer makes send fail, where that was chosen", async () => {
  await using server = muteServer();
  const options: ClientOptions = { maxUnacknowledged: 2, whenFull: "fail", sendTimeoutMs: 50 };
  const { chat, room } = await inRoom(server.url, options);
  await using _chat = chat;
  const sends = [room.send("1"), room.send("2")].map(fate);
  const error = await assertRejects(() => room.send("3"), SendError);
  assertEquals([error.code, error.mayBeStored, error.message], [
    "rate_limited",
    false,
    "2 messages have no reply",
  ]);
  assertEquals(await Promise.all(sends), [true, true]);
});

Deno.test("a send that times out says whether the message may be stored", async () => {
  await using server = muteServer();
  const { chat, room } = await inRoom(server.url, { maxUnacknowledged: 1 });
  await using _chat = chat;
  const sent = fate(room.send("sent", { timeoutMs: 20 }));
  const waiting = fate(room.send("waiting", { timeoutMs: 10 }));
  assertEquals(await Promise.all([sent, waiting]), [true, false]);
});

Deno.test("what nobody waits for any more is not sent later", async () => {
  const bodies: unknown[] = [];
  await using server = new ScriptedServer(async (peer) => {
    await peer.welcome();
    await peer.admit();
    bodies.push((await peer.next()).body);
    // The answer comes only after the second has been given up.
    await gaveUp.promise;
    peer.entries(said(1, "1", "me", 1));
    bodies.push((await peer.next()).body);
    peer.entries(said(2, "3", "me", 2));
  });
  const gaveUp = Promise.withResolvers<void>();
  const { chat, room } = await inRoom(server.url, { maxUnacknowledged: 1 });
  await using _chat = chat;
  const [first, third] = [fate(room.send("1")), async () => await fate(room.send("3"))];
  assertEquals(await fate(room.send("2", { timeoutMs: 10 })), false);
  const last = third();
  gaveUp.resolve();
  assertEquals([await first, await last, bodies], [1, 2, ["1", "3"]]);
});

Deno.test("closing rejects what is not acknowledged, and says what may be stored", async () => {
  const sent = Promise.withResolvers<void>();
  await using server = new ScriptedServer(async (peer) => {
    await peer.welcome();
    await peer.admit();
    await peer.next();
    sent.resolve();
  });
  const { chat, room } = await inRoom(server.url, { maxUnacknowledged: 1 });
  const fates = ["sent", "waiting"].map((text) => fate(room.send(text)));
  await sent.promise;
  await chat.close();
  assertEquals(await Promise.all(fates), [true, false]);
});

Deno.test("too much at once for the server still arrives once, in order", async () => {
  await using server = new TestChat({ rate: 100 });
  const { chat, room } = await inRoom(server.url);
  await using _chat = chat;
  const seqs = await Promise.all(Array.from({ length: 260 }, (_, i) => fate(room.send(`${i}`))));
  assertEquals(seqs, Array.from({ length: 260 }, (_, i) => Number(seqs[0]) + i));
});

Deno.test("a batch that is more than the server ever takes at once arrives all the same", async () => {
  await using server = new TestChat({ rate: 20 });
  const { chat, room } = await inRoom(server.url, { sendTimeoutMs: 4_000 });
  await using _chat = chat;
  const fates = await Promise.all(Array.from({ length: 60 }, (_, i) => fate(room.send(`${i}`))));
  assertEquals(fates, Array.from({ length: 60 }, (_, i) => Number(fates[0]) + i));
});

Deno.test("a message that costs much is not starved by those behind it", async () => {
  await using server = new TestChat({ rate: 60 });
  const { chat, room } = await inRoom(server.url, { sendTimeoutMs: 4_000 });
  await using _chat = chat;
  const other = await chat.createRoom("Other");
  const large = fate(room.send("x".repeat(65_000)));
  const second = fate(other.send("x".repeat(60_000)));
  const rest = Array.from({ length: 40 }, (_, i) => fate((i % 2 ? room : other).send(`${i}`)));
  for (const settled of await Promise.all([large, second, ...rest])) {
    assertEquals(typeof settled, "number");
  }
});

for (const [rate, size] of [[5, 9_000], [3, 20_000]]) {
  Deno.test(`what a full bucket of ${2 * rate!} lets through arrives, though it costs as much: ${size}`, async () => {
    await using server = new TestChat({ rate: rate! });
    const { chat, room } = await inRoom(server.url, { sendTimeoutMs: 4_000 });
    await using _chat = chat;
    // What it took to get here is paid for; nothing that the client says by itself takes more.
    assertEquals(typeof await fate(room.send("x".repeat(size!))), "number");
  });
}

Deno.test("many large messages do not make the client look like a flood", async () => {
  await using server = new TestChat({ rate: 2_500 });
  const { chat, room } = await inRoom(server.url, { sendTimeoutMs: 4_000 });
  await using _chat = chat;
  const body = "x".repeat(65_000);
  const fates = await Promise.all(Array.from({ length: 100 }, () => fate(room.send(body))));
  assertEquals(fates.map((settled) => typeof settled), Array(100).fill("number"));
  assertEquals(chat.status.type, "connected");
});

Deno.test("a refused message rejects only itself, and those behind it move up", async () => {
  await using server = new TestChat();
  const { chat, room } = await inRoom(server.url);
  await using _chat = chat;
  const doomed = await chat.createRoom("Doomed");
  server.chat.deleteRoom(doomed.id);
  const sends = [
    room.send("1"),
    doomed.send("x"),
    room.send("2"),
    doomed.send("y"),
    doomed.send("z"),
    room.send("3"),
  ];
  const fates = await Promise.all(sends.map(fate));
  const first = Number(fates[0]);
  assertEquals(fates, [first, false, first + 1, false, false, first + 2]);
  assertEquals([...chat.rooms.keys()], [room.id]);
  const read: string[] = [];
  for await (const { body } of room) if (read.push(body) === 3) break;
  assertEquals(read, ["1", "2", "3"]);
});

for (const soon of [0, -5, "soon", null, 1e12]) {
  Deno.test(`being told to repeat in ${JSON.stringify(soon)} ms does not keep the client busy`, async () => {
    let repeats = 0;
    await using server = new ScriptedServer(async (peer) => {
      await peer.welcome();
      await peer.admit();
      for (;;) {
        const { n } = await peer.next();
        repeats++;
        peer.send({ status: "error", code: "rate_limited", message: "x", n, retry_after_ms: soon });
      }
    });
    const { chat, room } = await inRoom(server.url);
    await using _chat = chat;
    assertEquals(await fate(room.send("x", { timeoutMs: 100 })), true);
    assert(repeats >= 1 && repeats < 10, `${repeats} attempts within 100 ms`);
  });
}

Deno.test("a timeout counts from the call, even while the client reconnects", async () => {
  await using server = new ScriptedServer(async (peer, turn) => {
    await peer.welcome();
    if (turn === 0) {
      peer.send({ event: "goodbye", code: 1001, reason: "x", retry_after_ms: 5_000 });
      peer.close(1001);
    }
  });
  await using chat = new ChatClient(server.url);
  await chat.connect();
  for await (const { type } of chat.statuses()) if (type === "reconnecting") break;
  const since = performance.now();
  await assertRejects(() => chat.createRoom("x", { timeoutMs: 300 }), ChatError, "took longer");
  const tookMs = performance.now() - since;
  assert(tookMs < 3_000, `It took ${tookMs} ms`);
});

Deno.test("acknowledgements that fell into a gap are brought back by repeats", async () => {
  await using server = new ScriptedServer(async (peer) => {
    await peer.welcome();
    await peer.admit();
    await peer.next();
    peer.send({ event: "gap", room_id: "r1", from_seq: 1, to_seq: 2 });
    assertEquals((await peer.admit()).action, "join");
    for (;;) {
      const { n, body } = await peer.next();
      assertEquals([n, body], [1, ["a", "b", "c"]]);
      peer.send({ status: "success", n: 1, seq: 1, duplicate: true });
      // Of the others it knows only that it has them, as this server does and an older one.
      peer.send({ status: "success", n: 2, duplicate: true });
      peer.send({ status: "success", n: 3, seq: 0, duplicate: true });
    }
  });
  const { chat, room } = await inRoom(server.url);
  await using _chat = chat;
  const sends = ["a", "b", "c"].map((text) => room.send(text));
  assertEquals((await room.events().next()).value, { type: "gap", fromSeq: 1, toSeq: 2 });
  assertEquals(await bounded(Promise.all(sends), () => "a send hangs"), [
    { seq: 1, duplicate: true },
    { duplicate: true },
    { duplicate: true },
  ]);
});
