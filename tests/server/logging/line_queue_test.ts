import { assert, assertEquals } from "@std/assert";
import { LineQueue, type LineSink } from "../../../src/server/logging/line_queue.ts";
import { pure } from "../../support/pure.ts";

/** A sink that takes `most` bytes at a time, while it takes any. */
class Sink implements LineSink {
  /** The text that it has taken. */
  text = "";
  /** The sizes of what it was given. */
  readonly sizes: number[] = [];
  broken = false;
  readonly #decoder = new TextDecoder();
  #stopped: PromiseWithResolvers<void> | undefined;
  readonly #most: number;

  constructor(most = Infinity) {
    this.#most = most;
  }

  /** Takes nothing until {@linkcode go}, like a pipe that nobody reads. */
  stop(): void {
    this.#stopped = Promise.withResolvers();
  }

  go(): void {
    this.#stopped?.resolve();
    this.#stopped = undefined;
  }

  async write(bytes: Uint8Array): Promise<number> {
    this.sizes.push(bytes.length);
    await this.#stopped?.promise;
    if (this.broken) throw new Deno.errors.BrokenPipe("Broken pipe");
    const taken = bytes.slice(0, this.#most);
    this.text += this.#decoder.decode(taken, { stream: true });
    return taken.length;
  }
}

const tellDropped = (lines: number) => `${lines} dropped`;

pure("LineQueue writes all lines in their order, those of one turn at once", async () => {
  const sink = new Sink();
  const queue = new LineQueue(sink, tellDropped);
  queue.push("one");
  queue.push("two");
  await queue.flushed();
  queue.push("three");
  await queue.flushed();
  assertEquals([sink.text, sink.sizes], ["one\ntwo\nthree\n", [8, 6]]);
});

pure("LineQueue goes on where a sink took only a part", async () => {
  const sink = new Sink(3);
  const queue = new LineQueue(sink, tellDropped);
  for (const line of ["", "héllo", "x".repeat(10)]) queue.push(line);
  await queue.flushed();
  assertEquals(sink.text, "\nhéllo\nxxxxxxxxxx\n");
});

pure("LineQueue hands over whole lines that fit into a pipe together", async () => {
  const sink = new Sink();
  const queue = new LineQueue(sink, tellDropped);
  const lines = Array.from({ length: 500 }, (_, i) => `${i}`.repeat(1 + i % 50));
  for (const line of [...lines, "x".repeat(10_000)]) queue.push(line);
  await queue.flushed();
  assertEquals(sink.text, `${lines.join("\n")}\n${"x".repeat(10_000)}\n`);
  assert(sink.sizes.slice(0, -1).every((size) => size <= 4_096), `${sink.sizes}`);
  assertEquals(sink.sizes.at(-1), 10_001);
});

pure("LineQueue drops what does not fit, and says how many where they are missing", async () => {
  const sink = new Sink();
  const queue = new LineQueue(sink, tellDropped);
  sink.stop();
  queue.push("first");
  await Promise.resolve();
  const line = "x".repeat(1_023);
  for (let i = 0; i < 300; i++) queue.push(`${line}${i % 10}`);
  queue.push("it fits, but others before it are missing");
  sink.go();
  await queue.flushed();
  queue.push("after");
  await queue.flushed();
  const lines = sink.text.split("\n");
  // 256 Ki characters wait at the most.
  assertEquals([lines.length, lines[0], lines.at(-4)], [1 + 256 + 3, "first", `${line}5`]);
  assertEquals(lines.slice(-3), ["45 dropped", "after", ""]);
});

pure(
  "LineQueue counts what a sink refuses, and tells of it when it takes lines again",
  async () => {
    const sink = new Sink();
    const queue = new LineQueue(sink, tellDropped);
    sink.broken = true;
    for (let i = 0; i < 3; i++) {
      queue.push(`${i}`);
      await queue.flushed();
    }
    assertEquals(sink.text, "");
    sink.broken = false;
    queue.push("3");
    await queue.flushed();
    queue.push("4");
    await queue.flushed();
    assertEquals(sink.text, "4 dropped\n4\n");
  },
);
