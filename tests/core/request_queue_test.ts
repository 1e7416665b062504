import { assert, assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { rateOf } from "../../src/core/limits/rate_limit.ts";
import { type Held, LARGE, RequestQueue } from "../../src/core/request_queue.ts";
import { type Session, Sessions } from "../../src/core/state/sessions.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { countingBytes } from "../support/hub_harness.ts";
import { pure } from "../support/pure.ts";

const PING = `{"action":"ping"}`;

/** The queue of a connection that may speak so often, and its client. */
function bench(perSecond = 0): { queue: RequestQueue; session: Session } {
  const rate = rateOf(perSecond);
  const session = new Sessions(countingBytes(), (id) => id, rate).add(0);
  return { queue: new RequestQueue(rate), session };
}

/** The error that something is refused with. */
function refusal(fn: () => unknown): ChatError {
  return assertThrows(fn, ChatError);
}

/** All that is ready by now. */
function drain(queue: RequestQueue, session: Session | undefined, now = 0): (Held | string)[] {
  const ready: (Held | string)[] = [];
  for (;;) {
    const held = queue.next(session, now, false);
    if (held === undefined) return ready;
    ready.push(held);
    if (held === "turn") return ready;
  }
}

function textsOf(ready: (Held | string)[]): string[] {
  return ready.map((held) => typeof held === "string" ? held : held.text);
}

pure("a frame is ready at once, and waits where an earlier one does, in its order", () => {
  const { queue, session } = bench();
  assertEquals(queue.hear(PING, session, 0), "ready");
  queue.block();
  queue.block();
  assertEquals(queue.hear("1", session, 0), "kept");
  assertEquals(queue.hear("2", session, 0), "kept");
  queue.unblock();
  assertEquals([queue.blocked, queue.units, drain(queue, session)], [true, 2, []]);
  queue.unblock();
  assertEquals(queue.blocked, false);
  assertEquals(textsOf(drain(queue, session)), ["1", "2"]);
  assertEquals([queue.units, queue.hear(PING, session, 0)], [0, "ready"]);
});

pure("a connection is thrown out that says more than it may, and no hello", () => {
  const { queue } = bench(10);
  for (let i = 0; i < 15; i++) assertEquals(queue.hear(PING, undefined, 0), "ready");
  assertEquals(queue.hear(PING, undefined, 0), "flood");
  // While its hello waits for an answer, it is told to wait, as it is later.
  queue.block();
  assertEquals(refusal(() => queue.hear(PING, undefined, 0)).code, "rate_limited");
});

pure("nothing is overtaken, whatever waits for how long", () => {
  const step = fc.constantFrom("hear", "hear large", "block", "unblock", "next", "turn");
  fc.assert(fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
    const { queue, session } = bench();
    const taken: number[] = [];
    let said = 0;
    let blocks = 0;
    const next = (isItsTurn: boolean) => {
      const held = queue.next(session, 0, isItsTurn);
      if (typeof held === "object") taken.push(parseInt(held.text));
    };
    for (const step of steps) {
      if (step === "block") queue.block(), blocks++;
      else if (step === "unblock" && blocks > 0) queue.unblock(), blocks--;
      else if (step === "next") next(false);
      else if (step === "turn") next(true);
      else if (step !== "unblock") {
        const text = `${said}`.padEnd(step === "hear" ? 1 : LARGE);
        // Who is not blocked has nothing that waits, or goes on with that first.
        while (blocks === 0 && taken.length < said) next(true);
        if (queue.hear(text, session, 0) === "ready") taken.push(said);
        said++;
      }
    }
    assertEquals(taken, taken.map((_, i) => i));
  }));
});

pure("a large frame waits for its turn, alone or behind others", () => {
  const { queue, session } = bench();
  const large = "x".repeat(LARGE);
  assertEquals([queue.hear(large, session, 0), queue.large], ["turn", true]);
  assertEquals(queue.next(session, 0, false), "turn");
  assertEquals(textsOf([queue.next(session, 0, true)!]), [large]);
  assertEquals([queue.large, queue.hear("x".repeat(LARGE - 1), session, 0)], [false, "ready"]);
  queue.block();
  for (const text of ["1", large, "3"]) assertEquals(queue.hear(text, session, 0), "kept");
  queue.unblock();
  assertEquals(textsOf(drain(queue, session)), ["1", "turn"]);
  assertEquals(textsOf([queue.next(session, 0, true)!]), [large]);
  assertEquals(textsOf(drain(queue, session)), ["3"]);
});

pure("256 frames may wait, and as many refusals besides", () => {
  const { queue, session } = bench();
  queue.block();
  for (let i = 0; i < 256; i++) assertEquals(queue.hear(PING, session, 0), "kept");
  assertEquals(refusal(() => queue.hear(PING, session, 0)).code, "unavailable");
  for (let i = 0; i < 256; i++) assert(queue.refuse(PING, new ChatError("internal", "No")));
  assertEquals(queue.refuse(PING, new ChatError("internal", "No")), false);
  queue.unblock();
  assertEquals(drain(queue, session).length, 512);
});

pure(
  "a frame is paid for by its length, and one that comes too fast is told how long to wait",
  () => {
    const { queue, session } = bench(10);
    // A client has 15 tokens at first.
    assertEquals(queue.hear("x".repeat(14 * 1_024), session, 0), "ready");
    const { code, retryAfterMs } = refusal(() => queue.hear(PING, session, 0));
    assertEquals([code, retryAfterMs], ["rate_limited", 100]);
    assertEquals(queue.hear(PING, session, 100), "ready");
  },
);

pure("what no waiting helps is told so, however fast it comes, until it is a flood", () => {
  const { queue, session } = bench(1);
  const codes = Array.from(
    { length: 4 },
    () => refusal(() => queue.hear(new ArrayBuffer(1), session, 0)).code,
  );
  assertEquals(new Set(codes), new Set(["invalid_frame"]));
  const refused = () => {
    for (let i = 0;; i++) {
      try {
        if (queue.hear(PING, session, 0) === "flood") return i;
      } catch (error) {
        assert(error instanceof ChatError);
      }
    }
  };
  // Two tokens at first, a thousand and two refusals; two of these went before.
  assertEquals(refused(), 1_000);
});

pure("before it has a client, a connection says nothing larger than a hello can be", () => {
  const { queue } = bench();
  assertEquals(queue.hear("x".repeat(16_384), undefined, 0), "ready");
  assertEquals(queue.hear("x".repeat(16_385), undefined, 0), "flood");
  // Behind a hello that waits for its answer it may.
  queue.block();
  assertEquals(queue.hear("x".repeat(16_385), undefined, 0), "kept");
});

pure("what waits behind a hello is paid for by the client that it brings", () => {
  const { queue, session } = bench(2);
  queue.block();
  for (const text of ["1", "2", "3"]) assertEquals(queue.hear(text, undefined, 0), "kept");
  queue.unblock();
  session.budget.spend(1);
  const [first, second, third] = drain(queue, session) as Held[];
  assertEquals([first?.error, second?.error], [undefined, undefined]);
  assert(third?.error instanceof ChatError);
  assertEquals([third.text, third.error.code, third.error.retryAfterMs], [
    "3",
    "rate_limited",
    500,
  ]);
});

pure("a frame that waits is refused where those before it have cost more than was known", () => {
  const { queue, session } = bench(10);
  queue.block();
  for (const text of ["1", "2"]) queue.hear(text, session, 0);
  queue.unblock();
  session.budget.spend(100);
  const errors = (drain(queue, session) as Held[]).map(({ error }) => (error as ChatError).code);
  assertEquals(errors, ["rate_limited", "rate_limited"]);
});

pure("a frame that is read and waits for its turn goes before all others, and is paid", () => {
  const { queue, session } = bench(10);
  queue.block();
  queue.hear("behind", session, 0);
  queue.putBack({ action: "join", roomId: "id", ref: 7 });
  assertEquals(queue.units, "behind".length + `{"ref":7}`.length);
  queue.unblock();
  session.budget.spend(13);
  const held = queue.next(session, 0, true);
  assert(typeof held === "object");
  assertEquals([held.frame?.action, held.text], ["join", `{"ref":7}`]);
  assertEquals(textsOf(drain(queue, session)), ["behind"]);
});

pure("the end of a plain client comes behind all that it said, once", () => {
  const { queue, session } = bench();
  assertEquals(queue.end(1006, true), false, "nothing waits");
  queue.block();
  queue.hear("last words", session, 0);
  assertEquals([queue.end(1001, true), queue.end(1006, true)], [true, true]);
  queue.unblock();
  assertEquals(drain(queue, session), [{ text: "last words", owes: 0 }, { text: "", code: 1001 }]);
});

pure("the end of another client waits only for its turn to pause", () => {
  const { queue, session } = bench();
  queue.block();
  queue.hear("can be said again", session, 0);
  assertEquals(queue.end(1006, false), false);
  queue.putBack({ action: "pause" });
  assertEquals(queue.end(1000, false), true);
  queue.unblock();
  assertEquals((drain(queue, session) as Held[]).map(({ code }) => code), [
    undefined,
    undefined,
    1000,
  ]);
});

pure("a queue that is closed keeps nothing", () => {
  const { queue, session } = bench();
  queue.block();
  queue.hear(PING, session, 0);
  queue.close();
  queue.hear(PING, session, 0);
  queue.putBack({ action: "pause" });
  assertEquals([queue.units, queue.large, queue.end(1006, true)], [0, false, false]);
  queue.unblock();
  assertEquals(drain(queue, session), []);
});

/** Has a client say messages of these lengths as `PROTOCOL.md` says, at a `rate`, over a way of `rttMs`; says whether it is thrown out. */
function isThrownOut(lengths: number[], rate: number, rttMs: number): boolean {
  const { queue, session } = bench(rate);
  const most = Math.min(128, rateOf(rate).start);
  let [now, first, window, holdUntil, refusals] = [0, 0, most, 0, 0];
  /** Messages without an answer, and when that comes: to go on, or to wait. */
  let flying: { message: number; at: number; waitMs: number }[] = [];
  let next = 0;
  while (first < lengths.length) {
    const bytes = () => flying.reduce((sum, { message }) => sum + lengths[message]!, 0);
    while (
      now >= holdUntil && next < lengths.length && flying.length < window &&
      (flying.length === 0 || bytes() + lengths[next]! <= 131_072)
    ) {
      let waitMs = 0;
      try {
        if (queue.hear(`${next}`.padEnd(lengths[next]!), session, now) === "flood") return true;
        // What comes behind a refused one is refused as well, and was paid for.
        if (flying.some((other) => other.waitMs > 0)) waitMs = 1;
      } catch (error) {
        waitMs = (error as ChatError).retryAfterMs ?? 1;
      }
      flying.push({ message: next++, at: now + rttMs, waitMs });
    }
    const [answered] = flying;
    if (answered === undefined) {
      now = holdUntil;
      continue;
    }
    now = Math.max(now, answered.at);
    if (answered.waitMs === 0) {
      flying.shift();
      first = answered.message + 1;
      window = Math.min(most, window + 1);
      refusals = 0;
    } else {
      next = answered.message;
      flying = [];
      window = 1;
      holdUntil = now + Math.max(answered.waitMs, 50 * 2 ** Math.min(refusals++, 6));
    }
  }
  return false;
}

pure("who sends as the protocol says is never thrown out, however long its messages are", () => {
  assertEquals(isThrownOut(new Array(120).fill(30_000), 50, 80), false);
  const lengths = fc.array(fc.constantFrom(10, 1_000, 30_000, 65_000), {
    minLength: 200,
    maxLength: 400,
    size: "max",
  });
  const rates = fc.constantFrom(5, 20, 50, 200);
  fc.assert(
    fc.property(lengths, rates, fc.integer({ min: 1, max: 300 }), (list, rate, rttMs) => {
      assertEquals(isThrownOut(list, rate, rttMs), false);
    }),
    { numRuns: 50 },
  );
});
