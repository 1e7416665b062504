import { assertEquals } from "@std/assert";
import fc from "fast-check";
import {
  type Batch,
  MAX_BYTES_IN_FLIGHT,
  MAX_IN_FLIGHT,
  Outbox,
  type Sending,
} from "../src/outbox.ts";

const pure = { permissions: "none" } as const;

/** What became of the messages, in the order in which it did. */
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
        n: 0,
        resolve: (seq) => void told.push(`${body} is ${seq}`),
        reject: (error) => void told.push(`${body}: ${error.message}`),
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

Deno.test("what is said to one room travels as one batch, numbered from 1", pure, () => {
  const { outbox } = filled(["x", "y", "z"]);
  assertEquals(outbox.take(), [{ roomId: "a", n: 1, bodies: ["x", "y", "z"] }]);
  assertEquals([outbox.take(), outbox.size], [[], 3]);
});

Deno.test("messages to several rooms keep their order and share their numbers", pure, () => {
  const outbox = new Outbox(1_000);
  const { add } = fates();
  for (const [body, room] of [["1", "a"], ["2", "b"], ["3", "b"], ["4", "a"]] as const) {
    add(outbox, body, room);
  }
  assertEquals(outbox.take(), [
    { roomId: "a", n: 1, bodies: ["1"] },
    { roomId: "b", n: 2, bodies: ["2", "3"] },
    { roomId: "a", n: 4, bodies: ["4"] },
  ]);
});

Deno.test("no more than a window is on its way, and acknowledgements open it", pure, () => {
  const { outbox } = filled(Array.from({ length: 300 }, (_, i) => `${i}`));
  assertEquals(outbox.take().flatMap(({ bodies }) => bodies).length, MAX_IN_FLIGHT);
  assertEquals(outbox.take(), []);
  outbox.acknowledge(1, 11);
  outbox.acknowledge(2, 12);
  assertEquals(outbox.take(), [{ roomId: "a", n: 129, bodies: ["128", "129"] }]);
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
  outbox.acknowledge(1, 11);
  assertEquals(outbox.take(), [{ roomId: "a", n: 3, bodies: ["4"] }]);
  assertEquals([outbox.size, four?.n], [2, 3]);
});

Deno.test("long messages take more of the window, and the longest has it to itself", pure, () => {
  const half = "x".repeat(MAX_BYTES_IN_FLIGHT / 2 - 100);
  const { outbox } = filled([half, half, "y".repeat(300), "z".repeat(MAX_BYTES_IN_FLIGHT)]);
  assertEquals(outbox.take().map(({ n }) => n), [1, 2]);
  outbox.acknowledge(1, 11);
  assertEquals(outbox.take().map(({ n }) => n), [3]);
  outbox.acknowledge(2, 12);
  assertEquals(outbox.take(), []);
  outbox.acknowledge(3, 13);
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
  outbox.acknowledge(2, 12);
  outbox.acknowledge(1, 11);
  outbox.acknowledge(1, 13);
  outbox.acknowledge(99, 14);
  assertEquals([told, outbox.size], [["y is 12", "x is 11"], 0]);
});

Deno.test("a refused message goes alone: those behind it move up and are sent again", pure, () => {
  const { outbox, told } = filled(["x", "y", "z"]);
  outbox.take();
  outbox.refuse(1, new Error("Not here"));
  assertEquals(told, ["x: Not here"]);
  assertEquals(outbox.take(), [{ roomId: "a", n: 1, bodies: ["y", "z"] }]);
  outbox.acknowledge(1, 11);
  outbox.acknowledge(2, 12);
  assertEquals(told, ["x: Not here", "y is 11", "z is 12"]);
});

Deno.test("a refusal of what is not here changes nothing", pure, () => {
  const { outbox, told } = filled(["x"]);
  outbox.take();
  outbox.refuse(7, new Error("Not here"));
  assertEquals([told, outbox.take(), outbox.size], [[], [], 1]);
});

Deno.test("after a rewind everything unanswered is sent again under its number", pure, () => {
  const { outbox, told } = filled(["x", "y", "z"]);
  outbox.take();
  outbox.acknowledge(2, 12);
  outbox.rewind();
  outbox.acknowledge(3, 13);
  assertEquals(outbox.take(), [{ roomId: "a", n: 1, bodies: ["x"] }]);
  outbox.acknowledge(1, 11);
  assertEquals(told, ["y is 12", "z is 13", "x is 11"]);
});

Deno.test("after a throttle messages go one at a time, then more with each answer", pure, () => {
  const { outbox } = filled(Array.from({ length: 20 }, (_, i) => `${i}`));
  const next = () => outbox.take().map(({ n, bodies }) => [n, bodies.length]);
  outbox.take();
  outbox.throttle();
  assertEquals([next(), next()], [[[1, 1]], []]);
  outbox.acknowledge(1, 11);
  assertEquals(next(), [[2, 2]]);
  outbox.acknowledge(2, 12);
  outbox.acknowledge(3, 13);
  assertEquals(next(), [[4, 4]]);
  outbox.throttle();
  assertEquals(next(), [[4, 1]]);
});

Deno.test("what the server has and what is new do not share a frame", pure, () => {
  const { outbox } = filled(["x", "y", "z"]);
  outbox.take();
  outbox.rewind(2);
  assertEquals(outbox.take(), [
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
  assertEquals([outbox.size, outbox.take()], [1, [{ roomId: "a", n: 1, bodies: ["z"] }]]);
});

Deno.test("only what was never sent can be withdrawn", pure, () => {
  const outbox = new Outbox(1_000);
  const { add } = fates();
  const sent = add(outbox, "sent");
  outbox.take();
  const waiting = add(outbox, "waiting");
  assertEquals([outbox.withdraw(sent), outbox.withdraw(waiting)], [false, true]);
  assertEquals([outbox.size, outbox.take()], [1, []]);
});

Deno.test("clearing gives out everything, in order", pure, () => {
  const { outbox } = filled(["x", "y"]);
  outbox.take();
  fates().add(outbox, "z");
  assertEquals(outbox.clear().map(({ n, body }) => [n, body]), [[1, "x"], [2, "y"], [0, "z"]]);
  assertEquals([outbox.size, outbox.take()], [0, []]);
});

type Answer = { ack: [n: number, seq: number] } | { no: "refused" | "slow" | "order"; n: number };

/** Takes messages as the server does: by contiguous numbers, each stored once; room `x` takes none. */
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

  receive({ roomId, n, bodies }: Batch): Answer[] {
    if (this.slow > 0) {
      this.slow--;
      return [{ no: "slow", n }];
    }
    if (n > this.last + 1) return [{ no: "order", n }];
    if (roomId === "x" && n + bodies.length - 1 > this.last) return [{ no: "refused", n }];
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

/** A client around an outbox, as src/sender.ts is one, with a wire to a server. */
class Model {
  readonly outbox = new Outbox(10);
  readonly server = new NaiveServer();
  readonly added: { body: string; roomId: string }[] = [];
  readonly fates = new Map<string, { seq?: number; refused?: boolean }>();
  #up: Batch[] = [];
  #down: Answer[] = [];
  /** Whether nothing is sent until all that is on its way was answered. */
  #held = false;

  run(next: Step): void {
    switch (next.type) {
      case "add":
        return this.#add(next.roomId);
      case "flush":
        if (this.#up.length + this.#down.length === 0) this.#held = false;
        return void (this.#held || this.#up.push(...this.outbox.take()));
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
        this.outbox.rewind();
        this.#held = true;
        return;
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
      n: 0,
      resolve: (seq) => tell({ seq }),
      reject: ({ message }) => tell({ refused: message === "refused" }),
    });
  }

  #hear(answer: Answer | undefined): void {
    if (answer === undefined) return;
    if ("ack" in answer) return this.outbox.acknowledge(...answer.ack);
    if (this.#held || answer.no === "order") return;
    if (answer.no === "slow") this.outbox.throttle();
    else this.outbox.refuse(answer.n, new Error("refused"));
    this.#held = true;
  }

  #reconnect(taken: number): void {
    this.#up = [];
    this.#down = [];
    this.#held = false;
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
