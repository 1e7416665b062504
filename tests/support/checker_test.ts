import { assertEquals, assertThrows } from "@std/assert";
import { assertClean, check, type Outcome, type Seen, type Verdict } from "../chaos/checker.ts";

const start: Seen = { type: "start", epoch: "e", after: 0 };

function entry(seq: number, id?: string): Seen {
  return { type: "entry", seq, ...(id === undefined ? {} : { id }) };
}

function acked(seq: number, epoch = "e"): Outcome {
  return { type: "acked", epoch, seq };
}

/** The counts that are not 0, for messages by id and one list of what was seen for each subscriber. */
function judge(messages: Record<string, Outcome>, ...lists: Seen[][]): Partial<Verdict> {
  const verdict = check({
    messages: new Map(Object.entries(messages)),
    subscribers: new Map(lists.map((seen, i) => [`subscriber ${i}`, seen])),
  });
  const { messages: _, acked: __, subscribers: ___, findings: ____, ...counts } = verdict;
  return Object.fromEntries(Object.entries(counts).filter(([, count]) => count !== 0));
}

Deno.test("a clean history is delivered to everybody", { permissions: "none" }, () => {
  const messages = { a: acked(2), b: acked(3) };
  const seen = [start, entry(1), entry(2, "a"), entry(3, "b")];
  assertEquals(judge(messages, seen, seen), { delivered: 4 });
});

Deno.test("what was acknowledged and never came is lost", { permissions: "none" }, () => {
  assertEquals(judge({ a: acked(1), b: acked(2) }, [start, entry(1, "a")]), {
    delivered: 1,
    lost: 1,
  });
});

Deno.test("what was skipped is lost, and a silent gap", { permissions: "none" }, () => {
  const messages = { a: acked(1), b: acked(2), c: acked(3) };
  assertEquals(judge(messages, [start, entry(1, "a"), entry(3, "c")]), {
    delivered: 2,
    lost: 1,
    silentGaps: 1,
  });
});

Deno.test("a jump over what was no message is a silent gap too", { permissions: "none" }, () => {
  assertEquals(judge({ a: acked(3) }, [start, entry(1), entry(3, "a")]), {
    delivered: 1,
    silentGaps: 1,
  });
});

Deno.test("a jump at the very start is a silent gap", { permissions: "none" }, () => {
  assertEquals(judge({}, [start, entry(2)]), { silentGaps: 1 });
});

Deno.test("what lies in a gap was told", { permissions: "none" }, () => {
  const seen: Seen[] = [start, { type: "gap", from: 1, to: 2 }, entry(3, "c")];
  assertEquals(judge({ a: acked(1), b: acked(2), c: acked(3) }, seen), { delivered: 1, told: 2 });
});

Deno.test("a gap that begins too late hides a silent one", { permissions: "none" }, () => {
  const seen: Seen[] = [start, { type: "gap", from: 2, to: 2 }, entry(3)];
  assertEquals(judge({ a: acked(1) }, seen), { lost: 1, silentGaps: 1 });
});

Deno.test("the same message twice is a duplicate", { permissions: "none" }, () => {
  const messages = { a: acked(1) };
  assertEquals(judge(messages, [start, entry(1, "a"), entry(1, "a")]), {
    delivered: 1,
    duplicate: 1,
  });
  assertEquals(judge(messages, [start, entry(1, "a"), entry(2, "a")]), {
    delivered: 1,
    duplicate: 1,
  });
});

Deno.test("a place that does not grow is reordered", { permissions: "none" }, () => {
  const messages = { a: acked(1), b: acked(2) };
  assertEquals(judge(messages, [start, entry(2, "b"), entry(1, "a")]), {
    delivered: 2,
    reordered: 1,
    silentGaps: 1,
  });
});

Deno.test("two messages at one place are reordered", { permissions: "none" }, () => {
  const messages: Record<string, Outcome> = { a: { type: "unknown" }, b: { type: "unknown" } };
  assertEquals(judge(messages, [start, entry(1, "a")], [start, entry(1, "b")]), {
    delivered: 2,
    indeterminate: 2,
    reordered: 1,
  });
});

Deno.test("what nobody said, or what was refused, is a phantom", { permissions: "none" }, () => {
  assertEquals(judge({ a: { type: "refused" } }, [start, entry(1, "a"), entry(2, "b")]), {
    phantom: 2,
  });
});

Deno.test("what nobody knows about may come once or not at all", { permissions: "none" }, () => {
  const messages: Record<string, Outcome> = { a: { type: "unknown" }, b: { type: "unknown" } };
  assertEquals(judge(messages, [start, entry(1, "a")]), { delivered: 1, indeterminate: 2 });
  assertEquals(judge(messages, [start, entry(1, "a"), entry(2, "a")]), {
    delivered: 1,
    duplicate: 1,
    indeterminate: 2,
  });
});

Deno.test("a message at another place than acknowledged is misplaced", {
  permissions: "none",
}, () => {
  assertEquals(judge({ a: acked(2) }, [start, entry(1, "a")]), { delivered: 1, misplaced: 1 });
  assertEquals(judge({ a: acked(1, "f") }, [start, entry(1, "a")]), {
    delivered: 1,
    misplaced: 1,
  });
});

Deno.test("what was said before a subscriber came is not expected", { permissions: "none" }, () => {
  const seen: Seen[] = [{ type: "start", epoch: "e", after: 2 }, entry(3, "c")];
  assertEquals(judge({ a: acked(1), c: acked(3) }, seen), { delivered: 1 });
});

Deno.test("a past that was said to be gone was told, what comes after it is not", {
  permissions: "none",
}, () => {
  const messages = { a: acked(1), b: acked(2), c: acked(1, "f"), d: acked(2, "f") };
  const seen: Seen[] = [start, entry(1, "a"), { type: "start", epoch: "f", after: 0 }];
  assertEquals(judge(messages, [...seen, entry(1, "c")]), { delivered: 2, told: 1, lost: 1 });
});

Deno.test("a past of the same log that was said to be out of reach was told", {
  permissions: "none",
}, () => {
  const messages = { a: acked(1), b: acked(2), c: acked(3), d: acked(6) };
  const again: Seen = { type: "start", epoch: "e", after: 5 };
  assertEquals(judge(messages, [start, entry(1, "a"), again, entry(6, "d")]), {
    delivered: 2,
    told: 2,
  });
  assertEquals(judge(messages, [start, entry(1, "a"), entry(3, "c"), again, entry(6, "d")]), {
    delivered: 3,
    lost: 1,
    silentGaps: 1,
  });
});

Deno.test("assertClean() throws for what is wrong, and for what was told unless that is fine", {
  permissions: "none",
}, () => {
  const seen: Seen[] = [start, { type: "gap", from: 1, to: 1 }];
  const told = check({
    messages: new Map([["a", acked(1)]]),
    subscribers: new Map([["s", seen]]),
  });
  assertThrows(() => assertClean(told), Error, "not clean");
  assertClean(told, { toldIsFine: true });
  const lost = check({
    messages: new Map([["a", acked(1)]]),
    subscribers: new Map([["s", [start]]]),
  });
  assertThrows(() => assertClean(lost, { toldIsFine: true }), Error, `lost: s lacks a at e:1`);
});
