import { assertEquals } from "@std/assert";
import * as fc from "fast-check";
import {
  MAX_SEEN,
  MAX_WAITING_CHARS,
  type Published,
  PublishQueue,
  TRY_FOR_MS,
  unavailable,
} from "../../../src/store/cluster/publish_queue.ts";
import { ChatError } from "../../../src/protocol/errors.ts";
import { messageDraft, presenceDraft } from "../../../src/store/suite/drafts.ts";
import { pure } from "../../support/pure.ts";

interface Flight {
  id: string;
  done: (outcome: Published) => void;
}

/** Queues that work, over a store that answers when it is told to. */
class Bench {
  readonly reports: string[] = [];
  readonly flights: Flight[] = [];
  /** Ids that it looks for, in the order in which it began to. */
  readonly looks: { id: string; done: (seq: number) => void }[] = [];
  readonly queue: PublishQueue;
  /** Clients that may be at another node by now. */
  readonly elsewhere = new Set<string>();

  constructor() {
    this.queue = new PublishQueue({
      denied: () => undefined,
      isOpen: (roomId) => roomId === "a",
      isHere: (id) => !this.elsewhere.has(id),
      publish: (_room, _draft, id, done) => void this.flights.push({ id, done }),
      find: (id, done) => void this.looks.push({ id, done }),
      repeated: ({ n }, seq) => this.reports.push(`repeated ${n} at ${seq}`),
      refused: ({ n }, { code }, doubtful) =>
        this.reports.push(`refused ${n}: ${code}${doubtful ? ", perhaps" : ""}`),
    });
    this.queue.available = true;
  }

  say(n: number, { from = "ana", room = "a", body = "x" } = {}): void {
    const draft = n > 0 ? messageDraft(from, n, body) : presenceDraft("join", from);
    this.queue.append(room, draft, `${from}.${n}`);
  }

  /** Answers what was published longest ago, and returns its id. */
  answer(outcome: Published): string | undefined {
    const flight = this.flights.shift();
    flight?.done(outcome);
    return flight?.id;
  }

  stored(seq: number, duplicate = false): string | undefined {
    return this.answer({ type: "stored", seq, duplicate });
  }
}

const REFUSED: Published = { type: "refused", error: unavailable("No") };

pure("one message of each client is on its way at a time", () => {
  const bench = new Bench();
  for (const n of [1, 2, 3]) bench.say(n);
  bench.say(1, { from: "ben" });
  assertEquals(bench.flights.map(({ id }) => id), ["ana.1", "ben.1"]);
  bench.stored(7);
  assertEquals(bench.flights.map(({ id }) => id), ["ben.1", "ana.2"]);
  assertEquals(bench.reports, []);
});

pure("pending counts the drafts without an outcome, whatever that is", () => {
  const bench = new Bench();
  for (const n of [1, 2, 3]) bench.say(n);
  bench.say(1, { from: "ben" });
  assertEquals(bench.queue.pending, 4);
  bench.stored(7);
  assertEquals(bench.queue.pending, 3);
  bench.stored(8);
  assertEquals(bench.queue.pending, 2);
  bench.answer(REFUSED);
  assertEquals([bench.queue.pending, bench.flights.length], [0, 0]);
});

pure("a message that is seen in the log lets the next one go, whatever its own answer", () => {
  const bench = new Bench();
  for (const n of [1, 2]) bench.say(n);
  bench.queue.seen("ana", 1, 7);
  assertEquals(bench.flights.map(({ id }) => id), ["ana.1", "ana.2"]);
  bench.answer({ type: "unknown" });
  bench.stored(8);
  bench.say(1);
  bench.say(2);
  assertEquals(bench.reports, ["repeated 1 at 7", "repeated 2 at 8"]);
  assertEquals(bench.flights.length, 0);
});

pure("what is refused is refused with everything behind it", () => {
  const bench = new Bench();
  for (const n of [1, 2, 3]) bench.say(n);
  bench.answer(REFUSED);
  assertEquals(bench.reports, [
    "refused 1: unavailable",
    "refused 2: out_of_order",
    "refused 3: out_of_order",
  ]);
  bench.say(1);
  assertEquals(bench.flights.length, 1);
});

pure("nothing overtakes what is in doubt, and its repeats wait for the same answer", () => {
  const bench = new Bench();
  for (const n of [1, 2]) bench.say(n);
  bench.answer({ type: "unknown" });
  bench.say(1);
  bench.say(2);
  assertEquals(bench.reports, ["refused 2: unavailable", "refused 2: unavailable"]);
  bench.queue.tick(100);
  bench.queue.tick(200);
  assertEquals(bench.flights.length, 1);
  // That this attempt failed says nothing about the first one.
  bench.answer(REFUSED);
  bench.queue.tick(300);
  bench.stored(5, true);
  bench.say(2);
  assertEquals(bench.reports.slice(2), ["repeated 1 at 5", "repeated 1 at 5"]);
  assertEquals(bench.flights.map(({ id }) => id), ["ana.2"]);
});

pure("what is in doubt and too large by now to be published again is looked for", () => {
  const bench = new Bench();
  bench.say(1);
  bench.answer({ type: "unknown" });
  for (const [at, seq] of [[100, 0], [200, 5]] as const) {
    bench.queue.tick(at);
    bench.answer({ type: "refused", error: new ChatError("too_large", "No") });
    bench.queue.tick(at + 50);
    assertEquals([bench.flights.length, bench.looks.map(({ id }) => id)], [0, ["ana.1"]]);
    bench.looks.shift()?.done(seq);
  }
  assertEquals(bench.reports, ["repeated 1 at 5"]);
  bench.say(2);
  assertEquals(bench.flights.map(({ id }) => id), ["ana.2"]);
});

pure("what stays in doubt for too long is refused", () => {
  const bench = new Bench();
  bench.say(1);
  bench.answer({ type: "unknown" });
  bench.queue.tick(TRY_FOR_MS - 1);
  assertEquals(bench.reports, []);
  bench.queue.tick(TRY_FOR_MS);
  assertEquals(bench.reports, ["refused 1: unavailable, perhaps"]);
  assertEquals(bench.queue.certainLastOf("ana"), undefined);
});

pure("while the store cannot be reached all is refused but what is on its way", () => {
  const bench = new Bench();
  for (const n of [1, 2]) bench.say(n);
  bench.queue.available = false;
  bench.say(1, { from: "ben" });
  assertEquals(bench.reports, ["refused 2: unavailable", "refused 1: unavailable"]);
  bench.queue.available = true;
  bench.stored(4);
  bench.say(2);
  assertEquals(bench.flights.map(({ id }) => id), ["ana.2"]);
});

pure("a client that comes from another node goes on where that one was, and skips nothing", () => {
  const bench = new Bench();
  bench.queue.stored("ana", 40);
  bench.say(40);
  bench.say(42);
  assertEquals([bench.reports, bench.looks[0]?.id], [["refused 42: out_of_order"], "ana.40"]);
  bench.looks[0]?.done(7);
  assertEquals(bench.reports, ["refused 42: out_of_order", "repeated 40 at 7"]);
  bench.say(41);
  bench.stored(9, true);
  assertEquals(bench.reports[2], "repeated 41 at 9");
  bench.say(43);
  assertEquals(bench.reports.slice(3), ["refused 43: out_of_order"]);
  assertEquals(bench.queue.lastOf("ana"), 41);
});

pure(
  "a client that goes to another node is handed over when nothing of it is on its way",
  async () => {
    const bench = new Bench();
    for (const n of [1, 2, 3]) bench.say(n);
    let told: unknown;
    const handedOver = bench.queue.handOver("ana").then((n) => told = n);
    bench.queue.forget("ana");
    assertEquals(bench.reports, ["refused 2: unavailable", "refused 3: unavailable"]);
    await Promise.resolve();
    assertEquals(told, undefined);
    bench.stored(7);
    assertEquals([await handedOver, bench.flights.length, bench.queue.size], [1, 0, 0]);
    assertEquals(await bench.queue.handOver("nobody"), 0);
  },
);

pure(
  "of what may be stored elsewhere nobody is told a number, until it is said again",
  async () => {
    const bench = new Bench();
    bench.queue.stored("ana", 40, 41);
    assertEquals(bench.queue.certainLastOf("ana"), undefined);
    assertEquals(await bench.queue.handOver("ana"), undefined);
    bench.say(41);
    bench.stored(7);
    const certain = [bench.queue.certainLastOf("ana"), await bench.queue.handOver("ana")];
    assertEquals(certain, [41, 41]);
  },
);

pure("what another node has stored is a repeat without a place where nobody can be asked", () => {
  const bench = new Bench();
  bench.queue.stored("ana", 40);
  bench.say(39);
  bench.say(40);
  bench.queue.available = false;
  assertEquals(bench.reports, ["repeated 40 at 0"]);
  bench.looks[0]?.done(0);
  bench.say(1);
  assertEquals(bench.reports.slice(1), ["repeated 39 at 0", "repeated 1 at 0"]);
});

pure("a refusal that comes when another node has stored it is none", () => {
  const bench = new Bench();
  bench.say(1);
  bench.queue.stored("ana", 3);
  bench.answer(REFUSED);
  bench.say(4);
  bench.stored(9);
  assertEquals([bench.reports, bench.queue.lastOf("ana")], [["repeated 1 at 0"], 4]);
});

pure("an answer that comes when another node has stored more takes nothing back", () => {
  const bench = new Bench();
  bench.say(1);
  bench.queue.stored("ana", 3);
  bench.stored(7, true);
  bench.say(4);
  assertEquals([bench.reports, bench.queue.lastOf("ana")], [["repeated 1 at 7"], 3]);
  bench.stored(9);
  assertEquals(bench.queue.lastOf("ana"), 4);
});

pure("a message that turns out void while it is looked up takes none behind it along", () => {
  const bench = new Bench();
  bench.queue.stored("ana", 2);
  for (const n of [2, 3]) bench.say(n);
  bench.queue.voided("ana", 2, 8, new ChatError("forbidden", "No"));
  bench.looks[0]?.done(0);
  assertEquals(bench.reports, ["refused 2: forbidden"]);
  bench.stored(9);
  assertEquals([bench.reports.length, bench.queue.lastOf("ana")], [1, 3]);
});

pure("what was seen of a client before it came is stored, whatever it says itself", () => {
  const bench = new Bench();
  bench.queue.seen("ana", 7, 107);
  for (let i = 1; i < MAX_SEEN; i++) bench.queue.seen(`ben${i}`, 5, 200 + i);
  for (const n of [9, 8]) bench.queue.seen("ana", n, 100 + n);
  // Of whom nothing was seen for the longest time is forgotten first.
  bench.queue.seen("eve", 5, 299);
  bench.queue.stored("ana", 6, 12);
  assertEquals(bench.queue.lastOf("ana"), 9);
  bench.queue.seen("ana", 10, 300);
  assertEquals([bench.queue.lastOf("ana"), bench.queue.lastOf("ben1")], [10, 0]);
  for (const id of ["cleo", "dan"]) bench.queue.seen(id, 5, 301);
  for (const id of ["ben1", "dan"]) bench.queue.stored(id, 3);
  assertEquals([bench.queue.lastOf("ben1"), bench.queue.lastOf("dan")], [3, 5]);
});

pure("what is known to be stored of a client that has gone is known when it comes back", () => {
  const bench = new Bench();
  for (const n of [1, 2]) bench.say(n);
  bench.stored(7);
  // It goes on elsewhere, and its second message is still on its way from here.
  bench.queue.forget("ana");
  bench.stored(8);
  assertEquals(bench.queue.size, 0);
  bench.queue.stored("ana", 1, 3);
  assertEquals(bench.queue.lastOf("ana"), 2);
});

pure("what follows a message that was never taken is refused at once, whatever waits", () => {
  const bench = new Bench();
  const body = "x".repeat(MAX_WAITING_CHARS);
  bench.say(1);
  bench.say(2, { body });
  bench.say(3);
  assertEquals(bench.reports, ["refused 2: unavailable", "refused 3: out_of_order"]);
  // Had it waited for its turn, what is said again would be taken back then.
  for (const n of [2, 3]) bench.say(n);
  for (const seq of [7, 8, 9]) bench.stored(seq);
  assertEquals([bench.reports.length, bench.queue.lastOf("ana")], [2, 3]);
});

pure("a client's own word counts for what may be stored, and for nothing else", () => {
  const bench = new Bench();
  bench.queue.stored("ana", 40, 42);
  bench.queue.goesOn("ana", 43);
  bench.queue.goesOn("ben", 1);
  assertEquals([bench.queue.lastOf("ana"), bench.queue.lastOf("ben")], [40, 0]);
  bench.queue.goesOn("ana", 41);
  bench.queue.goesOn("ana", 39);
  assertEquals(bench.queue.lastOf("ana"), 41);
  assertEquals(bench.queue.certainLastOf("ana"), undefined);
});

pure("what is stored is never refused, whatever stands in the way of the rest", () => {
  const bench = new Bench();
  bench.say(1);
  bench.stored(5);
  bench.say(2);
  bench.answer({ type: "unknown" });
  const body = "x".repeat(MAX_WAITING_CHARS);
  bench.say(1);
  bench.say(1, { body });
  bench.say(3);
  assertEquals(bench.reports, ["repeated 1 at 5", "repeated 1 at 5", "refused 3: unavailable"]);
});

pure("a message for a room that is not open is refused, presence is not", () => {
  const bench = new Bench();
  bench.say(1, { room: "b" });
  bench.say(0, { room: "b" });
  assertEquals(bench.reports, ["refused 1: room_gone"]);
  assertEquals(bench.flights.length, 1);
});

pure("nothing is taken of a client that may be elsewhere, and what is in doubt goes on", () => {
  const bench = new Bench();
  bench.say(1);
  bench.answer({ type: "unknown" });
  bench.elsewhere.add("ana");
  bench.say(2);
  bench.say(1, { from: "ben" });
  bench.queue.tick(100);
  assertEquals(bench.reports, ["refused 2: unavailable"]);
  assertEquals(bench.flights.map(({ id }) => id), ["ben.1", "ana.1"]);
  for (const seq of [7, 8]) bench.stored(seq);
  bench.say(2);
  bench.elsewhere.clear();
  bench.say(2);
  assertEquals(bench.reports.slice(1), ["refused 2: unavailable"]);
  assertEquals(bench.flights.map(({ id }) => id), ["ana.2"]);
});

pure("what waits is bounded", () => {
  const bench = new Bench();
  const body = "x".repeat(MAX_WAITING_CHARS / 2 - 150);
  bench.say(1, { body });
  bench.say(2, { body });
  bench.say(1, { from: "ben" });
  assertEquals(bench.reports, ["refused 1: unavailable"]);
  bench.stored(1);
  bench.say(1, { from: "ben" });
  assertEquals(bench.reports.length, 1);
});

pure("a client is forgotten when nothing of it waits", async () => {
  const bench = new Bench();
  bench.say(1);
  assertEquals([bench.queue.holds("ana"), bench.queue.holds("ben")], [true, false]);
  const settled = Promise.all([bench.queue.settled("ana"), bench.queue.settled()]);
  bench.queue.forget("ana");
  bench.queue.forget("nobody");
  assertEquals(bench.queue.size, 1);
  bench.stored(1);
  await settled;
  assertEquals([bench.queue.size, bench.queue.settled()], [0, undefined]);
});

pure("whatever fails, each message is stored once and in order, if its author repeats it", () => {
  const outcome = fc.constantFrom("stored", "lost answer", "lost", "refused");
  fc.assert(fc.property(fc.array(outcome, { maxLength: 60 }), (story) => {
    const bench = new Bench();
    const log: string[] = [];
    let now = 0;
    // The answers of a real store: what is stored already is a duplicate.
    const settle = (how: string) => {
      const flight = bench.flights.shift();
      if (flight === undefined) return;
      const known = log.indexOf(flight.id);
      const seq = known >= 0 ? known + 1 : log.length + 1;
      if (how === "refused") return flight.done(REFUSED);
      if (how !== "lost" && known < 0) log.push(flight.id);
      flight.done(
        how === "stored" ? { type: "stored", seq, duplicate: known >= 0 } : { type: "unknown" },
      );
    };
    const all = [1, 2, 3, 4, 5];
    for (const how of [...story, ...Array(20).fill("stored")]) {
      if (bench.flights.length === 0) all.forEach((n) => bench.say(n));
      bench.queue.tick(++now);
      settle(how);
    }
    assertEquals(log, all.map((n) => `ana.${n}`));
  }));
});

pure("a client of whom only coming and going was told is not kept", () => {
  const bench = new Bench();
  bench.say(0, { from: "orphan" });
  bench.stored(1);
  assertEquals(bench.queue.size, 0);
  bench.queue.available = false;
  bench.say(0, { from: "orphan" });
  assertEquals([bench.queue.size, bench.reports], [0, ["refused 0: unavailable"]]);
});

pure(
  "a client that comes back goes on where the other node was, whatever is still on its way",
  () => {
    const bench = new Bench();
    bench.say(1);
    bench.stored(7);
    bench.say(0);
    bench.queue.forget("ana");
    // Meanwhile another node has stored 2 and 3.
    bench.queue.stored("ana", 3);
    bench.stored(8);
    bench.say(1);
    bench.looks[0]?.done(7);
    bench.say(4);
    assertEquals(bench.reports, ["repeated 1 at 7"]);
    assertEquals(bench.flights.map(({ id }) => id), ["ana.4"]);
  },
);

pure(
  "a message that is void is refused, and its number goes to the next one under another id",
  () => {
    const bench = new Bench();
    bench.say(1);
    bench.stored(7);
    for (const n of [2, 3]) bench.say(n);
    bench.queue.voided("ana", 2, 9, new ChatError("forbidden", "No"));
    assertEquals(bench.reports, ["refused 2: forbidden", "refused 3: out_of_order"]);
    bench.stored(9);
    assertEquals(bench.queue.lastOf("ana"), 1, "its own answer comes too late to count");
    bench.say(2);
    assertEquals(bench.stored(11), "ana.2~9");
    assertEquals(bench.queue.lastOf("ana"), 2);
    bench.say(3);
    assertEquals(bench.flights.map(({ id }) => id), ["ana.3~9"]);
  },
);

pure("a message whose id a void one has is published again under another id", () => {
  const bench = new Bench();
  bench.say(1);
  bench.queue.voided("ana", 1, 5);
  bench.answer({ type: "unknown" });
  bench.queue.tick(100);
  assertEquals(bench.flights.map(({ id }) => id), ["ana.1~5"]);
  bench.stored(8);
  assertEquals([bench.reports, bench.queue.lastOf("ana")], [[], 1]);
});

pure("a message in doubt keeps its id, whatever becomes of others", () => {
  const bench = new Bench();
  bench.say(1);
  bench.answer({ type: "unknown" });
  bench.queue.voided("ana", 0, 5, new ChatError("forbidden", "No"));
  bench.queue.tick(100);
  assertEquals(bench.flights.map(({ id }) => id), ["ana.1"]);
});

pure("what the host of another node has said, and is said again here, is looked up", () => {
  const bench = new Bench();
  bench.queue.seen("host", 1, 7);
  bench.say(1, { from: "host" });
  assertEquals([bench.flights.length, bench.looks.map(({ id }) => id)], [0, ["host.1"]]);
  bench.looks[0]!.done(7);
  assertEquals(bench.reports, ["repeated 1 at 7"]);
});
