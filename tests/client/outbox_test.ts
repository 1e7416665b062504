import { assertEquals } from "@std/assert";
import fc from "fast-check";
import { MAX_BYTES_IN_FLIGHT, MAX_IN_FLIGHT } from "../../src/client/limits.ts";
import { type MessageBatch, Outbox, type Sending } from "../../src/client/outbox.ts";
import { utf8Bytes } from "../../src/protocol/utf8.ts";

const pure = { permissions: "none" } as const;

/** Fates of the messages, in the order in which they were known. */
interface Fates {
  told: string[];
  add(outbox: Outbox, body: string, roomId?: string): Sending;
}

function fates(): Fates {
  const told: string[] = [];
  return {
    told,
    add(outbox, body, roomId = "a") {
      const sending: Sending = {
        roomId,
        body,
        bytes: utf8Bytes(body),
        n: 0,
        ref: 0,
        resolve: ({ seq }) => void told.push(`${body} is ${seq}`),
        reject: (error) => void told.push(`${body}: ${error?.message}`),
      };
      outbox.add(sending);
      return sending;
    },
  };
}

function filled(bodies: string[], roomId?: string): { outbox: Outbox; told: string[] } {
  const outbox = new Outbox(1_000);
  const { told, add } = fates();
  for (const body of bodies) add(outbox, body, roomId);
  return { outbox, told };
}

/** The frames to send now, without their marks. */
function take(outbox: Outbox): Omit<MessageBatch, "ref" | "parts">[] {
  return outbox.take().map(({ roomId, n, bodies }) => ({ roomId, n, bodies }));
}

Deno.test("what is said to one room travels as one batch, numbered from 1", pure, () => {
  const { outbox } = filled(["x", "y", "z"]);
  assertEquals(take(outbox), [{ roomId: "a", n: 1, bodies: ["x", "y", "z"] }]);
  assertEquals([take(outbox), outbox.size], [[], 3]);
});

Deno.test("messages to several rooms keep their order and share their numbers", pure, () => {
  const outbox = new Outbox(1_000);
  const { add } = fates();
  for (const [body, room] of [["1", "a"], ["2", "b"], ["3", "b"], ["4", "a"]] as const) {
    add(outbox, body, room);
  }
  assertEquals(take(outbox), [
    { roomId: "a", n: 1, bodies: ["1"] },
    { roomId: "b", n: 2, bodies: ["2", "3"] },
    { roomId: "a", n: 4, bodies: ["4"] },
  ]);
});

Deno.test("no more than a window is on its way, and acknowledgements open it", pure, () => {
  const { outbox } = filled(Array.from({ length: 300 }, (_, i) => `${i}`));
  assertEquals(outbox.take().flatMap(({ bodies }) => bodies).length, MAX_IN_FLIGHT);
  assertEquals(take(outbox), []);
  outbox.acknowledge(1, { seq: 11 });
  outbox.acknowledge(2, { seq: 12 });
  assertEquals(take(outbox), [{ roomId: "a", n: 129, bodies: ["128", "129"] }]);
  assertEquals(outbox.size, 298);
});

Deno.test("what is over the limit waits without a number, and can be taken back", pure, () => {
  const outbox = new Outbox(2);
  const { add } = fates();
  const [one, , three, four] = ["1", "2", "3", "4"].map((body) => add(outbox, body));
  assertEquals(outbox.take().flatMap(({ bodies }) => bodies), ["1", "2"]);
  outbox.rewind();
  assertEquals(outbox.take().flatMap(({ bodies }) => bodies), ["1", "2"]);
  assertEquals([one, three].map((sending) => outbox.withdraw(sending!)), [false, true]);
  outbox.acknowledge(1, { seq: 11 });
  assertEquals(take(outbox), [{ roomId: "a", n: 3, bodies: ["4"] }]);
  assertEquals([outbox.size, four?.n], [2, 3]);
});

Deno.test("long messages take more of the window, and the longest has it to itself", pure, () => {
  const half = "x".repeat(MAX_BYTES_IN_FLIGHT / 2 - 100);
  const { outbox } = filled([half, half, "y".repeat(300), "z".repeat(MAX_BYTES_IN_FLIGHT)]);
  assertEquals(outbox.take().map(({ n }) => n), [1, 2]);
  outbox.acknowledge(1, { seq: 11 });
  assertEquals(outbox.take().map(({ n }) => n), [3]);
  outbox.acknowledge(2, { seq: 12 });
  assertEquals(take(outbox), []);
  outbox.acknowledge(3, { seq: 13 });
  assertEquals(outbox.take().map(({ n }) => n), [4]);
  outbox.rewind();
  assertEquals(outbox.take().map(({ n }) => n), [4]);
});

Deno.test("long messages do not share a frame", pure, () => {
  const long = "x".repeat(600);
  const { outbox } = filled([long, long, "y"]);
  assertEquals(outbox.take().map(({ n, bodies }) => [n, bodies.length]), [[1, 1], [2, 2]]);
});

Deno.test("an acknowledgement resolves its message, once, in any order", pure, () => {
  const { outbox, told } = filled(["x", "y"]);
  outbox.take();
  outbox.acknowledge(2, { seq: 12 });
  outbox.acknowledge(1, { seq: 11 });
  outbox.acknowledge(1, { seq: 13 });
  outbox.acknowledge(99, { seq: 14 });
  assertEquals([told, outbox.size], [["y is 12", "x is 11"], 0]);
});

/** Has the server refuse message `n` of a frame for good. */
function refuse(outbox: Outbox, n: number, ref: number): string[] {
  const refused = outbox.refused(n, ref);
  if (refused === undefined) return [];
  return outbox.drop(n, (sending) => sending === refused).map(({ body }) => body);
}

Deno.test("a refused message goes alone: those behind it move up and are sent again", pure, () => {
  const { outbox, told } = filled(["x", "y", "z"]);
  outbox.take();
  assertEquals(refuse(outbox, 1, -1), ["x"]);
  assertEquals(outbox.take(), [{
    roomId: "a",
    n: 1,
    bodies: ["y", "z"],
    parts: undefined,
    ref: -2,
  }]);
  outbox.acknowledge(1, { seq: 11 });
  outbox.acknowledge(2, { seq: 12 });
  assertEquals(told, ["y is 11", "z is 12"]);
});

Deno.test("a refusal of what is not here, or of an earlier sending, changes nothing", pure, () => {
  const { outbox, told } = filled(["x", "y"]);
  outbox.take();
  assertEquals([refuse(outbox, 7, -1), refuse(outbox, 1, -9)], [[], []]);
  outbox.refused(1, -1);
  assertEquals(refuse(outbox, 2, -1), [], "with what was before it");
  outbox.take();
  assertEquals([refuse(outbox, 1, -1), refuse(outbox, 2, -1)], [[], []]);
  assertEquals([told, outbox.take(), outbox.size], [[], [], 2]);
  assertEquals(refuse(outbox, 2, -2), ["y"]);
});

Deno.test("a refusal of a frame is of the rest of it where its first is answered", pure, () => {
  const { outbox } = filled(["x"]);
  outbox.take();
  outbox.rewind();
  fates().add(outbox, "y");
  assertEquals(take(outbox), [{ roomId: "a", n: 1, bodies: ["x", "y"] }]);
  outbox.acknowledge(1, { seq: 11 });
  assertEquals([outbox.refused(1, -1), outbox.refused(1, undefined)], [undefined, undefined]);
  assertEquals(outbox.refused(1, -2)?.body, "y");
  assertEquals(take(outbox), [{ roomId: "a", n: 2, bodies: ["y"] }]);
});

Deno.test(
  "a refusal leaves on its way what was sent before, and takes back what was behind",
  pure,
  () => {
    const outbox = new Outbox(1_000);
    const { add } = fates();
    for (const room of ["a", "b", "c"]) add(outbox, room, room);
    outbox.take();
    add(outbox, "late", "c");
    assertEquals(outbox.refused(2, -2)?.body, "b");
    assertEquals(take(outbox), [
      { roomId: "b", n: 2, bodies: ["b"] },
      { roomId: "c", n: 3, bodies: ["c", "late"] },
    ]);
    assertEquals(outbox.answered, 0);
  },
);

Deno.test(
  "all that waits for a room can be dropped, and the rest moves up in its order",
  pure,
  () => {
    const outbox = new Outbox(4);
    const { add } = fates();
    for (
      const [body, room] of [["1", "a"], ["2", "x"], ["3", "a"], ["4", "x"], ["5", "x"], ["6", "a"]]
    ) {
      add(outbox, body!, room);
    }
    outbox.take();
    outbox.acknowledge(1, { seq: 11 });
    outbox.refused(2, -2);
    assertEquals(outbox.drop(2, ({ roomId }) => roomId === "x").map(({ body }) => body), [
      "2",
      "4",
      "5",
    ]);
    assertEquals(take(outbox), [{ roomId: "a", n: 2, bodies: ["3", "6"] }]);
    assertEquals([outbox.size, outbox.answered], [2, 1]);
  },
);

Deno.test("no more is on its way than a server lets through at once", pure, () => {
  const { outbox } = filled(Array.from({ length: 20 }, (_, i) => `${i}`));
  outbox.limit(3);
  const next = () => outbox.take().flatMap(({ bodies }) => bodies).length;
  assertEquals(next(), 3);
  for (const n of [1, 2, 3]) outbox.acknowledge(n, { seq: n });
  assertEquals(next(), 3);
});

Deno.test("a client that was somebody before counts on from what it is told", pure, () => {
  const { outbox } = filled(["x"]);
  outbox.rewind(7);
  assertEquals([take(outbox), outbox.answered], [[{ roomId: "a", n: 8, bodies: ["x"] }], 7]);
});

Deno.test("after a rewind everything unanswered is sent again under its number", pure, () => {
  const { outbox, told } = filled(["x", "y", "z"]);
  outbox.take();
  outbox.acknowledge(2, { seq: 12 });
  outbox.rewind();
  outbox.acknowledge(3, { seq: 13 });
  assertEquals(take(outbox), [{ roomId: "a", n: 1, bodies: ["x"] }]);
  outbox.acknowledge(1, { seq: 11 });
  assertEquals(told, ["y is 12", "z is 13", "x is 11"]);
});

Deno.test("after a throttle messages go one at a time, then more with each answer", pure, () => {
  const { outbox } = filled(Array.from({ length: 20 }, (_, i) => `${i}`));
  const next = () => outbox.take().map(({ n, bodies }) => [n, bodies.length]);
  outbox.take();
  outbox.throttle();
  outbox.refused(1, -1);
  assertEquals([next(), next()], [[[1, 1]], []]);
  outbox.acknowledge(1, { seq: 11 });
  assertEquals(next(), [[2, 2]]);
  outbox.acknowledge(2, { seq: 12 });
  outbox.acknowledge(3, { seq: 13 });
  assertEquals(next(), [[4, 4]]);
  outbox.throttle();
  outbox.refused(4, undefined);
  assertEquals(next(), [[4, 1]]);
});

Deno.test("what the server has and what is new do not share a frame", pure, () => {
  const { outbox } = filled(["x", "y", "z"]);
  outbox.take();
  outbox.rewind(2);
  assertEquals(take(outbox), [
    { roomId: "a", n: 1, bodies: ["x", "y"] },
    { roomId: "a", n: 3, bodies: ["z"] },
  ]);
});

Deno.test("a restart gives out what was sent and counts the rest from 1", pure, () => {
  const { outbox } = filled(["x", "y"]);
  outbox.take();
  const { add } = fates();
  add(outbox, "z");
  assertEquals(outbox.restart().map(({ body }) => body), ["x", "y"]);
  assertEquals([outbox.size, take(outbox)], [1, [{ roomId: "a", n: 1, bodies: ["z"] }]]);
});

Deno.test("only what was never sent can be withdrawn", pure, () => {
  const outbox = new Outbox(1_000);
  const { add } = fates();
  const sent = add(outbox, "sent");
  outbox.take();
  const waiting = add(outbox, "waiting");
  assertEquals([outbox.withdraw(sent), outbox.withdraw(waiting)], [false, true]);
  assertEquals([outbox.size, take(outbox)], [1, []]);
});

Deno.test("clearing gives out everything, in order", pure, () => {
  const { outbox } = filled(["x", "y"]);
  outbox.take();
  fates().add(outbox, "z");
  assertEquals(outbox.clear().map(({ n, body }) => [n, body]), [[1, "x"], [2, "y"], [0, "z"]]);
  assertEquals([outbox.size, take(outbox)], [0, []]);
});

type Answer = { ack: [n: number, seq: number] } | {
  no: "refused" | "slow" | "order";
  n: number;
  ref: number;
};

/**
 * Takes messages as the server does: by contiguous numbers, each stored once; room `x` takes none.
 * The outbox is pure, and so is this: a scripted server would bring sockets into 5,000 runs.
 */
class NaiveServer {
  readonly log: string[] = [];
  #seqs: number[] = [];
  /** Turns the next so many frames away for being too fast. */
  slow = 0;
  /** Where the log began that belongs to the present life of this server. */
  lives = 0;

  get last(): number {
    return this.#seqs.length;
  }

  receive({ roomId, n, bodies, ref }: MessageBatch): Answer[] {
    if (this.slow > 0) {
      this.slow--;
      return [{ no: "slow", n, ref }];
    }
    if (n > this.last + 1) return [{ no: "order", n, ref }];
    if (roomId === "x" && n + bodies.length - 1 > this.last) return [{ no: "refused", n, ref }];
    return bodies.map((body, i) => {
      if (n + i > this.last) this.#seqs.push(this.log.push(body));
      return { ack: [n + i, this.#seqs[n + i - 1]!] };
    });
  }

  /** Forgets who its client was; what is in the log is out of reach for numbers. */
  forget(): void {
    this.#seqs = [];
    this.lives++;
  }
}

type Step =
  | { type: "add"; roomId: string }
  | { type: "flush" | "serve" | "hear" | "drop" | "restart" | "lose" }
  | { type: "slow"; frames: number };

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ type: fc.constant("add" as const), roomId: room() }) },
  { weight: 8, arbitrary: fc.record({ type: fc.constantFrom("flush", "serve", "hear") }) },
  { weight: 1, arbitrary: fc.record({ type: fc.constantFrom("drop", "restart", "lose") }) },
  {
    weight: 1,
    arbitrary: fc.record({ type: fc.constant("slow" as const), frames: fc.nat({ max: 3 }) }),
  },
) as fc.Arbitrary<Step>;

function room(): fc.Arbitrary<string> {
  return fc.oneof({ weight: 3, arbitrary: fc.constantFrom("a", "b") }, fc.constant("x"));
}

/** A client around an outbox, as src/client/sender.ts is one, with a wire to a server. */
class Model {
  readonly outbox = new Outbox(10);
  readonly server = new NaiveServer();
  readonly added: { body: string; roomId: string }[] = [];
  readonly fates = new Map<string, { seq?: number; refused?: boolean }>();
  #up: MessageBatch[] = [];
  #down: Answer[] = [];

  run(next: Step): void {
    switch (next.type) {
      case "add":
        return this.#add(next.roomId);
      case "flush":
        return void this.#up.push(...this.outbox.take());
      case "serve": {
        const batch = this.#up.shift();
        if (batch !== undefined) this.#down.push(...this.server.receive(batch));
        return;
      }
      case "hear":
        return this.#hear(this.#down.shift());
      case "slow":
        this.server.slow = next.frames;
        return;
      case "drop":
        return this.#reconnect(this.server.last);
      case "restart":
        this.server.forget();
        for (const { reject } of this.outbox.restart()) reject(new Error("forgotten"));
        return this.#reconnect(0);
      case "lose":
        // A gap: acknowledgements fell off the log before they could be delivered.
        this.#down = this.#down.filter((answer) => "no" in answer);
        return this.outbox.rewind();
      default:
        next satisfies never;
    }
  }

  /** Runs until every message has its fate. */
  settle(): void {
    this.server.slow = 0;
    for (let i = 0; i < 10_000 && this.outbox.size > 0; i++) {
      this.run({ type: "flush" });
      this.run({ type: "serve" });
      this.run({ type: "hear" });
    }
    assertEquals(this.outbox.size, 0, "Some messages have no answer");
  }

  #add(roomId: string): void {
    const body = `${this.added.length}`;
    this.added.push({ body, roomId });
    const tell = (fate: { seq?: number; refused?: boolean }) => {
      assertEquals(this.fates.has(body), false, `Message ${body} has two fates`);
      this.fates.set(body, fate);
    };
    this.outbox.add({
      roomId,
      body,
      bytes: utf8Bytes(body),
      n: 0,
      ref: 0,
      resolve: tell,
      reject: (error) => tell({ refused: error?.message === "refused" }),
    });
  }

  #hear(answer: Answer | undefined): void {
    if (answer === undefined) return;
    if ("ack" in answer) return this.outbox.acknowledge(answer.ack[0], { seq: answer.ack[1] });
    const { no, n, ref } = answer;
    const refused = this.outbox.refused(n, ref);
    if (refused === undefined) return;
    assertEquals(no === "order" && this.outbox.answered === n - 1, false, "They count otherwise");
    if (no === "slow") this.outbox.throttle();
    if (no !== "refused") return;
    const isOver = ({ roomId }: Sending) => roomId === refused.roomId;
    for (const { reject } of this.outbox.drop(n, isOver)) reject(new Error("refused"));
  }

  #reconnect(taken: number): void {
    this.#up = [];
    this.#down = [];
    this.outbox.rewind(taken);
  }
}

Deno.test("whatever happens, each message is stored once or rejected, in order", pure, () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const model = new Model();
      for (const next of steps) model.run(next);
      model.settle();
      const { log, lives } = model.server;
      assertEquals(new Set(log).size, log.length, "Something is stored twice");
      assertEquals(log, [...log].sort((a, b) => Number(a) - Number(b)), "The order is wrong");
      for (const { body, roomId } of model.added) {
        const { seq, refused } = model.fates.get(body)!;
        if (seq !== undefined) assertEquals(log[seq - 1], body, "Acknowledged as another");
        else if (refused) assertEquals([roomId, log.includes(body)], ["x", false]);
        else assertEquals(lives > 0, true, "Rejected without a reason");
      }
    }),
    { numRuns: 5_000 },
  );
});

Deno.test("a message with more than a text travels alone, and keeps its place", pure, () => {
  const { outbox, add } = { outbox: new Outbox(1_000), ...fates() };
  const parts = { re: 3 };
  add(outbox, "x");
  outbox.add({ ...add(new Outbox(1), "y"), parts });
  add(outbox, "z");
  assertEquals(outbox.take().map(({ n, bodies, parts }) => [n, bodies, parts]), [
    [1, ["x"], undefined],
    [2, ["y"], parts],
    [3, ["z"], undefined],
  ]);
});
