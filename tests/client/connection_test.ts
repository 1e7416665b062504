import { assert, assertEquals, assertRejects } from "@std/assert";
import { Connection, type End, type Push } from "../../src/client/connection.ts";
import { ChatError, ConnectError } from "../../src/protocol/errors.ts";
import { type ScriptedPeer, ScriptedServer, Wire } from "../support/scripted_server.ts";
import { bounded, shortest } from "../support/waiting.ts";
import { sleepyTimers } from "./sleepy_timers.ts";

/** A connection and everything it reports. */
interface Heard {
  connection: Connection;
  pushed: Push[];
  ended: Promise<End>;
}

async function open(url: string, timeoutMs = 5_000): Promise<Heard> {
  const pushed: Push[] = [];
  const { promise, resolve } = Promise.withResolvers<End>();
  const events = { push: (frame: Push) => void pushed.push(frame), end: resolve };
  const connection = await Connection.open(new URL(url), events, timeoutMs);
  return { connection, pushed, ended: bounded(promise, () => "the connection does not end") };
}

const idle = () => {};

Deno.test("a reply goes to the request with its ref, whatever the order", async () => {
  await using server = new ScriptedServer(async (peer) => {
    const [one, two] = [await peer.next(), await peer.next()];
    peer.send({ status: "success", ref: two.ref, message: "second" });
    peer.send({ status: "success", ref: one.ref, message: "first" });
  });
  const { connection } = await open(server.url);
  const ask = (action: string) =>
    connection.request({ action }, (reply) => "message" in reply && reply.message, 5_000);
  assertEquals(await Promise.all([ask("one"), ask("two")]), ["first", "second"]);
  await connection.close("Done");
});

Deno.test("what the reply changes is changed before the next frame is looked at", async () => {
  await using server = new ScriptedServer(async (peer) => {
    const { ref } = await peer.next();
    peer.send({ status: "success", ref });
    peer.entries();
  });
  const order: string[] = [];
  const pushed = Promise.withResolvers<void>();
  const connection = await Connection.open(new URL(server.url), {
    push: () => {
      order.push("push");
      pushed.resolve();
    },
    end: idle,
  }, 5_000);
  await connection.request({ action: "join" }, () => order.push("accept"), 5_000);
  await bounded(pushed.promise, () => "nothing is pushed");
  assertEquals(order, ["accept", "push"]);
  await connection.close("Done");
});

Deno.test("of members nothing is kept that is not known", async () => {
  const more = { colour: "red", rooms: [1, 2], away: { since: "long" } };
  await using server = new ScriptedServer(async (peer) => {
    const { ref } = await peer.next();
    peer.send({ event: "members", room_id: "r1", members: [{ client_id: "a", ...more }] });
    peer.send({ status: "success", ref, members: [{ client_id: "b", name: "Ben", ...more }] });
  });
  const { connection } = await open(server.url);
  const members = await connection.request(
    { action: "join" },
    (reply) => "members" in reply && reply.members,
    5_000,
  );
  assertEquals(members, [{ clientId: "a", away: true }, {
    clientId: "b",
    name: "Ben",
    away: true,
  }]);
  await connection.close("Done");
});

Deno.test("a reply names the members too that came before it", async () => {
  await using server = new ScriptedServer(async (peer) => {
    for (let i = 0; i < 2; i++) {
      const { ref } = await peer.next();
      peer.send({ event: "members", room_id: "id", members: [{ client_id: "ana" }] });
      peer.send({ event: "members", room_id: "id", members: [{ client_id: "ben", away: true }] });
      peer.send({ status: "success", ref, room_id: "id", members: [{ client_id: `${i}` }] });
    }
  });
  const { connection, pushed } = await open(server.url);
  const join = () =>
    connection.request({ action: "join" }, (reply) => {
      return "members" in reply && reply.members?.map(({ clientId }) => clientId);
    }, 5_000);
  assertEquals([await join(), await join()], [["ana", "ben", "0"], ["ana", "ben", "1"]]);
  assertEquals(pushed, []);
  await connection.close("Done");
});

Deno.test("a refused request rejects with the server's code, message and time", async () => {
  await using server = new ScriptedServer(async (peer) => {
    const { ref } = await peer.next();
    peer.send({ status: "error", ref, code: "rate_limited", message: "Wait", retry_after_ms: 9 });
  });
  const { connection } = await open(server.url);
  const error = await assertRejects(
    () => connection.request({ action: "x" }, idle, 5_000),
    ChatError,
  );
  assertEquals([error.code, error.message, error.retryAfterMs], ["rate_limited", "Wait", 9]);
  await connection.close("Done");
});

Deno.test("a request without a reply ends with its timeout, its signal, or the connection", async () => {
  await using server = new ScriptedServer(idle);
  const { connection } = await open(server.url);
  const controller = new AbortController();
  const late = connection.request({ action: "late" }, idle, 20);
  const unwanted = connection.request({ action: "unwanted" }, idle, 5_000, controller.signal);
  const cut = connection.request({ action: "cut" }, idle, 5_000);
  const waits = [late, unwanted, cut].map((wait) => wait.catch(String));
  await waits[0];
  controller.abort(new Error("No longer wanted"));
  await waits[1];
  connection.fail("Given up");
  assertEquals(await Promise.all(waits), [
    "ChatError: late took longer than 20 ms",
    "ChatError: No longer wanted",
    "ChatError: Connection ended: Given up",
  ]);
});

Deno.test("a request on a connection that has ended is rejected at once", async () => {
  await using server = new ScriptedServer(idle);
  const { connection } = await open(server.url);
  await connection.close("Done");
  await assertRejects(
    () => connection.request({ action: "x" }, idle, 200),
    Error,
    "Connection ended",
  );
});

Deno.test("a reply that comes too late is accepted, one that comes twice or for nobody is passed on", async () => {
  await using server = new ScriptedServer(async (peer) => {
    const first = await peer.next();
    const second = await peer.next();
    for (const ref of [first.ref, second.ref, second.ref, "nobody", 1e9]) {
      peer.send({ status: "success", ref });
    }
    const third = await peer.next();
    peer.send({ status: "success", ref: third.ref });
  });
  const { connection, pushed } = await open(server.url);
  const accepted: string[] = [];
  const ask = (action: string, timeoutMs: number) =>
    connection.request({ action }, () => accepted.push(action), timeoutMs);
  await assertRejects(() => ask("1", 1), ChatError, "longer than 1 ms");
  await ask("2", 5_000);
  await ask("3", 5_000);
  assertEquals(accepted, ["1", "2", "3"]);
  assertEquals(pushed.map((frame) => "ref" in frame && frame.ref), [2, "nobody", 1e9]);
  await connection.close("Done");
});

Deno.test("a server that answers nothing is not asked without end", async () => {
  await using server = new ScriptedServer(idle);
  const { connection } = await open(server.url);
  const asked = Array.from(
    { length: 1_001 },
    () => connection.request({ action: "x" }, idle, 5_000),
  );
  const fates = Promise.all(asked.map((request) => request.catch(String)));
  connection.fail("Given up");
  const errors = await fates;
  assertEquals(errors.at(-1), "ChatError: 1000 requests have no reply");
  assertEquals(errors.at(-2), "ChatError: Connection ended: Given up");
});

Deno.test("requests that cannot be written do not count as without a reply", async () => {
  await using server = new ScriptedServer(idle);
  const { connection } = await open(server.url);
  const ask = (body: unknown, timeoutMs: number) =>
    connection.request({ action: "x", body }, idle, timeoutMs).catch(({ name, code }) =>
      code ?? name
    );
  const unwritten = Array.from({ length: 1_000 }, () => ask(5n, 5_000));
  assertEquals(new Set(await Promise.all(unwritten)), new Set(["TypeError"]));
  assertEquals(await ask("5", 1), "timeout");
  await connection.close("Done");
});

Deno.test("what is asked with a signal that was aborted before is not sent", async () => {
  const actions: unknown[] = [];
  await using server = new ScriptedServer(async (peer) => {
    const { action, ref } = await peer.next();
    actions.push(action);
    peer.send({ status: "success", ref });
  });
  const { connection } = await open(server.url);
  const signal = AbortSignal.abort(new Error("No longer wanted"));
  const unwanted = () => connection.request({ action: "unwanted" }, idle, 5_000, signal);
  await assertRejects(unwanted, Error, "No longer wanted");
  await connection.request({ action: "wanted" }, idle, 5_000);
  assertEquals(actions, ["wanted"]);
  await connection.close("Done");
});

Deno.test("closing says 1000 and why, and waits for the answer", async () => {
  const closed = Promise.withResolvers<{ code: number; reason: string }>();
  await using server = new ScriptedServer((peer) => void peer.closed.then(closed.resolve));
  const { connection, ended } = await open(server.url);
  await connection.close("Done");
  assertEquals(await ended, { code: 1000, reason: "Done" });
  assertEquals(await closed.promise, { code: 1000, reason: "Done" });
});

Deno.test("a close that is not answered takes a second at most", async () => {
  await using server = new ScriptedServer(idle);
  await using wire = new Wire(new URL(server.url).host);
  const { connection } = await open(wire.url);
  wire.die();
  const since = performance.now();
  await connection.close("Done");
  const took = performance.now() - since;
  assert(took > 900 && took < 2_000, `It took ${took} ms`);
  wire.heal();
});

Deno.test("the end tells the close code, or 1006 where there was none", async () => {
  await using server = new ScriptedServer((peer) => peer.close(4003, "Full"));
  const { ended } = await open(server.url);
  assertEquals(await ended, { code: 4003, reason: "Full" });
  await using silent = new ScriptedServer(idle);
  await using wire = new Wire(new URL(silent.url).host);
  const cut = await open(wire.url);
  wire.cut();
  assertEquals((await cut.ended).code, 1006);
});

Deno.test("a goodbye counts even if the close loses its code, or never comes", async () => {
  const goodbye = { event: "goodbye", code: 4500, reason: "Taken", retry_after_ms: 70 };
  const told = { code: 4500, reason: "Taken", retryAfterMs: 70 };
  await using server = new ScriptedServer(async (peer, turn) => {
    peer.send(goodbye);
    if (turn === 0) return peer.close();
    peer.send({ event: "pong" });
    peer.pongs = false;
    await peer.closed;
  });
  assertEquals(await (await open(server.url)).ended, told);
  const { connection, ended } = await open(server.url);
  connection.beat(100);
  assertEquals(await ended, told);
});

Deno.test("a goodbye whose code no client may close with ends a connection like any other", async () => {
  for (const code of [1005, 5_000, 2 ** 40]) {
    await using server = new ScriptedServer((peer) => {
      peer.send({ event: "goodbye", code, reason: "Odd" });
      peer.sendRaw("no frame");
    });
    const { ended } = await open(server.url);
    assertEquals(await ended, { code, reason: "Odd", retryAfterMs: undefined });
  }
});

Deno.test("a quiet connection is kept alive by pings", async () => {
  await using server = new ScriptedServer(async (peer) => {
    await peer.pinged(4);
    peer.close(4003, "Four pings");
  });
  const { connection, ended } = await open(server.url);
  connection.beat(100);
  assertEquals((await ended).reason, "Four pings");
});

Deno.test("a ping of the server is answered, and is nothing to tell", async () => {
  await using server = new ScriptedServer(async (peer) => {
    peer.send({ event: "ping" });
    assertEquals(await peer.next(), { action: "pong" });
    peer.close(4003, "Alive");
  });
  const { ended, pushed } = await open(server.url);
  assertEquals([(await ended).reason, pushed], ["Alive", []]);
});

Deno.test("a connection whose timers come late asks, and lives on where it is answered", async () => {
  using _sleepy = sleepyTimers();
  await using server = new ScriptedServer(async (peer) => {
    await peer.pinged(4);
    peer.close(4003, "Alive");
  });
  const { connection, ended } = await open(server.url);
  connection.beat(100);
  assertEquals((await ended).reason, "Alive");
});

Deno.test("a connection whose timers come late is over when it has asked twice for nothing", async () => {
  using _sleepy = sleepyTimers();
  let peer: ScriptedPeer | undefined;
  await using server = new ScriptedServer((scripted) => {
    peer = scripted;
    peer.pongs = false;
  });
  const { connection, ended } = await open(server.url);
  connection.probe(20);
  assertEquals((await ended).code, 4005);
  await peer?.closed;
  assertEquals(peer?.pings, 2);
});

Deno.test("who asks again and again does not put the end off", async () => {
  await using server = new ScriptedServer((peer) => {
    peer.pongs = false;
  });
  const { connection, ended } = await open(server.url);
  const since = performance.now();
  connection.probe(5_000);
  connection.probe(100);
  const asking = setInterval(() => connection.probe(100), 20);
  assertEquals((await ended).reason, "Silent for 100 ms");
  clearInterval(asking);
  const took = performance.now() - since;
  assert(took < 1_000, `It took ${took} ms`);
});

Deno.test("a connection on which nothing is heard is over within one and a half heartbeats", async () => {
  const limitMs = 300 + 100;
  const took = await shortest(limitMs, async () => {
    await using server = new ScriptedServer((peer) => {
      peer.pongs = false;
    });
    const { connection, ended } = await open(server.url);
    const since = performance.now();
    connection.beat(200);
    assertEquals((await ended).code, 4005);
    return performance.now() - since;
  });
  assert(took > 200 && took < limitMs, `It took ${took} ms`);
});

for (
  const [name, data] of [
    ["text that is not JSON", "hello?"],
    ["JSON that is no object", "[1, 2]"],
    ["null", "null"],
    ["an object that is no frame", '{"a":1}'],
    ["a binary frame", new Uint8Array([1, 2, 3])],
    ["entries that are none", '{"event":"entries","room_id":"r1","entries":[null]}'],
    ["entries that are no list", '{"event":"entries","room_id":"r1","entries":5}'],
    ["an entry without a seq", '{"event":"entries","room_id":"r1","entries":[{"from":"a"}]}'],
    [
      "an entry whose body is no text",
      '{"event":"entries","entries":[{"seq":1,"from":"","body":5}]}',
    ],
    [
      "an entry whose name is no text",
      '{"event":"entries","entries":[{"seq":1,"from":"","name":{}}]}',
    ],
    ["somebody typing whose name is no text", '{"event":"typing","from":"a","name":5}'],
    ["a room whose name is no text", '{"status":"success","room_name":5}'],
    [
      "a member whose name is no text",
      '{"status":"success","members":[{"client_id":"a","name":5}]}',
    ],
    ["members that are no list", '{"event":"members","members":5}'],
    ["a member without an id", '{"event":"members","members":[{}]}'],
    [
      "members without end",
      JSON.stringify({ event: "members", members: Array(10_001).fill({ client_id: "a" }) }),
    ],
    ["more than a frame may hold", `{"event":"party","pad":"${"x".repeat(394_240)}"}`],
    [
      "a name without end",
      `{"event":"entries","entries":[{"seq":1,"from":"a","name":"${"x".repeat(513)}"}]}`,
    ],
    ["a reason without end", `{"event":"goodbye","code":1,"reason":"${"x".repeat(513)}"}`],
    ["a time that is an object", '{"event":"entries","entries":[{"seq":1,"from":"a","at":{}}]}'],
    ["a cursor that is an object", '{"status":"success","after":{}}'],
    ["an epoch that is a list", '{"status":"success","epoch":[]}'],
    ["a gap of words", '{"event":"gap","room_id":"r1","from_seq":"a","to_seq":"b"}'],
    ["a goodbye without a code", '{"event":"goodbye","reason":"x"}'],
  ] as const
) {
  Deno.test(`a connection ends with 4006 when the server sends ${name}`, async () => {
    await using server = new ScriptedServer((peer) => peer.sendRaw(data));
    const { ended, pushed } = await open(server.url);
    assertEquals((await ended).code, 4006);
    assertEquals(pushed, []);
  });
}

Deno.test("there is no connection to a server that does not speak parley.v1", async () => {
  await using server = new ScriptedServer(idle, { protocol: "" });
  await assertRejects(() => open(server.url), Error, "parley.v1");
  await using other = new ScriptedServer(idle, { protocol: "", instead: () => new Response("Hi") });
  await assertRejects(() => open(other.url), Error, "Cannot connect to ws://127.0.0.1");
});

Deno.test("there is no connection where nobody listens, or nobody answers", async () => {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = `ws://127.0.0.1:${listener.addr.port}`;
  const accepted = listener.accept();
  await assertRejects(() => open(url, 50), ChatError, "took longer than 50 ms");
  (await accepted).close();
  listener.close();
  await assertRejects(() => open(url), ConnectError, "Cannot connect");
});

Deno.test("a signal ends an attempt to connect", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const url = new URL(`ws://127.0.0.1:${listener.addr.port}`);
  const controller = new AbortController();
  const events = { push: idle, end: idle };
  const opening = Connection.open(url, events, 5_000, controller.signal);
  using _accepted = await listener.accept();
  controller.abort(new Error("No longer wanted"));
  await assertRejects(() => opening, Error, "No longer wanted");
});

Deno.test("a connection sends no half of a surrogate pair", async () => {
  const { promise, resolve } = Promise.withResolvers<unknown>();
  await using server = new ScriptedServer(async (peer) => resolve(await peer.next()));
  const { connection } = await open(server.url);
  connection.send({ action: "message", body: "a\ud800b \u{1f600}" });
  assertEquals(await promise, { action: "message", body: "a\ufffdb \u{1f600}" });
  await connection.close("Done");
});
