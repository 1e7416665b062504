import { assertEquals, assertRejects } from "@std/assert";
import { EventBuffer } from "../../src/client/event_buffer.ts";

const pure = { permissions: "none" } as const;

/** A buffer of numbers that keeps `limit` of them and as many again, each its own mark; a reader that missed some is told how many, below zero. */
function numbers(limit: number): EventBuffer<number> {
  return new EventBuffer({ events: limit }, (from, to) => from - to);
}

function fill(buffer: EventBuffer<number>, from: number, to: number): void {
  for (let i = from; i <= to; i++) buffer.push(i, i);
}

async function take<T>(reader: AsyncGenerator<T>, count: number): Promise<T[]> {
  const taken: T[] = [];
  while (taken.length < count) {
    const { value, done } = await reader.next();
    if (done) break;
    taken.push(value);
  }
  return taken;
}

Deno.test(
  "a reader gets what was there and what comes, and ends with the buffer",
  pure,
  async () => {
    const buffer = numbers(10);
    fill(buffer, 1, 2);
    const all = Array.fromAsync(buffer.read());
    fill(buffer, 3, 4);
    buffer.end();
    assertEquals(await all, [1, 2, 3, 4]);
  },
);

Deno.test("a reader that waits is woken by the next event", pure, async () => {
  const buffer = numbers(10);
  const reader = buffer.read();
  const first = reader.next();
  await Promise.resolve();
  buffer.push(1, 1);
  assertEquals(await first, { value: 1, done: false });
  const end = reader.next();
  buffer.end();
  assertEquals((await end).done, true);
});

Deno.test("two readers that read side by side both get everything", pure, async () => {
  const buffer = numbers(10);
  const both = [buffer.read(), buffer.read()].map((reader) => take(reader, 3));
  fill(buffer, 1, 3);
  assertEquals(await Promise.all(both), [[1, 2, 3], [1, 2, 3]]);
});

Deno.test("a reader begins where it says, whatever others have read", pure, async () => {
  const buffer = numbers(10);
  fill(buffer, 1, 3);
  await take(buffer.read(), 2);
  const readers = (["start", "unread", "now"] as const).map((from) => buffer.read({ from }));
  fill(buffer, 4, 5);
  buffer.end();
  assertEquals(await Promise.all(readers.map((reader) => Array.fromAsync(reader))), [
    [1, 2, 3, 4, 5],
    [3, 4, 5],
    [4, 5],
  ]);
});

Deno.test(
  "a reader from the start misses nothing of what was dropped before it",
  pure,
  async () => {
    const buffer = numbers(2);
    fill(buffer, 1, 4);
    buffer.end();
    assertEquals(await Array.fromAsync(buffer.read({ from: "start" })), [3, 4]);
  },
);

Deno.test("a reader from now on that was too slow is told what it missed since", pure, async () => {
  const buffer = numbers(2);
  fill(buffer, 1, 2);
  const reader = buffer.read({ from: "now" });
  fill(buffer, 3, 8);
  buffer.end();
  assertEquals(await Array.fromAsync(reader), [2 - 6, 7, 8]);
});

Deno.test("two readers made at once both get everything, one after the other", pure, async () => {
  const buffer = numbers(10);
  const [one, two] = [buffer.read(), buffer.read()];
  fill(buffer, 1, 3);
  assertEquals(await take(one, 3), [1, 2, 3]);
  assertEquals(await take(two, 3), [1, 2, 3]);
});

Deno.test("a reader goes on where the furthest reader before it stopped", pure, async () => {
  const buffer = numbers(10);
  fill(buffer, 1, 5);
  for await (const n of buffer.read()) if (n === 2) break;
  assertEquals(await take(buffer.read(), 2), [3, 4]);
  assertEquals(await take(buffer.read(), 1), [5]);
});

Deno.test("a buffer that has ended takes nothing more", pure, async () => {
  const buffer = numbers(10);
  buffer.push(1, 1);
  buffer.end();
  buffer.push(2, 2);
  assertEquals(await Array.fromAsync(buffer.read()), [1]);
  assertEquals(await Array.fromAsync(buffer.read()), []);
});

Deno.test("a signal ends a reader that waits, with the signal's reason", pure, async () => {
  const controller = new AbortController();
  const reader = numbers(10).read({ signal: controller.signal });
  const next = reader.next();
  controller.abort(new Error("No longer read"));
  await assertRejects(() => next, Error, "No longer read");
  assertEquals((await reader.next()).done, true);
});

Deno.test("a signal that was aborted before ends a reader at once", pure, async () => {
  const buffer = numbers(10);
  buffer.push(1, 1);
  const reader = buffer.read({ signal: AbortSignal.abort(new Error("Too late")) });
  await assertRejects(() => reader.next(), Error, "Too late");
});

Deno.test("a signal just ends a reader that is to be quiet", pure, async () => {
  const controller = new AbortController();
  const reader = numbers(10).read({ signal: controller.signal }, true);
  const next = reader.next();
  controller.abort(new Error("No longer read"));
  assertEquals((await next).done, true);
});

Deno.test("a reader that is too slow is told once what it missed, and goes on", pure, async () => {
  const buffer = numbers(4);
  const reader = buffer.read();
  buffer.push(1, 1);
  assertEquals(await take(reader, 1), [1]);
  fill(buffer, 2, 100);
  buffer.end();
  assertEquals(await Array.fromAsync(reader), [-95, 97, 98, 99, 100]);
});

Deno.test("a reader that is too slow twice is told of everything it missed", pure, async () => {
  const buffer = numbers(4);
  const reader = buffer.read();
  fill(buffer, 1, 1);
  await take(reader, 1);
  fill(buffer, 2, 20);
  // 17 is what it would get next, and it never does.
  assertEquals(await take(reader, 1), [-15]);
  fill(buffer, 21, 40);
  assertEquals(await take(reader, 2), [-20, 37]);
});

Deno.test("what an earlier reader has had counts as had", pure, async () => {
  const buffer = numbers(4);
  fill(buffer, 1, 3);
  assertEquals(await take(buffer.read(), 2), [1, 2]);
  fill(buffer, 4, 20);
  assertEquals(await take(buffer.read(), 2), [-14, 17]);
});

Deno.test("where there is nothing to tell, a slow reader just goes on", pure, async () => {
  const buffer = new EventBuffer<number>({ events: 4 }, () => undefined);
  fill(buffer, 1, 100);
  buffer.end();
  assertEquals(await Array.fromAsync(buffer.read()), [97, 98, 99, 100]);
});

Deno.test("a buffer that nobody reads gives the newest events only", pure, async () => {
  const buffer = new EventBuffer<number>({ events: 100 }, () => undefined);
  fill(buffer, 1, 1_050);
  buffer.end();
  const read = await Array.fromAsync(buffer.read());
  assertEquals([read.length, read[0], read.at(-1)], [150, 901, 1_050]);
});

Deno.test("large events are kept by their size, and what was dropped is told", pure, async () => {
  const buffer = new EventBuffer<number>({ events: 100, size: 10 }, (from, to) => from - to);
  for (let i = 1; i <= 9; i++) buffer.push(i, i, 3);
  buffer.push(10, 10, 1_000);
  for (let i = 11; i <= 13; i++) buffer.push(i, i, 1);
  buffer.end();
  // The one that is too large for all that is kept is not kept either.
  assertEquals(await Array.fromAsync(buffer.read()), [-10, 11, 12, 13]);
});

Deno.test("a reader in the middle of what is dropped is told of the rest", pure, async () => {
  const buffer = new EventBuffer<number>({ events: 100, size: 10 }, (from, to) => from - to);
  const reader = buffer.read();
  buffer.push(1, 1, 6);
  buffer.push(2, 2, 6);
  assertEquals(await take(reader, 1), [1]);
  buffer.push(3, 3, 4);
  buffer.push(4, 4, 6);
  buffer.end();
  assertEquals(await Array.fromAsync(reader), [-1, 3, 4]);
});
