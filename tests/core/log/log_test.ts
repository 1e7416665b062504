import { assertEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Log, type LogEntry, type LogLimits } from "../../../src/core/log/log.ts";
import { utf8Bytes } from "../../../src/protocol/utf8.ts";
import { pure } from "../../support/pure.ts";

const WIDE = { logEntries: 1_000, logBytes: 1_000_000 };

function filled(seqs: number[], limits: LogLimits = WIDE): Log {
  const log = new Log("epoch", limits);
  for (const seq of seqs) push(log, seq);
  return log;
}

function push(log: Log, seq: number, chars = 10): void {
  log.push(seq, "x".repeat(chars));
}

function entries(log: Log): LogEntry[] {
  return Array.from({ length: log.size }, (_, i) => log.at(i));
}

function seqs(log: Log): number[] {
  return entries(log).map(({ seq }) => seq);
}

pure("a new log is at 0 and misses nothing", () => {
  const log = filled([]);
  assertEquals([log.head, log.tail, log.size, log.cursorBefore(5)], [0, 0, 0, 0]);
  assertEquals([log.reaches(0), log.reaches(1)], [true, false]);
});

pure("a log that continues an older one reaches back to its start and no further", () => {
  const log = new Log("epoch", WIDE, 40);
  assertEquals([log.head, log.tail, log.reaches(40), log.reaches(39)], [40, 40, true, false]);
  assertThrows(() => push(log, 40), RangeError, "Cannot push seq 40: the log is at 40");
  for (const seq of [39, 41.5, NaN, Infinity]) {
    assertThrows(() => push(log, seq), RangeError, `Cannot push seq ${seq}: the log is at 40`);
  }
  push(log, 41);
  assertEquals(seqs(log), [41]);
});

pure("Log.expire() drops what is too old, the newest entry too, and goes on counting", () => {
  const log = new Log("epoch", WIDE);
  const add = (seq: number, at: number) =>
    log.push(seq, `{"seq":${seq},"at":${at},"body":"\"at\":1"}`);
  for (const seq of [1, 2, 3]) add(seq, 100 * seq);
  log.expire(100);
  assertEquals([seqs(log), log.tail], [[1, 2, 3], 0]);
  log.expire(201);
  assertEquals([seqs(log), log.tail], [[3], 2]);
  log.expire(1_000);
  assertEquals([seqs(log), log.tail, log.head, log.cursorBefore(5)], [[], 3, 3, 3]);
  add(4, 1_000);
  assertEquals([seqs(log), log.reaches(3)], [[4], true]);
});

pure("Log.push() drops the oldest entry once there are too many", () => {
  const log = filled([1, 2, 3, 4, 5], { logEntries: 3, logBytes: 1_000 });
  assertEquals([seqs(log), log.tail, log.head], [[3, 4, 5], 2, 5]);
});

pure("Log.push() drops as many as it takes to keep the bytes within their limit", () => {
  const log = filled([1, 2, 3], { logEntries: 100, logBytes: 32 });
  assertEquals(seqs(log), [1, 2, 3]);
  push(log, 4, 25);
  assertEquals([seqs(log), log.tail], [[4], 3]);
});

pure("Log.push() always keeps the newest entry, however long it is", () => {
  const log = filled([1, 2], { logEntries: 100, logBytes: 30 });
  push(log, 3, 500);
  assertEquals(seqs(log), [3]);
  push(log, 4);
  assertEquals(seqs(log), [4]);
});

pure("Log.page() reads in both directions, with bounds, and says what is missing", () => {
  const log = filled([2, 3, 5, 8, 13, 21], { logEntries: 5, logBytes: 1_000 });
  const read = (to: "older" | "newer", from: number, limit = 2, units = 1_000) => {
    const { entries, more, complete } = log.page({ to, from, limit, units });
    return [entries.map(({ seq }) => seq), more, complete];
  };
  assertEquals(read("older", Infinity), [[13, 21], true, true]);
  assertEquals(read("older", 13), [[5, 8], true, true]);
  assertEquals(read("older", 5), [[3], false, true]);
  assertEquals(read("older", 2), [[], false, false]);
  assertEquals(read("older", 14, 9), [[3, 5, 8, 13], false, true]);
  assertEquals(read("newer", 2), [[3, 5], true, true]);
  assertEquals(read("newer", 4), [[5, 8], true, true]);
  assertEquals(read("newer", 1), [[3, 5], true, false]);
  assertEquals(read("newer", 8), [[13, 21], false, true]);
  assertEquals(read("newer", 21), [[], false, true]);
  assertEquals(read("newer", 22), [[], false, false]);
  // Each entry has ten units; the first of a page always fits.
  assertEquals(read("older", 22, 9, 25), [[13, 21], true, true]);
  assertEquals(read("newer", 2, 9, 20), [[3, 5], true, true]);
  assertEquals(read("newer", 2, 9, 1), [[3], true, true]);
  assertEquals(filled([]).page({ to: "older", from: 9, limit: 9, units: 9 }).entries, []);
});

pure("Log.push() refuses a seq that does not grow, and stays as it was", () => {
  const log = filled([1, 5]);
  for (const seq of [5, 4, 1, 0]) assertThrows(() => push(log, seq), RangeError);
  assertEquals(seqs(log), [1, 5]);
});

pure("Log.at() reads only what is kept", () => {
  const log = filled([1, 2, 3]);
  for (const index of [-1, 3, 100]) {
    assertThrows(() => log.at(index), RangeError, `Cannot read entry ${index}`);
  }
});

pure("Log.after() reads one entry at least, and as many more as fit into so many bytes", () => {
  const log = filled([2, 4, 6]);
  const some = (cursor: number, bytes: number) => log.after(cursor, bytes);
  const one = "x".repeat(10);
  const part = (count: number, upTo: number) => {
    const text = new Array(count).fill(one).join(",");
    return { text, upTo, count, bytes: text.length };
  };
  assertEquals(some(0, 0), part(1, 2));
  assertEquals(some(2, 20), part(1, 4));
  assertEquals(some(0, 21), part(2, 4));
  assertEquals(some(3, 20), part(1, 4));
  assertEquals(some(3, 21), part(2, 6));
  assertEquals(some(0, 1_000), part(3, 6));
  // The length of what is read is that in UTF-8.
  const cyrillic = new Log("e", { logEntries: 10, logBytes: 1_000 });
  for (const seq of [1, 2]) cyrillic.push(seq, "ж");
  assertEquals(cyrillic.after(0, 100), { text: "ж,ж", upTo: 2, count: 2, bytes: 5 });
  assertEquals(cyrillic.after(1, 100), { text: "ж", upTo: 2, count: 1, bytes: 2 });
});

pure("Log.after() reads up to a head that it was at before", () => {
  const log = filled([1, 2, 3, 4, 5]);
  const upTo = (cursor: number, head: number) => log.after(cursor, 10_000, head).upTo;
  assertEquals([upTo(0, 3), upTo(2, 3), upTo(0, 5), upTo(0, 9)], [3, 3, 5, 5]);
});

pure("Log.cursorBefore() brings exactly as many entries as were asked for, holes or not", () => {
  const log = filled([2, 5, 9], { logEntries: 3, logBytes: 1_000 });
  assertEquals([0, 1, 2, 3, 4].map((count) => log.cursorBefore(count)), [9, 5, 2, 0, 0]);
  push(log, 20);
  assertEquals([0, 1, 2, 3, 4].map((count) => log.cursorBefore(count)), [20, 9, 5, 2, 2]);
});

/** Texts of one to four bytes a character, some longer than what a log makes bytes of at once. */
const text = fc.oneof(
  { weight: 20, arbitrary: fc.string({ unit: "binary", minLength: 1, maxLength: 60 }) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 70_000 }).map((length) => "ж".repeat(length)) },
);

pure("a log does what an array would, whatever is pushed and whenever it is read", () => {
  const limits = fc.record({
    logEntries: fc.integer({ min: 1, max: 40 }),
    logBytes: fc.integer({ min: 1, max: 100_000 }),
  });
  const step = fc.record({
    skip: fc.integer({ min: 1, max: 3 }),
    text,
    read: fc.option(fc.nat({ max: 300 })),
  });
  const steps = fc.array(step, { maxLength: 80 });
  fc.assert(fc.property(limits, steps, fc.nat({ max: 5 }), (limit, pushes, start) => {
    const log = new Log("epoch", limit, start);
    let kept: LogEntry[] = [];
    let head = start;
    let tail = start;
    for (const { skip, text, read } of pushes) {
      head += skip;
      log.push(head, text);
      kept.push({ seq: head, text });
      if (read === null) continue;
      // What was not read yet may count too little; now it does not.
      log.after(log.tail, 0);
      const bytes = () => kept.reduce((sum, { text }) => sum + utf8Bytes(text) + 1, -1);
      while (kept.length > limit.logEntries || kept.length > 1 && bytes() > limit.logBytes) {
        tail = kept[0]!.seq;
        kept = kept.slice(1);
      }
      assertEquals([log.head, log.tail, entries(log)], [head, tail, kept]);
      const { text: some, upTo } = log.after(tail, read);
      const expected = kept.filter(({ seq }) => seq <= upTo).map(({ text }) => text);
      assertEquals(some, expected.join(","));
      assertEquals(expected.length === 1 || utf8Bytes(some) <= read, true);
      const next = kept[expected.length];
      assertEquals(next === undefined || utf8Bytes(`${some},${next.text}`) > read, true);
    }
    for (let cursor = log.tail; cursor <= head + 1; cursor++) {
      assertEquals(log.reaches(cursor), cursor <= head);
    }
    assertEquals(log.reaches(log.tail - 1), false);
    for (let count = 0; count <= log.size + 1; count++) {
      const cursor = log.cursorBefore(count);
      assertEquals(log.reaches(cursor), true);
      const behind = entries(log).filter(({ seq }) => seq > cursor).length;
      assertEquals(behind, Math.min(count, log.size));
    }
  }));
});

pure("a log that is read at every push keeps its limit whatever the text is", () => {
  const log = new Log("epoch", { logEntries: 1_000, logBytes: 1_000 });
  for (let seq = 1; seq <= 200; seq++) {
    log.push(seq, "ж".repeat(50));
    log.after(seq - 1, 0);
  }
  assertEquals([log.size, log.head], [9, 200]);
  log.push(201, "ж".repeat(50));
  assertEquals(log.after(199, 1_000).text, `${"ж".repeat(50)},${"ж".repeat(50)}`);
});

pure("Log.fresh counts what has come in parts of what the log keeps, however it is read", () => {
  const log = new Log("epoch", { logEntries: 100, logBytes: 1_000 });
  for (let seq = 1; seq <= 10; seq++) push(log, seq, 1);
  assertEquals(log.fresh.toFixed(3), "0.100");
  log.fresh = 0;
  log.push(11, "ж".repeat(100));
  assertEquals(log.fresh.toFixed(3), "0.100");
  log.after(10, 0);
  assertEquals(log.fresh.toFixed(3), "0.200");
});

pure("Log.skipTo() goes on behind what is lost, and reaches nothing before it", () => {
  for (const read of [true, false]) {
    const log = new Log("e", { logEntries: 10, logBytes: 1_000 });
    for (const seq of [1, 2, 3]) log.push(seq, "x");
    if (read) log.after(0, 100);
    log.skipTo(7);
    assertEquals([log.size, log.head, log.tail], [0, 7, 7]);
    assertEquals([3, 6, 7, 8].map((cursor) => log.reaches(cursor)), [false, false, true, false]);
    log.push(9, "y");
    assertEquals([log.size, log.head, log.tail, log.at(0).text], [1, 9, 7, "y"]);
    assertEquals(log.after(7, 100), { text: "y", upTo: 9, count: 1, bytes: 1 });
    for (const seq of [8, NaN, Infinity]) {
      assertThrows(() => log.skipTo(seq), RangeError, `Cannot skip to seq ${seq}: the log is at 9`);
    }
    assertEquals([log.size, log.head], [1, 9]);
  }
});

pure("Log.dropUpTo() drops the oldest entries, and Log.countAfter() counts the newest", () => {
  const log = filled([10, 20, 30, 40], WIDE);
  assertEquals([0, 10, 15, 30, 40].map((cursor) => log.countAfter(cursor)), [4, 3, 3, 1, 0]);
  log.dropUpTo(20);
  assertEquals([seqs(log), log.tail, log.reaches(19), log.reaches(20)], [
    [30, 40],
    20,
    false,
    true,
  ]);
  log.dropUpTo(99);
  assertEquals([log.size, log.tail, log.head], [0, 40, 40]);
});
