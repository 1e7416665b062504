import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import { Log } from "../../../src/core/log/log.ts";
import {
  Continuity,
  type LogPosition,
  parsePosition,
  type PositionedEntry,
  textOfPosition,
} from "../../../src/store/cluster/continuity.ts";
import { SEED } from "../../chaos/setting.ts";
import { pure } from "../../support/pure.ts";

const LIMITS = { logEntries: 30, logBytes: 1e6 };

/** A log that is read from a stream, as one of several readers. */
class Reader {
  readonly log: Log;
  readonly continuity: Continuity;

  constructor(start: number) {
    this.log = new Log("e", LIMITS, start);
    this.continuity = new Continuity(this.log);
  }

  /** Reads all that is left. */
  read(stream: readonly PositionedEntry[]): void {
    const { head } = this.log;
    const left = stream.filter(({ seq }) => seq >= head).slice(-LIMITS.logEntries);
    const [first] = left;
    if (first === undefined) return;
    const from = first.seq === head ? head : this.continuity.completeFrom(left);
    if (from > head) this.continuity.skipTo(from);
    for (const entry of left) {
      if (entry.seq <= this.log.head) continue;
      this.continuity.beforePush(entry);
      this.log.push(entry.seq, `{"seq":${entry.seq}}`);
      this.continuity.afterPush(entry);
    }
  }

  /** The entries that the log has. */
  get seqs(): number[] {
    return Array.from({ length: this.log.size }, (_, i) => this.log.at(i).seq);
  }
}

pure("a position survives being written", () => {
  const position: LogPosition = { base: 5, count: 2, head: 2 ** 50 };
  assertEquals(parsePosition(textOfPosition(position)), position);
  for (const text of ["", "1", "1.2", "a.b.c", "1.2.x", "1.5.2.5"]) {
    assertEquals(parsePosition(text) === undefined || text === "1.5.2.5", true, text);
  }
});

const step = fc.oneof(
  // Readers publish at once, each knowing what it has read so far.
  fc.record({ type: fc.constant("say" as const), by: fc.array(fc.nat(2), { maxLength: 4 }) }),
  fc.record({ type: fc.constant("read" as const), by: fc.nat(2) }),
  fc.record({ type: fc.constant("drop" as const), count: fc.nat(40) }),
  fc.record({ type: fc.constant("reopen" as const), by: fc.nat(2) }),
);

pure(
  "whatever the oldest entries are dropped by, nobody takes a log for complete that is not",
  () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), fc.nat(1_000), (steps, start) => {
        const said: number[] = [];
        let stream: PositionedEntry[] = [];
        let seq = start;
        const readers = [0, 1, 2].map(() => new Reader(start));
        for (const step of steps) {
          switch (step.type) {
            case "say":
              for (const by of step.by) {
                // Other rooms have entries in between.
                seq += 1 + seq % 3;
                stream.push({ seq, position: readers[by]!.continuity.position });
                said.push(seq);
              }
              break;
            case "drop":
              stream = stream.slice(step.count);
              break;
            case "reopen":
              readers[step.by] = new Reader(start);
              readers[step.by]!.read(stream);
              break;
            case "read":
              readers[step.by]!.read(stream);
          }
          for (const { log, seqs } of readers) {
            // All that was said behind the oldest cursor that it answers for is there.
            if (log.head === start) continue;
            const behind = said.filter((seq) => seq > log.tail && seq <= log.head);
            assertEquals(seqs, behind);
          }
        }
      }),
      { seed: SEED, numRuns: 2_000 },
    );
  },
);

pure(
  "an entry that is removed in the middle is missed by whoever reads what was said after it",
  () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 3, max: 25 }),
        fc.nat(100),
        fc.nat(24),
        fc.nat(24),
        (count, start, removed, known) => {
          const stream: PositionedEntry[] = [];
          const author = new Reader(start);
          const reader = new Reader(start);
          const gone = removed % (count - 2);
          for (let i = 0; i < count; i++) {
            stream.push({ seq: start + 3 * (i + 1), position: author.continuity.position });
            author.read(stream);
            if (i === known) reader.read(stream);
          }
          const { tail } = reader.log;
          const knew = reader.log.head >= stream[gone]!.seq;
          const { seq } = stream.splice(gone, 1)[0]!;
          reader.read(stream);
          if (known < count) {
            assertEquals([reader.log.tail, reader.log.head], [knew ? tail : seq, author.log.head]);
          }
          const newcomer = new Reader(start);
          newcomer.read(stream);
          assert(newcomer.log.tail >= seq, `${newcomer.log.tail} of ${seq}`);
        },
      ),
      { seed: SEED, numRuns: 1_000 },
    );
  },
);

pure(
  "readers that begin at different entries count from the oldest one that any of them knows",
  () => {
    const stream: PositionedEntry[] = [];
    const author = new Reader(0);
    for (let seq = 1; seq <= 5; seq++) {
      stream.push({ seq, position: author.continuity.position });
      author.read(stream);
    }
    const newcomer = new Reader(0);
    newcomer.read(stream.slice(3));
    assertEquals([newcomer.log.tail, newcomer.continuity.position], [
      3,
      { base: 0, count: 5, head: 5 },
    ]);
  },
);

pure("entries that say nothing of their position are taken as they come", () => {
  const reader = new Reader(0);
  reader.read([{ seq: 4, position: undefined }, { seq: 7, position: undefined }]);
  assertEquals([reader.log.tail, reader.seqs], [3, [4, 7]]);
});
