import { assert, assertEquals, assertStrictEquals } from "@std/assert";
import {
  Batches,
  CATCH_UP_BYTES,
  MAX_ENTRIES_BYTES,
  type PlainSteps,
} from "../../../src/core/log/batches.ts";
import { Log } from "../../../src/core/log/log.ts";
import { encodeEntry } from "../../../src/protocol/encode.ts";
import { messageDraft } from "../../../src/store/suite/drafts.ts";
import { pure } from "../../support/pure.ts";

function logOf(entries: number, body = "x", logEntries = 1_000): Log {
  const log = new Log("epoch", { logEntries, logBytes: 10_000_000 });
  for (let i = 0; i < entries; i++) push(log, body);
  return log;
}

function push(log: Log, body = "x"): void {
  const seq = log.head + 1;
  log.push(seq, encodeEntry(seq, messageDraft("ana", 1, body)));
}

function seqsOf(frame = ""): number[] {
  return JSON.parse(frame).entries.map(({ seq }: { seq: number }) => seq);
}

/** All batches from a cursor to the head. */
function all(batches: Batches, cursor = 0) {
  const found = [];
  while (cursor < batches.head) {
    const batch = batches.after(cursor);
    if (batch === undefined) break;
    assert(batch.upTo > cursor);
    cursor = batch.upTo;
    found.push(batch);
  }
  return found;
}

pure(
  "Batches.after() holds everything behind a cursor, the same text for all who are there",
  () => {
    const batches = new Batches("id", logOf(5), MAX_ENTRIES_BYTES);
    const batch = batches.after(2);
    assertEquals([seqsOf(batch?.frame), batch?.upTo], [[3, 4, 5], 5]);
    assert(batches.after(2) === batch);
    assert(batches.after(3) !== batch);
  },
);

pure("Batches.after() ends at the head there was, whatever comes meanwhile", () => {
  const log = logOf(5);
  const batches = new Batches("id", log, MAX_ENTRIES_BYTES);
  push(log);
  const batch = batches.after(2);
  assertEquals([seqsOf(batch?.frame), batch?.upTo], [[3, 4, 5], 5]);
  push(log);
  assert(batches.after(2) === batch);
  assertEquals(seqsOf(new Batches("id", log, MAX_ENTRIES_BYTES).after(2)?.frame), [3, 4, 5, 6, 7]);
});

pure("Batches.after() ends a frame that is long enough, and goes on in the next", () => {
  const found = all(new Batches("id", logOf(20, "x".repeat(60_000)), CATCH_UP_BYTES));
  assert(found.every(({ frame }) => frame.length < 60_200));
  assertEquals(
    found.flatMap(({ frame }) => seqsOf(frame)),
    Array.from({ length: 20 }, (_, i) => i + 1),
  );
});

pure("Batches.after() makes each frame of a long round once for all members", () => {
  const batches = new Batches("id", logOf(20, "x".repeat(3_000)), CATCH_UP_BYTES);
  const first = all(batches);
  assert(first.length > 3);
  assert(all(batches).every((batch, i) => batch === first[i]));
});

pure("what was made serves on when the log has dropped it, and what was not is missing", () => {
  const log = logOf(4, "x", 4);
  const batches = new Batches("id", log, MAX_ENTRIES_BYTES);
  const batch = batches.after(0);
  const step = batches.plainAfter(0);
  for (let i = 0; i < 3; i++) push(log);
  assert(batches.after(0) === batch && batches.plainAfter(0) === step);
  assertEquals([batches.after(1), batches.plainAfter(1)], [undefined, undefined]);
  assertEquals([seqsOf(batches.after(3)?.frame), batches.plainAfter(3)?.upTo], [[4], 4]);
});

pure(
  "Batches.plainAfter() reads an entry once for all who get it in a round, also one without words",
  () => {
    const log = logOf(0);
    log.push(1, `{"seq":1,"at":5,"from":"ana","n":1,"body":"hi"}`);
    log.push(2, `{"seq":2,"at":5,"event":"join","from":"ana"}`);
    const batches = new Batches("id", log, MAX_ENTRIES_BYTES);
    const message = batches.plainAfter(0);
    assertEquals(message, { entry: { from: "ana", text: `{"from":"ana","body":"hi"}` }, upTo: 1 });
    assertEquals(batches.plainAfter(1), { entry: null, upTo: 2 });
    assert(batches.plainAfter(0) === message);
  },
);

pure("Batches take what others have made for plain members, and add to it", () => {
  const log = logOf(3);
  const steps: PlainSteps = new Map();
  const first = new Batches("id", log, MAX_ENTRIES_BYTES, steps);
  const step = first.plainAfter(1);
  assertEquals(steps.get(1), step);
  push(log);
  const later = new Batches("id", log, MAX_ENTRIES_BYTES, steps);
  assertStrictEquals(later.plainAfter(1), step);
  assertEquals([later.plainAfter(3)?.upTo, steps.size], [4, 2]);
});
