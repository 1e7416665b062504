import { assert, assertEquals, assertRejects } from "@std/assert";
import { Connection } from "../../src/client/connection.ts";
import { Sender, type SenderOptions } from "../../src/client/sender.ts";
import { SendError } from "../../src/protocol/errors.ts";
import type { ConnectedFrame, ErrorFrame } from "../../src/protocol/frames.ts";
import type { Frame } from "../support/fixtures.ts";
import { ScriptedServer } from "../support/scripted_server.ts";
import { bounded } from "../support/waiting.ts";

/** A sender on a connection to a server that only listens, and answers pings. */
class Bench implements AsyncDisposable {
  readonly sender: Sender;
  /** Every frame the server got, in order. */
  readonly heard: Frame[] = [];
  startedOver = 0;
  readonly #server: ScriptedServer;
  #connection: Connection | undefined;
  #wake: () => void = () => {};
  readonly #closed = new AbortController();

  constructor(options: Partial<SenderOptions> = {}) {
    this.#server = new ScriptedServer(async (peer) => {
      while (true) {
        this.heard.push(await peer.next());
        this.#wake();
      }
    });
    this.sender = new Sender(
      { maxUnacknowledged: 10, whenFull: "wait", ...options },
      {
        signal: this.#closed.signal,
        connection: () => this.#connection,
        startOver: () => this.startedOver++,
      },
    );
  }

  async connect(): Promise<Connection> {
    this.#connection = await Connection.open(
      new URL(this.#server.url),
      { push: (frame) => "n" in frame && this.#refuse(frame), end: () => {} },
      5_000,
    );
    return this.#connection;
  }

  #refuse(frame: object): void {
    this.sender.take(frame as ErrorFrame);
  }

  async until(count: number): Promise<Frame[]> {
    while (this.heard.length < count) {
      const more = new Promise<void>((resolve) => this.#wake = resolve);
      await bounded(more, () => `only ${this.heard.length} of ${count} frames came`);
    }
    return this.heard;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed.abort();
    this.sender.close("The test is over");
    await this.#connection?.close("");
    await this.#server[Symbol.asyncDispose]();
  }
}

function refusal(code: ErrorFrame["code"], n: number, ref: number): ErrorFrame {
  return { status: "error", code, message: "No", n, ref };
}

Deno.test("what is said in one turn shares a frame, room by room", async () => {
  await using bench = new Bench();
  await bench.connect();
  const sends = ["a", "b"].map((text) => bench.sender.send("lobby", text, 5_000));
  sends.push(bench.sender.send("attic", "c", 5_000));
  assertEquals(await bench.until(2), [
    { action: "messages", room_id: "lobby", n: 1, body: ["a", "b"], ref: -1 },
    { action: "message", room_id: "attic", n: 3, body: "c", ref: -2 },
  ]);
  [11, 12, 21].forEach((seq, i) => bench.sender.acknowledge(i + 1, { seq }));
  assertEquals(await Promise.all(sends), [{ seq: 11 }, { seq: 12 }, { seq: 21 }]);
});

Deno.test("on a new connection nothing is sent before its rooms are rejoined", async () => {
  await using bench = new Bench();
  const sent = bench.sender.send("lobby", "a", 5_000);
  const connection = await bench.connect();
  const { promise: rejoined, resolve } = Promise.withResolvers<void>();
  const welcome = { resumed: true, n: 0, limits: { body_bytes: 100 } } as ConnectedFrame;
  bench.sender.welcome(connection, welcome, rejoined, "ana");
  connection.send({ action: "rejoin" });
  await bench.until(1);
  resolve();
  assertEquals((await bench.until(2)).map(({ action }) => action), ["rejoin", "message"]);
  bench.sender.acknowledge(1, { seq: 5 });
  assertEquals(await sent, { seq: 5 });
});

Deno.test("a message refused for good lets those behind it move up", async () => {
  await using bench = new Bench();
  await bench.connect();
  const refused = assertRejects(
    () => bench.sender.send("lobby", "a", 5_000),
    SendError,
    "No",
  );
  const kept = bench.sender.send("attic", "b", 5_000);
  await bench.until(2);
  bench.sender.take(refusal("too_large", 1, -1));
  await refused;
  const again = { action: "message", room_id: "attic", n: 1, body: "b", ref: -3 };
  assertEquals((await bench.until(3))[2], again);
  // What is told of earlier frames says nothing about the message that has moved up.
  bench.sender.take(refusal("out_of_order", 2, -2));
  bench.sender.take(refusal("too_large", 1, -1));
  bench.sender.acknowledge(1, { seq: 7 });
  assertEquals(await kept, { seq: 7 });
  assertEquals(bench.heard.length, 3);
});

Deno.test("a new client has no more on its way than the server lets it say at first", async () => {
  await using bench = new Bench();
  const connection = await bench.connect();
  const limits = { body_bytes: 100, rate: 2, burst: 4, start: 3 };
  const welcome = { resumed: false, n: 0, limits } as ConnectedFrame;
  bench.sender.welcome(connection, welcome, Promise.resolve(), "");
  const sends = [1, 2, 3, 4].map((n) => bench.sender.send(`${n}`, "x", 5_000));
  await bench.until(3);
  connection.send({ action: "typing" });
  assertEquals((await bench.until(4)).map(({ n }) => n), [1, 2, 3, undefined]);
  bench.sender.acknowledge(1, { seq: 1 });
  assertEquals((await bench.until(5))[4]?.n, 4);
  for (const n of [2, 3, 4]) bench.sender.acknowledge(n, { seq: n });
  assertEquals(await Promise.all(sends), [{ seq: 1 }, { seq: 2 }, { seq: 3 }, { seq: 4 }]);
});

Deno.test("who is refused as being outside of a room is outside for all that waits for it", async () => {
  await using bench = new Bench();
  await bench.connect();
  const say = (room: string, text: string) =>
    bench.sender.send(room, text, 5_000).catch((error) => [error.message, error.mayBeStored]);
  const fates = ["gone", "lobby", "gone"].map((room, i) => say(room, `${i}`));
  await bench.until(3);
  bench.sender.take(refusal("not_in_room", 1, -1));
  assertEquals((await bench.until(4))[3]?.n, 1);
  bench.sender.acknowledge(1, { seq: 5 });
  assertEquals(await Promise.all(fates), [["No", false], { seq: 5 }, ["No", false]]);
});

Deno.test("who was too fast sends one message when it is time, then one more for each answer", async () => {
  await using bench = new Bench();
  await bench.connect();
  const sends = [1, 2, 3, 4].map((n) => bench.sender.send(`${n}`, "x", 5_000));
  await bench.until(4);
  bench.sender.acknowledge(1, { seq: 11 });
  const since = performance.now();
  bench.sender.take({ ...refusal("rate_limited", 2, -2), retry_after_ms: 60 });
  for (const n of [3, 4]) bench.sender.take(refusal("out_of_order", n, -n));
  assertEquals((await bench.until(5))[4]?.n, 2);
  assert(performance.now() - since >= 59, "not before it was time");
  bench.sender.acknowledge(2, { seq: 12 });
  assertEquals((await bench.until(7)).slice(5).map(({ n }) => n), [3, 4]);
  bench.sender.acknowledge(3, { seq: 13 });
  bench.sender.acknowledge(4, { seq: 14 });
  assertEquals(await Promise.all(sends), [{ seq: 11 }, { seq: 12 }, { seq: 13 }, { seq: 14 }]);
  assertEquals(bench.heard.length, 7, "nothing else is said, and nothing twice");
});

Deno.test("who is refused again and again waits longer each time, until something is stored", async () => {
  await using bench = new Bench();
  await bench.connect();
  const sends = ["a", "b"].map((text) => bench.sender.send("lobby", text, 10_000));
  const waits: number[] = [];
  for (let i = 1; i <= 4; i++) {
    await bench.until(i);
    const since = performance.now();
    bench.sender.take({ ...refusal("rate_limited", 1, -i), retry_after_ms: 0 });
    await bench.until(i + 1);
    waits.push(performance.now() - since);
  }
  [50, 100, 200, 400].forEach((ms, i) => assert(waits[i]! >= ms - 1, `${waits}`));
  bench.sender.acknowledge(1, { seq: 11 });
  await bench.until(6);
  const since = performance.now();
  bench.sender.take({ ...refusal("rate_limited", 2, -6), retry_after_ms: 0 });
  await bench.until(7);
  assert(performance.now() - since < 400, "it begins anew");
  bench.sender.acknowledge(2, { seq: 12 });
  assertEquals(await Promise.all(sends), [{ seq: 11 }, { seq: 12 }]);
});

Deno.test("gaps without end hold nothing up for ever, and leave nothing behind", async () => {
  await using bench = new Bench();
  await bench.connect();
  const sent = bench.sender.send("lobby", "a", 5_000);
  await bench.until(1);
  const gaps = setInterval(() => bench.sender.missed(), 1);
  const repeats = (await bench.until(3)).map(({ n }) => n);
  clearInterval(gaps);
  bench.sender.acknowledge(1, { seq: 11 });
  assertEquals([repeats, await sent], [[1, 1, 1], { seq: 11 }]);
});

Deno.test("an error that nobody knows is waited for where that helps, and final where not", async () => {
  await using bench = new Bench();
  await bench.connect();
  const code = "too_green" as ErrorFrame["code"];
  const sent = bench.sender.send("lobby", "a", 5_000);
  await bench.until(1);
  bench.sender.take({ ...refusal(code, 1, -1), retry_after_ms: 1 });
  await bench.until(2);
  bench.sender.take(refusal(code, 1, -2));
  await assertRejects(() => sent, SendError, "No");
});

Deno.test("a server that counts otherwise is come back to as another client", async () => {
  await using bench = new Bench();
  await bench.connect();
  const sends = ["a", "b"].map((text) => bench.sender.send("lobby", text, 5_000));
  await bench.until(1);
  bench.sender.take(refusal("out_of_order", 2, -1));
  assertEquals(bench.startedOver, 0, "one before it has no answer yet");
  bench.sender.acknowledge(1, { seq: 5 });
  await bench.until(2);
  bench.sender.take(refusal("out_of_order", 2, -2));
  assertEquals(bench.startedOver, 1);
  bench.sender.acknowledge(2, { seq: 6 });
  assertEquals(await Promise.all(sends), [{ seq: 5 }, { seq: 6 }]);
});

Deno.test("a refusal of a frame leaves alone what of it is answered already", async () => {
  await using bench = new Bench();
  await bench.connect();
  const sends = ["a", "b", "c"].map((text) => bench.sender.send("lobby", text, 5_000));
  await bench.until(1);
  bench.sender.acknowledge(1, { seq: 5 });
  const over = assertRejects(() => sends[1]!, SendError, "No");
  bench.sender.take(refusal("internal", 1, -1));
  await over;
  assertEquals((await bench.until(2))[1]?.body, "c");
  bench.sender.acknowledge(2, { seq: 6 });
  assertEquals([await sends[0], await sends[2]], [{ seq: 5 }, { seq: 6 }]);
});

Deno.test("who has given up is told all the same what became of a message", async () => {
  await using bench = new Bench();
  const connection = await bench.connect();
  const give = (room: string) => bench.sender.send(room, "x", 20).catch((error) => error);
  const stored = give("lobby");
  const refused = give("attic");
  await bench.until(2);
  const errors = await Promise.all([stored, refused]);
  assertEquals(errors.map(({ mayBeStored }) => mayBeStored), [true, true]);
  bench.sender.acknowledge(1, { seq: 5 });
  bench.sender.take(refusal("too_large", 2, -2));
  assertEquals(await Promise.all(errors.map(({ outcome }) => outcome)), [{ seq: 5 }, undefined]);
  // Also where the server has forgotten who it was: its log may not have.
  const lost = [give("lobby"), give("attic")];
  await bench.until(4);
  const welcome = { resumed: false, n: 0, limits: { body_bytes: 100 } } as ConnectedFrame;
  bench.sender.welcome(connection, welcome, Promise.resolve(), "ana");
  const [first, second] = await Promise.all(lost);
  bench.sender.witness("ben", 2, { seq: 8 });
  bench.sender.witness("ana", 2, { seq: 9 });
  assertEquals([first.code, await first.outcome], ["forgotten", { seq: 9 }]);
  bench.sender.close("The end");
  assertEquals([second.mayBeStored, await second.outcome], [true, undefined]);
});

Deno.test("what is said with an aborted signal, or is no text, is not sent, and harms nothing", async () => {
  await using bench = new Bench();
  await bench.connect();
  const say = (text: unknown, signal?: AbortSignal) =>
    bench.sender.send("lobby", text as string, 5_000, signal)
      .catch(({ message, mayBeStored }) => [message, mayBeStored]);
  const fates = [
    say("a"),
    say("b", AbortSignal.abort(new Error("No longer wanted"))),
    say(123),
    say("c"),
  ];
  const [sent] = await bench.until(1);
  assertEquals(sent, { action: "messages", room_id: "lobby", n: 1, body: ["a", "c"], ref: -1 });
  bench.sender.acknowledge(1, { seq: 5 });
  bench.sender.acknowledge(2, { seq: 6 });
  assertEquals(await Promise.all(fates), [
    { seq: 5 },
    ["No longer wanted", false],
    ["text cannot be 123", false],
    { seq: 6 },
  ]);
});

Deno.test("closing says of each message whether it may be stored", async () => {
  await using bench = new Bench({ maxUnacknowledged: 1 });
  await bench.connect();
  const fates = ["sent", "waiting"].map((text) =>
    bench.sender.send("lobby", text, 5_000).catch((error) => error)
  );
  await bench.until(1);
  bench.sender.close("Enough");
  for (const [i, error] of (await Promise.all(fates)).entries()) {
    assert(error instanceof SendError);
    assertEquals(error.mayBeStored, i === 0);
  }
});
