import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Log } from "../../../src/core/log/log.ts";
import { MemoryBound } from "../../../src/core/limits/memory_bound.ts";
import { pure } from "../../support/pure.ts";

const MB = 1_048_576;
const LIMITS = { logEntries: 1_000, logBytes: 4 * MB };

function logIn(memory: MemoryBound): Log {
  const log = new Log("epoch", LIMITS);
  log.countIn(memory);
  return log;
}

function fill(log: Log, entries: number, chars: number): void {
  for (let i = 0; i < entries; i++) log.push(log.head + 1, "x".repeat(chars));
}

/** All that is kept, one entry after the other. */
function texts(log: Log): string[] {
  return Array.from({ length: log.size }, (_, i) => log.at(i).text);
}

pure("logs that are full together take no more than they may, and small ones lose nothing", () => {
  const memory = new MemoryBound(4 * MB);
  const quiet = logIn(memory);
  fill(quiet, 20, 100);
  const hoard = Array.from({ length: 50 }, () => logIn(memory));
  for (let round = 0; round < 3; round++) for (const log of hoard) fill(log, 20, 10_000);
  assert(memory.bytes <= 4 * MB, `${memory.bytes}`);
  assertEquals([quiet.size, quiet.tail, quiet.hasShrunk], [20, 0, false]);
  const sizes = hoard.map(({ size }) => size);
  assert(Math.max(...sizes) <= 5 * Math.min(...sizes), `${sizes}`);
  assert(hoard.some(({ hasShrunk }) => hasShrunk));
});

pure("a log that takes less than an equal share loses nothing, however the others grow", () => {
  const memory = new MemoryBound(MB);
  const quiet = logIn(memory);
  fill(quiet, 12, 300);
  for (let others = 0; others < 100; others++) {
    const log = logIn(memory);
    fill(log, 257, 100 + others % 40);
    // Whoever reads it makes it take less than was noted.
    log.after(0, MB);
    fill(log, 1, 160);
    assertEquals([quiet.size, quiet.tail], [12, 0], `beside ${others + 1}`);
    assert(memory.bytes <= MB, `${memory.bytes}`);
  }
});

pure("logs that are small enough lose nothing, even where they take too much together", () => {
  const memory = new MemoryBound(100_000, 4_096);
  const logs = Array.from({ length: 200 }, () => logIn(memory));
  for (const log of logs) fill(log, 5, 250);
  assert(logs.every(({ size }) => size === 5));
  fill(logs[0]!, 300, 100);
  assert(logs[0]!.tail > 0 && logs.slice(1).every(({ tail }) => tail === 0));
});

pure(
  "the largest shrinks first, to a fifth, and nobody below an equal share for those that cannot",
  () => {
    const memory = new MemoryBound(1_000);
    const shrunk: number[] = [];
    for (const bytes of [130, 250, 210, 160]) {
      const one = { shrink: () => memory.note(one, shrunk.push(bytes)) };
      memory.note(one, bytes);
    }
    memory.note({ shrink: () => {} }, 700);
    assertEquals(shrunk, [250, 210]);
  },
);

pure("a log that alone takes more than all may keeps its newest entries, and one at least", () => {
  const memory = new MemoryBound(100_000);
  const log = logIn(memory);
  fill(log, 100, 10_000);
  assert(log.size >= 1 && memory.bytes <= 100_000, `${log.size} ${memory.bytes}`);
  assertEquals(log.at(log.size - 1).seq, 100);
  fill(log, 1, 300_000);
  assertEquals([log.size, log.head], [1, 101]);
  fill(log, 1, 10);
  assertEquals(log.at(log.size - 1).seq, 102);
});

pure("a log counts nowhere any more once it is let go of", () => {
  const memory = new MemoryBound(MB);
  const log = logIn(memory);
  fill(log, 20, 10_000);
  assert(memory.bytes > 200_000, `${memory.bytes}`);
  log.countIn(undefined);
  assertEquals(memory.bytes, 0);
  fill(log, 20, 10_000);
  assertEquals([memory.bytes, log.size], [0, 40]);
});

pure(
  "what a log has shrunk to is the newest part of what it had, whatever came in what order",
  () => {
    const push = fc.record({
      log: fc.nat({ max: 4 }),
      chars: fc.nat({ max: 9_000 }),
      reads: fc.boolean(),
    });
    fc.assert(fc.property(fc.array(push, { maxLength: 150 }), (pushes) => {
      const memory = new MemoryBound(60_000);
      const logs = Array.from({ length: 5 }, () => logIn(memory));
      const said = logs.map((): string[] => []);
      for (const [i, { log: which, chars, reads }] of pushes.entries()) {
        const log = logs[which]!;
        const text = `${i}${"é".repeat(chars % 7)}${"x".repeat(chars)}`;
        said[which]!.push(text);
        log.push(log.head + 1, text);
        if (reads) log.after(log.head - 1, 1_000);
      }
      for (const [which, log] of logs.entries()) {
        assertEquals(texts(log), said[which]!.slice(said[which]!.length - log.size));
        assertEquals(log.tail, log.head - log.size);
        assert(said[which]!.length === 0 || log.size > 0);
      }
    }));
  },
);

pure("Log.wouldKeep says how many entries of their size the log may have by itself", () => {
  const log = new Log("epoch", { logEntries: 100, logBytes: 10_000 });
  assertEquals(log.wouldKeep, 100);
  fill(log, 4, 49);
  assertEquals(log.wouldKeep, 100);
  fill(log, 30, 999);
  assertEquals(log.wouldKeep, 10);
});
