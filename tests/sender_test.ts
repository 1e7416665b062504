import { assert, assertEquals, assertRejects } from "@std/assert";
import { SendError } from "../src/errors.ts";
import { Link } from "../src/link.ts";
import type { ConnectedFrame, ErrorFrame } from "../src/protocol.ts";
import { Sender, type SenderOptions } from "../src/sender.ts";
import { ScriptedServer } from "./scripted_server.ts";
import { bounded, type Frame } from "./fixtures.ts";

/** A sender on a connection to a server that only listens, and answers pings. */
class Bench implements AsyncDisposable {
  readonly sender: Sender;
  /** Every frame the server got, in order. */
  readonly heard: Frame[] = [];
  readonly #server: ScriptedServer;
  #link: Link | undefined;
  #wake: () => void = () => {};

  constructor(options: Partial<SenderOptions> = {}) {
    this.#server = new ScriptedServer(async (peer) => {
      while (true) {
        this.heard.push(await peer.next());
        this.#wake();
      }
    });
    this.sender = new Sender(
      { maxUnacknowledged: 10, whenFull: "wait", timeoutMs: 5_000, ...options },
      () => this.#link,
    );
  }

  async connect(): Promise<Link> {
    this.#link = await Link.open(
      new URL(this.#server.url),
      { push: (frame) => "n" in frame && this.#refuse(frame), end: () => {} },
      5_000,
    );
    return this.#link;
  }

  #refuse(frame: object): void {
    this.sender.refuse(frame as ErrorFrame, (frame as ErrorFrame).n ?? 0);
  }

  async until(count: number): Promise<Frame[]> {
    while (this.heard.length < count) {
      const more = new Promise<void>((resolve) => this.#wake = resolve);
      await bounded(more, () => `only ${this.heard.length} of ${count} frames came`);
    }
    return this.heard;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.sender.close("The test is over");
    await this.#link?.close("");
    await this.#server[Symbol.asyncDispose]();
  }
}

function refusal(n: number): ErrorFrame {
  return { status: "error", code: "not_in_room", message: "Not there", n };
}

Deno.test("what is said in one turn shares a frame, room by room", async () => {
  await using bench = new Bench();
  await bench.connect();
  const sends = ["a", "b"].map((text) => bench.sender.send("lobby", text, 5_000));
  sends.push(bench.sender.send("attic", "c", 5_000));
  assertEquals(await bench.until(2), [
    { action: "messages", room_id: "lobby", n: 1, body: ["a", "b"] },
    { action: "message", room_id: "attic", n: 3, body: "c" },
  ]);
  [11, 12, 21].forEach((seq, i) => bench.sender.acknowledge(i + 1, seq));
  assertEquals(await Promise.all(sends), [11, 12, 21]);
});

Deno.test("on a new connection nothing is sent before its rooms are rejoined", async () => {
  await using bench = new Bench();
  const sent = bench.sender.send("lobby", "a", 5_000);
  const link = await bench.connect();
  const { promise: rejoined, resolve } = Promise.withResolvers<void>();
  const welcome = { resumed: true, n: 0, limits: { body_bytes: 100 } } as ConnectedFrame;
  bench.sender.welcome(link, welcome, rejoined);
  link.send({ action: "rejoin" });
  await bench.until(1);
  resolve();
  assertEquals((await bench.until(2)).map(({ action }) => action), ["rejoin", "message"]);
  bench.sender.acknowledge(1, 5);
  assertEquals(await sent, 5);
});

Deno.test("a message refused for good lets those behind it move up", async () => {
  await using bench = new Bench();
  await bench.connect();
  const refused = assertRejects(
    () => bench.sender.send("gone", "a", 5_000),
    SendError,
    "Not there",
  );
  const kept = bench.sender.send("lobby", "b", 5_000);
  await bench.until(2);
  bench.sender.refuse(refusal(1), 1);
  // What comes before the next round is of the last one: the message behind has moved to its number.
  bench.sender.refuse(refusal(1), 1);
  await refused;
  assertEquals((await bench.until(3))[2], { action: "message", room_id: "lobby", n: 1, body: "b" });
  bench.sender.acknowledge(1, 7);
  assertEquals(await kept, 7);
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
  assertEquals(sent, { action: "messages", room_id: "lobby", n: 1, body: ["a", "c"] });
  bench.sender.acknowledge(1, 5);
  bench.sender.acknowledge(2, 6);
  assertEquals(await Promise.all(fates), [
    5,
    ["Not sent: No longer wanted", false],
    ["A message must be a string, not 123", false],
    6,
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
