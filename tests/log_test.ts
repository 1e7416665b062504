import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import fc from "fast-check";
import { Log, LogEntry, type LogLimits } from "../src/log.ts";
import { pure } from "./pure.ts";

const WIDE = { logEntries: 1_000, logChars: 1_000_000 };

function filled(seqs: number[], limits: LogLimits = WIDE): Log {
  const log = new Log("epoch", limits);
  for (const seq of seqs) log.push(entry(seq));
  return log;
}

function entry(seq: number, chars = 10): LogEntry {
  return new LogEntry(seq, "ana", "x".repeat(chars));
}

function seqs(log: Log): number[] {
  return Array.from({ length: log.size }, (_, i) => log.at(i).seq);
}

pure("a new log is at 0 and misses nothing", () => {
  const log = filled([]);
  assertEquals([log.head, log.tail, log.size, log.cursorBefore(5)], [0, 0, 0, 0]);
  assertEquals([log.reaches(0), log.reaches(1)], [true, false]);
});

pure("a log that continues an older one reaches back to its start and no further", () => {
  const log = new Log("epoch", WIDE, 40);
  assertEquals([log.head, log.tail, log.reaches(40), log.reaches(39)], [40, 40, true, false]);
  assertThrows(() => log.push(entry(40)), RangeError, "Cannot push seq 40: the log is at 40");
  log.push(entry(41));
  assertEquals(seqs(log), [41]);
});

pure("Log.expire() drops what is too old, the newest entry too, and goes on counting", () => {
  const log = new Log("epoch", WIDE);
  const add = (seq: number, at: number) =>
    log.push(new LogEntry(seq, "ana", `{"seq":${seq},"at":${at},"body":"\"at\":1"}`));
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
  const log = filled([1, 2, 3, 4, 5], { logEntries: 3, logChars: 1_000 });
  assertEquals([seqs(log), log.tail, log.head], [[3, 4, 5], 2, 5]);
});

pure("Log.push() drops as many as it takes to keep the characters within their limit", () => {
  const log = filled([1, 2, 3], { logEntries: 100, logChars: 30 });
  log.push(entry(4, 25));
  assertEquals([seqs(log), log.tail], [[4], 3]);
});

pure("Log.push() always keeps the newest entry, however long it is", () => {
  const log = filled([1, 2], { logEntries: 100, logChars: 30 });
  log.push(entry(3, 500));
  assertEquals(seqs(log), [3]);
  log.push(entry(4));
  assertEquals(seqs(log), [4]);
});

pure("Log.push() refuses a seq that does not grow, and stays as it was", () => {
  const log = filled([1, 5]);
  for (const seq of [5, 4, 1, 0]) assertThrows(() => log.push(entry(seq)), RangeError);
  assertEquals(seqs(log), [1, 5]);
});

pure("Log.at() reads only what is kept", () => {
  const log = filled([1, 2, 3]);
  for (const index of [-1, 3, 100]) {
    assertThrows(() => log.at(index), RangeError, `Cannot read entry ${index}`);
  }
});

pure("Log.cursorBefore() brings exactly as many entries as were asked for, holes or not", () => {
  const log = filled([2, 5, 9], { logEntries: 3, logChars: 1_000 });
  assertEquals([0, 1, 2, 3, 4].map((count) => log.cursorBefore(count)), [9, 5, 2, 0, 0]);
  log.push(entry(20));
  assertEquals([0, 1, 2, 3, 4].map((count) => log.cursorBefore(count)), [20, 9, 5, 2, 2]);
});

pure("a log does what an array would, whatever is pushed and whatever its limits are", () => {
  const limits = fc.record({
    logEntries: fc.integer({ min: 1, max: 40 }),
    logChars: fc.integer({ min: 1, max: 400 }),
  });
  const steps = fc.array(
    fc.record({ skip: fc.integer({ min: 1, max: 3 }), chars: fc.integer({ min: 1, max: 60 }) }),
    { maxLength: 120 },
  );
  fc.assert(fc.property(limits, steps, fc.nat({ max: 5 }), (limit, pushes, start) => {
    const log = new Log("epoch", limit, start);
    let kept: LogEntry[] = [];
    let head = start;
    let tail = start;
    for (const { skip, chars } of pushes) {
      head += skip;
      const next = entry(head, chars);
      log.push(next);
      kept = [...kept, next];
      const tooMany = () =>
        kept.length > limit.logEntries ||
        kept.length > 1 && kept.reduce((sum, { text }) => sum + text.length, 0) > limit.logChars;
      while (tooMany()) {
        tail = kept[0]!.seq;
        kept = kept.slice(1);
      }
    }
    assertEquals([log.head, log.tail, log.size], [head, tail, kept.length]);
    kept.forEach((expected, i) => assertStrictEquals(log.at(i), expected));
    for (let cursor = tail; cursor <= head + 1; cursor++) {
      assertEquals(log.reaches(cursor), cursor <= head);
      assertEquals(log.indexAfter(cursor), kept.filter(({ seq }) => seq <= cursor).length);
    }
    assertEquals(log.reaches(tail - 1), false);
    for (let count = 0; count <= kept.length + 1; count++) {
      const cursor = log.cursorBefore(count);
      assertEquals(log.reaches(cursor), true);
      assertEquals(log.size - log.indexAfter(cursor), Math.min(count, kept.length));
    }
  }));
});

pure("Log.skipTo() goes on behind what is lost, and reaches nothing before it", () => {
  const log = new Log("e", { logEntries: 10, logChars: 1_000 });
  for (const seq of [1, 2, 3]) log.push(new LogEntry(seq, "ana", "x"));
  log.skipTo(7);
  assertEquals([log.size, log.head, log.tail], [0, 7, 7]);
  assertEquals([3, 6, 7, 8].map((cursor) => log.reaches(cursor)), [false, false, true, false]);
  log.push(new LogEntry(9, "ana", "y"));
  assertEquals([log.size, log.head, log.tail, log.at(0).text], [1, 9, 7, "y"]);
});

pure("LogEntry.plain is made once, also where plain clients see nothing", () => {
  const message = new LogEntry(1, "ana", `{"seq":1,"at":5,"from":"ana","n":1,"body":"hi"}`);
  assertEquals(message.plain, `{"from":"ana","body":"hi"}`);
  const presence = new LogEntry(2, "ana", `{"seq":2,"at":5,"event":"join","from":"ana"}`);
  const parse = JSON.parse;
  let parses = 0;
  JSON.parse = (text: string) => {
    parses++;
    return parse(text);
  };
  try {
    for (let i = 0; i < 3; i++) assertEquals(presence.plain, null);
    for (let i = 0; i < 3; i++) assertEquals(message.plain, `{"from":"ana","body":"hi"}`);
  } finally {
    JSON.parse = parse;
  }
  assertEquals(parses, 1);
});
