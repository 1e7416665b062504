import { assert, assertNotStrictEquals, assertStrictEquals } from "@std/assert";
import { setImmediate } from "node:timers";
import { Clock } from "../../../src/server/connections/clock.ts";

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

Deno.test("Clock stands still while the process does, and counts on from there", async () => {
  let monotonic = 5_000;
  const clock = new Clock(() => monotonic);
  async function after(ms: number): Promise<number> {
    monotonic += ms;
    const { now } = clock.read();
    await new Promise((resolve) => setImmediate(resolve));
    return now;
  }
  const start = await after(0);
  // As often as the engine looks, and as late as a busy process may be.
  assertStrictEquals(await after(500) - start, 500);
  assertStrictEquals(await after(1_000) - start, 1_500);
  // Ctrl-Z, and an hour later fg.
  assertStrictEquals(await after(3_600_000) - start, 2_000);
  assertStrictEquals(await after(500) - start, 2_500);
});
