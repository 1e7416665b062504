import { assert } from "@std/assert";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { Log } from "../../src/core/log/log.ts";
import { MemoryBound } from "../../src/core/limits/memory_bound.ts";
import { encodeEntry } from "../../src/protocol/encode.ts";

setFlagsFromString("--expose-gc");
const collect: () => void = runInNewContext("gc");

/** The most that may be taken, as a part of what is counted: a note may be left out for less. */
const MOST = 1.1;

/** Bytes in use, once all garbage is gone. */
function used(): number {
  collect();
  collect();
  const { heapUsed, external } = Deno.memoryUsage();
  return heapUsed + external;
}

/** A way of filling logs. */
interface Filling {
  readonly logs: number;
  readonly entries: number;
  readonly body: string;
  /** After how many entries they are read: each, or as many as come in a frame. */
  readonly readEvery: number;
  readonly most?: number;
}

function fill(memory: MemoryBound, { logs, entries, body, readEvery }: Filling): Log[] {
  return Array.from({ length: logs }, (_, i) => {
    const log = new Log(`epoch ${i}`, { logEntries: 1_000, logBytes: 4_194_304 });
    log.countIn(memory);
    for (let seq = 1; seq <= entries; seq++) {
      const draft = { at: 1_764_479_435_000 + seq, from: "nobodyatall", n: seq, body };
      log.push(seq, encodeEntry(seq, { ...draft, name: undefined, ref: undefined }));
      if (seq % readEvery === 0) log.after(seq - 1, 1);
    }
    return log;
  });
}

const FILLINGS: Record<string, Filling> = {
  "nothing": { logs: 4_000, entries: 0, body: "", readEvery: 1 },
  "one message": { logs: 4_000, entries: 1, body: "", readEvery: 1 },
  "twenty messages": { logs: 4_000, entries: 20, body: "x".repeat(40), readEvery: 1 },
  "empty messages that nobody has read": {
    logs: 500,
    entries: 512,
    body: "",
    readEvery: Infinity,
  },
  "empty messages in frames of 256": { logs: 500, entries: 512, body: "", readEvery: 256 },
  "messages of one unit of three bytes": {
    logs: 500,
    entries: 512,
    body: "€",
    readEvery: Infinity,
  },
  "messages of 3,000 units": { logs: 20, entries: 500, body: "€".repeat(3_000), readEvery: 1 },
  "messages of 3,000 units that nobody has read": {
    logs: 500,
    entries: 20,
    body: "€".repeat(3_000),
    readEvery: Infinity,
  },
  "more than there is room for": {
    logs: 1_000,
    entries: 512,
    body: "",
    readEvery: Infinity,
    most: 8_388_608,
  },
};

for (const [what, filling] of Object.entries(FILLINGS)) {
  Deno.test(`logs with ${what} take no more than is counted`, () => {
    // What the engine makes once, like its code, is not theirs.
    fill(new MemoryBound(Infinity), { ...filling, logs: 10 });
    const memory = new MemoryBound(filling.most ?? Infinity);
    const before = used();
    const logs = fill(memory, filling);
    const taken = used() - before;
    assert(logs.length === filling.logs);
    const each = `${Math.round(taken / filling.logs)} of ${
      Math.round(memory.bytes / filling.logs)
    }`;
    assert(taken <= MOST * memory.bytes, `${each} bytes a log`);
  });
}
