import { assertEquals, assertThrows } from "@std/assert";
import { LogReaders } from "../../src/server/log_readers.ts";
import { ChatError } from "../../src/protocol/errors.ts";
import { bounded } from "../support/waiting.ts";

Deno.test("a reader is woken by its room, and by nothing else", async () => {
  const readers = new LogReaders(2);
  const leave = readers.enter();
  const woken: string[] = [];
  const gone = new AbortController();
  const waits = ["a", "b"].map((id) => readers.wait(id, gone.signal).then(() => woken.push(id)));
  readers.grown("b");
  await waits[1];
  assertEquals(woken, ["b"]);
  gone.abort();
  await waits[0];
  assertEquals(woken, ["b", "a"]);
  // One that has gone before it waits does not.
  await readers.wait("a", gone.signal);
  leave();
});

Deno.test("a reader looks by itself once in a while", async () => {
  const readers = new LogReaders(1);
  const leave = readers.enter();
  await bounded(readers.wait("a"), () => "nobody wakes it");
  leave();
});

Deno.test("there are no more readers than there are places", () => {
  const readers = new LogReaders(2);
  const [first, second] = [readers.enter(), readers.enter()];
  const error = assertThrows(() => readers.enter(), ChatError);
  assertEquals([error.code, error.retryAfterMs], ["unavailable", 5_000]);
  first();
  first();
  assertEquals(readers.count, 1);
  const third = readers.enter();
  second();
  third();
  assertEquals(readers.count, 0);
});
