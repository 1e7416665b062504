import { assert, assertEquals, assertRejects } from "@std/assert";
import { Reconnector, type ReconnectorEvents, type Status } from "../../src/client/reconnect.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import type { Frame } from "../support/fixtures.ts";
import {
  type Script,
  type ScriptedPeer,
  ScriptedServer,
  Wire,
} from "../support/scripted_server.ts";
import { bounded, pause } from "../support/waiting.ts";
import { FakePage } from "./fake_page.ts";

type Options = Partial<ReconnectorEvents> & { timeoutMs?: number; reconnect?: boolean };

/** A reconnector, what became of it, and a reader of its statuses. */
class Line implements AsyncDisposable {
  readonly reconnector: Reconnector;
  readonly over: string[] = [];
  readonly #statuses: AsyncGenerator<Status, void, undefined>;

  constructor(url: string, { timeoutMs = 5_000, reconnect = true, ...events }: Options = {}) {
    this.reconnector = new Reconnector(new URL(url), { timeoutMs, reconnect }, {
      signal: new AbortController().signal,
      hello: () => Promise.resolve({}),
      welcome: () => {},
      push: () => {},
      over: (reason) => void this.over.push(reason),
      ...events,
    });
    this.#statuses = this.reconnector.statuses();
  }

  connect(timeoutMs = 5_000, signal?: AbortSignal): Promise<void> {
    return this.reconnector.connect(timeoutMs, signal);
  }

  /** The next status; none when it is closed. */
  async status(): Promise<Status | undefined> {
    const next = bounded(this.#statuses.next(), () => "the status does not change");
    return (await next).value ?? undefined;
  }

  /** The next `count` statuses. */
  async next(count: number): Promise<(Status | undefined)[]> {
    const statuses = [];
    for (let i = 0; i < count; i++) statuses.push(await this.status());
    return statuses;
  }

  /** The next `count` attempts to come back; it does not wait for any of them. */
  async attempts(
    count: number,
  ): Promise<Extract<Status, { type: "reconnecting" }>[]> {
    const attempts = [];
    while (attempts.length < count) {
      const status = await this.status();
      if (status?.type !== "reconnecting") continue;
      attempts.push(status);
      queueMicrotask(() => this.reconnector.nudge());
    }
    return attempts;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.reconnector.close("Test over");
  }
}

const up: Script = async (peer) => void await peer.welcome();

Deno.test("connecting says hello, and every change of status is told", async () => {
  let hello: Frame = {};
  await using server = new ScriptedServer(async (peer) => {
    hello = await peer.welcome();
  });
  const seen: unknown[] = [];
  await using line = new Line(server.url, {
    hello: () => Promise.resolve({ name: "Ana" }),
    welcome: (_, { client_id }) => void seen.push(client_id),
  });
  assertEquals(line.reconnector.status, { type: "idle" });
  await line.connect();
  assertEquals([hello.action, hello.body, seen], ["hello", { name: "Ana" }, ["me"]]);
  const connected: Status = { type: "connected", resumed: false, stored: 0 };
  assertEquals(await line.next(2), [{ type: "connecting" }, connected]);
  assertEquals(line.reconnector.status, connected);
  await line.reconnector.close("Done");
  assertEquals(await line.next(2), [
    { type: "closed", code: 1000, reason: "Done" },
    undefined,
  ]);
  assertEquals([line.over, line.reconnector.connection], [["Done"], undefined]);
});

Deno.test("a connection that breaks is made again, and each step is told", async () => {
  await using server = new ScriptedServer(async (peer, turn) => {
    await peer.welcome({ resumed: turn > 0 });
    if (turn === 0) peer.close(4003, "Full");
  });
  await using line = new Line(server.url);
  await line.connect();
  await line.next(2);
  const [{ delayMs = -1, ...lost } = {}] = await line.attempts(1);
  assertEquals<unknown>(lost, { type: "reconnecting", attempt: 1, code: 4003, reason: "Full" });
  assert(delayMs >= 0 && delayMs < 1_000, `${delayMs} ms`);
  const again: Status = { type: "connected", resumed: true, stored: 0 };
  assertEquals(await line.next(2), [{ type: "connecting" }, again]);
});

Deno.test("a goodbye's time is waited for instead of a backoff", async () => {
  await using server = new ScriptedServer(async (peer, turn) => {
    await peer.welcome();
    if (turn > 0) return;
    peer.send({ event: "goodbye", code: 1001, reason: "Update", retry_after_ms: 120 });
    peer.close(1001);
  });
  await using line = new Line(server.url);
  await line.connect();
  const statuses = await line.next(5);
  assertEquals(statuses[2], {
    type: "reconnecting",
    attempt: 1,
    delayMs: 120,
    code: 1001,
    reason: "Update",
  });
  const [first = 0, second = 0] = server.attempts;
  assert(second - first >= 119, `It came back after ${second - first} ms`);
});

Deno.test("a server that closes each time, asking for haste, is left alone longer and longer", async () => {
  for (const goodbye of [false, true]) {
    await using server = new ScriptedServer(async (peer) => {
      await peer.welcome();
      if (goodbye) peer.send({ event: "goodbye", code: 1001, reason: "x", retry_after_ms: 0 });
      peer.close(1001);
    });
    await using line = new Line(server.url);
    await line.connect();
    const delays = (await line.attempts(12)).map(({ delayMs }) => delayMs);
    const totalMs = delays.reduce((sum, delayMs) => sum + delayMs);
    assert(totalMs > 12_000, `12 attempts within ${totalMs} ms`);
    assert(Math.max(...delays) <= 20_000);
  }
});

for (const absurd of [1e10, 2 ** 31, -5, "soon", null, {}]) {
  Deno.test(`a goodbye's time of ${JSON.stringify(absurd)} is no reason to hurry`, async () => {
    await using server = new ScriptedServer(async (peer) => {
      await peer.welcome();
      peer.send({ event: "goodbye", code: 1001, reason: "x", retry_after_ms: absurd });
      peer.close(1001);
    });
    await using line = new Line(server.url);
    await line.connect();
    const delays = (await line.attempts(8)).map(({ delayMs }) => delayMs);
    for (const delayMs of delays) {
      assert(Number.isFinite(delayMs) && delayMs >= 0 && delayMs < 2 ** 31, String(delayMs));
    }
    assert(delays.reduce((sum, delayMs) => sum + delayMs) > 8_000, String(delays));
  });
}

Deno.test("a server that refuses every attempt is left alone longer and longer", async () => {
  await using server = new ScriptedServer(async (peer) => {
    await peer.welcome();
    peer.close(1001);
  }, { instead: (turn) => turn > 0 ? new Response("Full", { status: 503 }) : undefined });
  await using line = new Line(server.url);
  await line.connect();
  const attempts = await line.attempts(12);
  assertEquals(attempts.map(({ attempt }) => attempt), [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  assert(attempts.reduce((sum, { delayMs }) => sum + delayMs, 0) > 12_000);
});

Deno.test("a welcome that goes wrong each time does not multiply the attempts", async () => {
  await using server = new ScriptedServer(async (peer, turn) => {
    await peer.welcome();
    if (turn === 0) peer.close(1001);
    await peer.closed;
  });
  let turn = 0;
  await using line = new Line(server.url, {
    welcome: () => {
      if (turn++ > 0) throw new TypeError("Broken");
    },
  });
  await line.connect();
  const attempts = (await line.attempts(8)).map(({ attempt }) => attempt);
  assertEquals(attempts, [1, 2, 3, 4, 5, 6, 7, 8]);
  assert(server.attempts.length <= 9, `${server.attempts.length} connections`);
});

Deno.test("after a code from 4500 on it stays away", async () => {
  await using server = new ScriptedServer(async (peer) => {
    await peer.welcome();
    peer.close(4500, "Taken");
  });
  await using line = new Line(server.url);
  await line.connect();
  const [, , closed, end] = await line.next(4);
  assertEquals(closed, { type: "closed", code: 4500, reason: "Taken" });
  assertEquals([end, line.over, server.attempts.length], [undefined, ["Taken"], 1]);
});

Deno.test("it stays away if it was told not to reconnect", async () => {
  await using server = new ScriptedServer(async (peer) => {
    await peer.welcome();
    peer.close(1001, "Update");
  });
  await using line = new Line(server.url, { reconnect: false });
  await line.connect();
  const [, , closed, end] = await line.next(4);
  assertEquals(closed, { type: "closed", code: 1001, reason: "Update" });
  assertEquals([end, line.over], [undefined, ["Update"]]);
});

Deno.test("the first connection is tried once", async () => {
  await using server = new ScriptedServer(up, {
    instead: () => new Response("No", { status: 401 }),
  });
  await using line = new Line(server.url);
  await assertRejects(() => line.connect(), Error, "Cannot connect");
  assertEquals((await line.next(2)).map((status) => status?.type), ["connecting", "closed"]);
  await assertRejects(() => line.reconnector.ready(5_000), Error, "Closed");
  await assertRejects(() => line.connect(), Error, "Cannot connect: closed");
  assertEquals([line.over.length, server.attempts.length], [1, 1]);
});

Deno.test("a hello that is not answered fails within the timeout of connect", async () => {
  const { promise: heard, resolve: hello } = Promise.withResolvers<void>();
  await using server = new ScriptedServer(async (peer) => {
    await peer.next();
    hello();
  });
  await using wire = new Wire(new URL(server.url).host);
  await using line = new Line(wire.url);
  const since = performance.now();
  const connecting = line.connect(300);
  await bounded(heard, () => "no hello came");
  wire.die();
  await assertRejects(() => connecting, ChatError, "took longer");
  const took = performance.now() - since;
  wire.heal();
  assert(took < 2_000, `It took ${took} ms`);
});

Deno.test("a hello that is not answered on a return does not end the session", async () => {
  const codes: number[] = [];
  await using server = new ScriptedServer(async (peer, turn) => {
    if (turn === 1) await peer.next();
    else await peer.welcome();
    if (turn === 0) peer.close(1001);
    codes.push((await peer.closed).code);
  });
  await using line = new Line(server.url, { timeoutMs: 200 });
  await line.connect();
  await line.attempts(2);
  await line.next(2);
  assertEquals(codes.length, 2);
  // 1000 is how a client leaves for good.
  assert(codes[1] !== 1000, "It closed with 1000");
});

Deno.test("hello may be refused", async () => {
  await using server = new ScriptedServer(async (peer) => {
    const { ref } = await peer.next();
    peer.send({ status: "error", ref, code: "server_full", message: "Full" });
  });
  await using line = new Line(server.url);
  await assertRejects(() => line.connect(), Error, "Full");
});

Deno.test("a hello that is refused on a return is said again when the server said", async () => {
  await using server = new ScriptedServer(async (peer, turn) => {
    if (turn === 0) {
      await peer.welcome();
      return peer.close(1001);
    }
    const { ref } = await peer.next();
    peer.send({ status: "error", ref, code: "unavailable", message: "No", retry_after_ms: 70_000 });
  });
  await using line = new Line(server.url);
  await line.connect();
  const delays = (await line.attempts(3)).map(({ delayMs }) => delayMs);
  assert(delays[0]! < 1_000, String(delays));
  assertEquals(delays.slice(1), [70_000, 70_000]);
});

Deno.test("who needs the connection waits until it is back, with a timeout and a signal", async () => {
  await using server = new ScriptedServer(async (peer, turn) => {
    await peer.welcome();
    if (turn === 0) peer.close(1001);
  });
  await using line = new Line(server.url);
  await assertRejects(() => line.reconnector.ready(5_000), Error, "Not connected");
  await line.connect();
  await line.next(3);
  const controller = new AbortController();
  const unwanted = line.reconnector.ready(5_000, controller.signal);
  const late = line.reconnector.ready(1);
  const served = line.reconnector.ready(5_000);
  controller.abort(new Error("No longer wanted"));
  await assertRejects(() => unwanted, Error, "No longer wanted");
  await assertRejects(() => late, ChatError, "longer than 1 ms");
  line.reconnector.nudge();
  assertEquals(await served, line.reconnector.connection);
});

Deno.test("a nudged connection that gives no sign of life is given up, and one that does is kept", async () => {
  const peers: ScriptedPeer[] = [];
  await using server = new ScriptedServer(async (peer, turn) => {
    peers.push(peer);
    await peer.welcome({ resumed: turn > 0 });
  });
  await using line = new Line(server.url, { timeoutMs: 200 });
  await line.connect();
  await line.next(2);
  for (let i = 0; i < 3; i++) line.reconnector.nudge();
  await peers[0]?.pinged(1);
  const { connection } = line.reconnector;
  await connection?.request({ action: "ping" }, () => {}, 1_000);
  assertEquals([line.reconnector.connection === connection, peers[0]?.pings], [true, 2]);
  peers[0]!.pongs = false;
  line.reconnector.nudge();
  const lost = await line.status();
  assert(lost?.type === "reconnecting");
  assertEquals([lost.code, lost.reason], [4005, "Silent for 200 ms"]);
});

Deno.test("a connection in doubt has a second to give a sign of life", async () => {
  await using server = new ScriptedServer(async (peer, turn) => {
    peer.pongs = turn > 0;
    await peer.welcome();
  });
  await using line = new Line(server.url);
  await line.connect();
  await line.next(2);
  const since = performance.now();
  line.reconnector.doubt();
  const lost = await line.status();
  const took = performance.now() - since;
  assert(lost?.type === "reconnecting" && lost.code === 4005 && took < 2_000, `${took} ms`);
});

Deno.test("a reconnector that pauses says so, and comes back at once when something changes", async () => {
  const heard = Promise.withResolvers<[Frame, number]>();
  await using server = new ScriptedServer(async (peer, turn) => {
    await peer.welcome();
    if (turn === 0) heard.resolve([await peer.next(), (await peer.closed).code]);
  });
  await using line = new Line(server.url);
  await line.connect();
  await line.next(2);
  line.reconnector.pause(5_000);
  line.reconnector.pause(9_000);
  const paused: Status = {
    type: "reconnecting",
    attempt: 1,
    delayMs: Infinity,
    code: 4007,
    reason: "Paused",
  };
  assertEquals(await line.status(), paused);
  assertEquals(await heard.promise, [{ action: "pause", body: { for_ms: 5_000 } }, 4007]);
  assertEquals([line.reconnector.status, server.attempts.length], [paused, 1]);
  line.reconnector.nudge();
  await line.reconnector.ready(5_000);
  assertEquals((await line.next(2)).map((status) => status?.type), ["connecting", "connected"]);
});

Deno.test("a reconnector that pauses while it waits for its next attempt stays away too", async () => {
  await using server = new ScriptedServer(async (peer, turn) => {
    await peer.welcome();
    if (turn === 0) peer.close(1001);
  });
  await using line = new Line(server.url);
  await line.connect();
  await line.attempts(1);
  line.reconnector.pause();
  line.reconnector.nudge();
  await line.reconnector.ready(5_000);
  assertEquals(server.attempts.length, 2);
});

Deno.test("a pause that is over with the next connection keeps nobody away later", async () => {
  await using server = new ScriptedServer(async (peer, turn) => {
    await peer.welcome();
    if (turn === 0) peer.close(4004);
  });
  await using line = new Line(server.url);
  line.reconnector.pause();
  await line.connect();
  assertEquals((await line.next(5)).at(-1)?.type, "connected");
});

Deno.test("a page that nobody sees makes its first attempt at once, and the others like anybody", async () => {
  using page = new FakePage();
  page.show("hidden");
  await using server = new ScriptedServer(async (peer) => {
    await peer.welcome();
    peer.close(1001);
  });
  await using line = new Line(server.url);
  await line.connect();
  const delays = (await line.attempts(8)).map(({ delayMs }) => delayMs);
  assertEquals(delays[0], 0);
  assert(delays.slice(1).some((delayMs) => delayMs > 1_000), `${delays}`);
});

Deno.test("each attempt to come back tells why there has to be one", async () => {
  await using server = new ScriptedServer(async (peer) => {
    await peer.welcome();
    peer.close(4004, "Broken");
  }, { instead: (turn) => turn === 0 ? undefined : new Response("Busy", { status: 503 }) });
  await using line = new Line(server.url);
  await line.connect();
  const [first, second] = await line.attempts(2);
  assertEquals([first?.reason, second?.reason?.includes("Cannot connect to ws://")], [
    "Broken",
    true,
  ]);
});

Deno.test("closing ends whatever goes on: an attempt, a wait, and who waits for it", async () => {
  await using mute = new ScriptedServer(() => {});
  await using early = new Line(mute.url);
  const connecting = early.connect().catch(String);
  await mute.attempted(1);
  await early.reconnector.close("Done");
  assertEquals(await bounded(connecting, () => "connect"), "ChatError: Closed");

  await using server = new ScriptedServer(async (peer) => {
    await peer.welcome();
    peer.close(1001);
  });
  await using line = new Line(server.url);
  await line.connect();
  await line.next(3);
  const ready = line.reconnector.ready(5_000).catch(String);
  await line.reconnector.close("Done");
  assertEquals(await ready, "ChatError: Closed");
  assertEquals(line.over, ["Done"]);
});

Deno.test("a connection that is asked for with an aborted signal is not made", async () => {
  await using server = new ScriptedServer(up);
  await using line = new Line(server.url);
  const signal = AbortSignal.abort(new Error("No longer wanted"));
  await assertRejects(() => line.connect(5_000, signal), Error, "No longer wanted");
  assertEquals([line.reconnector.status, server.attempts], [{ type: "idle" }, []]);
  await line.connect();
});

Deno.test("closing before connecting, and twice, does no harm", async () => {
  const line = new Line("ws://127.0.0.1:1");
  await line.reconnector.close("Done");
  await line.reconnector.close("Done again");
  assertEquals(line.over, ["Done"]);
  await assertRejects(() => line.connect(), Error, "closed");
});

for (const limits of [undefined, null, [], { body_bytes: 0 }, { body_bytes: 9, start: 0 }]) {
  Deno.test(`a welcome with limits ${JSON.stringify(limits)} is none`, async () => {
    await using server = new ScriptedServer(async (peer) => void await peer.welcome({ limits }));
    await using line = new Line(server.url);
    await assertRejects(() => line.connect(), Error, "The server sent no welcome");
  });
}

for (const heartbeat of [0, -1, null, "often", 1e12]) {
  Deno.test(`a heartbeat of ${JSON.stringify(heartbeat)} ms does not keep the client busy`, async () => {
    let pings = () => 0;
    await using server = new ScriptedServer(async (peer) => {
      await peer.welcome({ heartbeat_ms: heartbeat });
      pings = () => peer.pings;
    });
    const every: unknown[] = [];
    const real = globalThis.setInterval;
    globalThis.setInterval = ((handler: () => void, ms?: number) => {
      every.push(ms);
      return real(handler, ms);
    }) as typeof setInterval;
    try {
      await using line = new Line(server.url);
      await line.connect().catch(() => {});
      // Time for far more pings than a client that is not busy sends.
      await pause(50);
      for (const ms of every) {
        assert(typeof ms === "number" && ms >= 1 && ms < 2 ** 31, `An interval of ${ms} ms`);
      }
      assert(pings() < 10, `${pings()} pings`);
    } finally {
      globalThis.setInterval = real;
    }
  });
}
