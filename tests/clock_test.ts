import { assert, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { Clock } from "../src/clock.ts";

Deno.test("Clock.read() is the same moment within a turn of the event loop, and a later one in the next", async () => {
  const clock = new Clock();
  const before = performance.now();
  const first = clock.read();
  await Promise.resolve();
  assertStrictEquals(clock.read(), first);
  assert(first.now >= before && first.now <= performance.now());
  assert(Math.abs(first.at - Date.now()) < 1_000);
  await new Promise((resolve) => setImmediate(resolve));
  const second = clock.read();
  assertNotStrictEquals(second, first);
  assert(second.now >= first.now);
  await new Promise((resolve) => setImmediate(resolve));
});
